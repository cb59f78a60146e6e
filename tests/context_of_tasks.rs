//! Claim: what is bound to a task goes with it: over `.await`, from thread to thread, into what it
//! awaits and spawns, in `join!`, under cancellation, and nowhere else.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, Waker};

use logring::context::{self, Context, WithContext};
use logring::testing::{capture, logged};
use logring::{info, kv};

/// Polls once.
fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut std::task::Context::from_waker(Waker::noop()))
}

fn here() -> String {
    context::get().to_string()
}

async fn yields(times: usize) {
    for _ in 0..times {
        futures_lite::future::yield_now().await;
    }
}

#[test]
fn in_at_each_poll_and_out_after() {
    let mut seen = Vec::new();
    let mut task = Box::pin(
        async {
            seen.push(here());
            context::bind(kv! { b = 2 });
            let _scope = context::bound(kv! { c = 3 });
            yields(1).await;
            seen.push(here());
            drop(_scope);
            yields(1).await;
            seen.push(here());
        }
        .with_context(kv! { a = 1 }),
    );
    context::bind(kv! { thread = 1 });
    for _ in 0..2 {
        assert!(poll(task.as_mut()).is_pending());
        assert_eq!(here(), "thread=1");
    }
    context::bind(kv! { a = "thread", thread = 2 });
    assert!(poll(task.as_mut()).is_ready());
    assert_eq!(here(), "a=thread thread=2");
    drop(task);
    assert_eq!(seen, ["thread=1 a=1", "thread=1 a=1 b=2 c=3", "thread=2 a=1 b=2"]);
}

#[test]
fn a_task_begins_with_what_is_around_it() {
    let _scope = context::bound(kv! { scope = 1 });
    context::bind(kv! { thread = 1 });
    let inherits = async { here() }.with_context(kv! { a = 1 });
    let own = async { here() }.in_scope(Context::new().with(kv! { b = 2 }));
    let all = async { here() }.in_scope(Context::current());
    let nested = async {
        context::bind(kv! { bound = 3 });
        let inner = async { here() }.with_context(kv! { c = 3 });
        (inner.await, here())
    }
    .with_context(kv! { b = 2 });
    let there = std::thread::spawn(|| {
        futures_lite::future::block_on(async {
            (inherits.await, own.await, all.await, nested.await)
        })
    });
    let (inherits, own, all, nested) = there.join().unwrap();
    assert_eq!(inherits, "scope=1 a=1");
    assert_eq!(own, "b=2");
    assert_eq!(all, "thread=1 scope=1");
    assert_eq!(nested, ("scope=1 b=2 bound=3 c=3".into(), "scope=1 b=2 bound=3".into()));
}

#[test]
fn a_cancelled_task_ends_in_its_context() {
    struct Says;
    impl Drop for Says {
        fn drop(&mut self) {
            info!("cancelled");
        }
    }
    let logs = capture();
    let mut task = Box::pin(
        async {
            let _says = Says;
            std::future::pending::<()>().await;
        }
        .with_context(kv! { request = 7 }),
    );
    assert!(poll(task.as_mut()).is_pending());
    std::thread::spawn(move || drop(task)).join().unwrap();
    assert_eq!(here(), "");
    let events = logs.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["request"], 7);
}

#[test]
fn a_panic_in_a_poll_leaves_nothing_behind() {
    let mut task = Box::pin(
        async {
            let _scope = context::bound(kv! { b = 2 });
            std::panic::resume_unwind(Box::new(()));
        }
        .with_context(kv! { a = 1 }),
    );
    let poll = std::panic::AssertUnwindSafe(|| poll::<_>(task.as_mut()).is_ready());
    assert!(std::panic::catch_unwind(poll).is_err());
    assert_eq!(here(), "");
}

#[test]
fn what_is_left_over_at_a_suspension_ends_with_it() {
    // A guard that is forgotten goes with its task, an attached context with the poll.
    let mut task = Box::pin(
        async {
            std::mem::forget(context::bound(kv! { forgotten = 1 }));
            let attached = Context::new().with(kv! { attached = 1 }).attach();
            assert_eq!(here(), "attached=1");
            yields(1).await;
            let again = Context::new().with(kv! { again = 1 }).attach();
            drop(attached);
            let seen = here();
            drop(again);
            (seen, here())
        }
        .with_context(kv! { a = 1 }),
    );
    assert!(poll(task.as_mut()).is_pending());
    assert_eq!(here(), "");
    let Poll::Ready((seen, after)) = poll(task.as_mut()) else { panic!("it is ready") };
    assert_eq!((seen.as_str(), after.as_str()), ("again=1", "a=1 forgotten=1"));
}

async fn handle(request: u32) {
    info!("starting");
    context::bind(kv! { user = request * 10 });
    tokio::task::yield_now().await;
    let part = |part: u32| async move {
        info!("part", part);
        tokio::task::yield_now().await;
        info!("part", part);
    };
    tokio::join!(
        part(1).with_context(kv! { joined = 1 }),
        part(2).with_context(kv! { joined = 2 })
    );
    let spawned = tokio::spawn(part(3).with_context(kv! { spawned = true }));
    spawned.await.expect("it ends");
    info!("complete");
}

#[test]
fn requests_side_by_side_on_tokio() {
    let logs = capture();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    runtime.block_on(async {
        let all: Vec<_> = (0..50)
            .map(|request| tokio::spawn(handle(request).with_context(kv! { request })))
            .collect();
        for one in all {
            one.await.expect("it ends");
        }
    });
    let events = logs.events();
    assert_eq!(events.len(), 50 * 8);
    for event in &events {
        let request = &event["request"];
        let number: u32 = request.to_string().parse().unwrap();
        match event.event() {
            "starting" => assert_eq!(event.get("user"), None),
            _ => assert_eq!(event["user"], number * 10, "{:?}", event.all()),
        }
        let (joined, spawned) = (event.get("joined"), event.get("spawned"));
        match event.get("part").map(|part| part.to_string()).as_deref() {
            Some("3") => assert!(joined.is_none() && spawned.is_some(), "{:?}", event.all()),
            Some(part) => assert_eq!(joined.unwrap().to_string(), part),
            None => assert!(joined.is_none() && spawned.is_none()),
        }
    }
}

#[test]
fn requests_side_by_side_on_one_thread() {
    let executor = async_executor::LocalExecutor::new();
    let events = logged(|| {
        futures_lite::future::block_on(executor.run(async {
            let one = |request: u32| async move {
                // Not `Send`: it stays on its thread, and goes with its task all the same.
                let _scope = context::bound(kv! { scope = request });
                for turn in 0..3 {
                    info!("turn", turn);
                    yields(1).await;
                }
            };
            let tasks: Vec<_> =
                (0..10).map(|n| executor.spawn(one(n).with_context(kv! { request = n }))).collect();
            for task in tasks {
                task.await;
            }
        }));
    });
    assert_eq!(events.len(), 30);
    assert!(events.iter().all(|event| event["request"] == event["scope"]));
    // They did take turns.
    let first: Vec<_> = events[..10].iter().map(|event| event["request"].to_string()).collect();
    assert_eq!(first, (0..10).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_future_in_a_context_is_send_when_it_is() {
    fn is_send(_: &(impl Send + 'static)) {}
    let shared = Arc::new(1);
    is_send(&async move { *shared }.with_context(kv! { a = 1 }));
    is_send(&Context::current());
}
