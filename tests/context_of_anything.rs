//! Claim: whatever a program binds, unbinds, spawns, joins, races, cancels and hands on, under plain threads,
//! an executor that steals work and one that does not, each record has the context that a model of it
//! says.
//!
//! Random programs; the seed is printed, and `LOGRING_SEED` runs that one again.

mod common;

use std::collections::BTreeMap;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Waker;

use common::watch::watchdog;
use futures_lite::future::{block_on, or, yield_now, zip};
use logring::context::{self, Context, WithContext};
use logring::testing::capture;
use logring::{Pairs, info};

type Map = BTreeMap<String, u64>;
type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;

const PROGRAMS: u64 = 60;

/// A step of a program.
#[derive(Debug)]
enum Step {
    Log(u64),
    /// By a logger with this bound.
    LogBound(u64, String, u64),
    /// With a field of its own.
    LogOwn(u64, u64),
    Bind(String, u64),
    Unbind(String),
    Clear,
    Yield,
    /// Without a suspension inside.
    Scope(String, u64, Vec<Self>),
    /// The same, left by a panic.
    Panic(String, u64, Vec<Self>),
    /// What is bound and attached over the current context.
    Attach(String, u64, Vec<Self>),
    Call(String, u64, Arc<Vec<Self>>),
    Join(Arc<Vec<Self>>, Arc<Vec<Self>>),
    /// The one that ends first; the other is dropped where it stands.
    Race(Arc<Vec<Self>>, Arc<Vec<Self>>),
    Spawn(String, u64, Arc<Vec<Self>>, After),
    /// The whole context goes with it.
    SpawnCurrent(Arc<Vec<Self>>),
    Thread(Vec<Self>),
}

#[derive(Clone, Copy, Debug)]
enum After {
    Join,
    Cancel,
}

/// splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn key(&mut self) -> String {
        format!("k{}", self.below(5))
    }
}

/// Makes programs; each step that logs has a number of its own.
struct Maker {
    random: Random,
    logs: u64,
}

impl Maker {
    fn steps(&mut self, depth: u64, suspends: bool) -> Vec<Step> {
        let count = 2 + self.random.below(5);
        let mut steps: Vec<Step> = (0..count).map(|_| self.step(depth, suspends)).collect();
        steps.push(self.log());
        steps
    }

    fn log(&mut self) -> Step {
        self.logs += 1;
        Step::Log(self.logs - 1)
    }

    fn step(&mut self, depth: u64, suspends: bool) -> Step {
        let (key, value) = (self.random.key(), self.random.below(1000));
        let kinds = match (depth, suspends) {
            (0, _) => 4,
            (_, false) => 7,
            (_, true) => 14,
        };
        let chosen = self.random.below(kinds);
        if chosen == 0 {
            let Step::Log(number) = self.log() else { unreachable!() };
            return match value % 3 {
                0 => Step::Log(number),
                1 => Step::LogBound(number, key, value),
                _ => Step::LogOwn(number, value),
            };
        }
        let mut steps = |suspends| self.steps(depth - 1, suspends);
        match chosen {
            1 => Step::Bind(key, value),
            2 => Step::Unbind(key),
            3 if value.is_multiple_of(4) => Step::Clear,
            3 => self.log(),
            4 => Step::Scope(key, value, steps(false)),
            5 => Step::Panic(key, value, steps(false)),
            6 => Step::Attach(key, value, steps(false)),
            7 | 8 => Step::Yield,
            9 => Step::Call(key, value, Arc::new(steps(true))),
            10 => Step::Join(Arc::new(steps(true)), Arc::new(steps(true))),
            11 if value.is_multiple_of(3) => {
                Step::Spawn(key, value, Arc::new(steps(true)), After::Cancel)
            }
            11 => Step::Spawn(key, value, Arc::new(steps(true)), After::Join),
            12 => Step::Race(Arc::new(steps(true)), Arc::new(steps(true))),
            _ if value.is_multiple_of(2) => Step::SpawnCurrent(Arc::new(steps(true))),
            _ => Step::Thread(steps(false)),
        }
    }
}

/// What the model knows of where a program is.
#[derive(Clone, Default)]
struct Place {
    thread: Map,
    task: Option<Map>,
    scopes: Vec<(String, u64)>,
    /// What it does may have been cut short.
    cancelled: bool,
}

impl Place {
    fn flow(&self) -> Map {
        let mut map = self.task.clone().unwrap_or_default();
        map.extend(self.scopes.iter().cloned());
        map
    }

    fn all(&self) -> Map {
        let mut map = self.thread.clone();
        map.extend(self.flow());
        map
    }

    fn bound(&mut self) -> &mut Map {
        self.task.as_mut().unwrap_or(&mut self.thread)
    }

    /// A task on this thread.
    fn task(&self, task: Map) -> Self {
        let (thread, cancelled) = (self.thread.clone(), self.cancelled);
        Self { thread, task: Some(task), scopes: Vec::new(), cancelled }
    }
}

/// The key of a call's own field, which others bind too.
const OWN: &str = "k0";

/// What each record has to have; and whether it may be missing.
type Expected = BTreeMap<u64, (Map, bool)>;

/// The model. `worker` is what the threads have bound that run what is spawned.
fn model(steps: &[Step], place: &mut Place, worker: &Map, expected: &mut Expected) {
    let with = |mut map: Map, key: &String, value: &u64| {
        map.insert(key.clone(), *value);
        map
    };
    for step in steps {
        match step {
            Step::Log(number) => {
                expected.insert(*number, (place.all(), place.cancelled));
            }
            Step::LogBound(number, key, value) => {
                expected.insert(*number, (with(place.all(), key, value), place.cancelled));
            }
            Step::LogOwn(number, value) => {
                let all = with(place.all(), &OWN.to_owned(), value);
                expected.insert(*number, (all, place.cancelled));
            }
            Step::Bind(key, value) => {
                place.bound().insert(key.clone(), *value);
            }
            Step::Unbind(key) => {
                place.bound().remove(key);
            }
            Step::Clear => place.bound().clear(),
            Step::Yield => {}
            Step::Scope(key, value, inner) | Step::Panic(key, value, inner) => {
                place.scopes.push((key.clone(), *value));
                model(inner, place, worker, expected);
                place.scopes.pop();
            }
            Step::Attach(key, value, inner) => {
                let mut inside = place.task(with(place.all(), key, value));
                model(inner, &mut inside, worker, expected);
            }
            Step::Call(key, value, inner) => {
                let mut inside = place.task(with(place.flow(), key, value));
                model(inner, &mut inside, worker, expected);
            }
            Step::Join(one, other) => {
                for inner in [one, other] {
                    let mut inside = place.task(place.flow());
                    model(inner, &mut inside, worker, expected);
                }
            }
            Step::Race(one, other) => {
                for inner in [one, other] {
                    let mut inside = place.task(place.flow());
                    inside.cancelled = true;
                    model(inner, &mut inside, worker, expected);
                }
            }
            Step::Spawn(key, value, inner, after) => {
                let mut inside = place.task(with(place.flow(), key, value));
                inside.thread = worker.clone();
                inside.cancelled |= matches!(after, After::Cancel);
                model(inner, &mut inside, worker, expected);
            }
            Step::SpawnCurrent(inner) => {
                let mut inside = place.task(place.all());
                inside.thread = worker.clone();
                model(inner, &mut inside, worker, expected);
            }
            Step::Thread(inner) => {
                let mut inside = place.task(place.all());
                inside.thread.clear();
                model(inner, &mut inside, worker, expected);
            }
        }
    }
}

/// What runs what is spawned.
#[derive(Clone)]
enum Runtime {
    Tokio(tokio::runtime::Handle),
    Executor(Arc<async_executor::Executor<'static>>),
    Threads,
}

impl Runtime {
    /// Spawns it, and waits for its end or cancels it somewhere.
    async fn spawn(&self, task: impl Future<Output = ()> + Send + 'static, after: After) {
        match self {
            Self::Tokio(handle) => {
                let task = handle.spawn(task);
                if matches!(after, After::Cancel) {
                    tokio::task::yield_now().await;
                    task.abort();
                }
                if let Err(error) = task.await {
                    assert!(error.is_cancelled(), "{error}");
                }
            }
            Self::Executor(executor) => {
                let task = executor.spawn(task);
                match after {
                    After::Join => task.await,
                    After::Cancel => {
                        yield_now().await;
                        task.cancel().await;
                    }
                }
            }
            Self::Threads => {
                let thread = std::thread::spawn(move || {
                    let mut task = Box::pin(task);
                    match after {
                        After::Join => block_on(task),
                        After::Cancel => {
                            let waker = std::task::Context::from_waker(Waker::noop());
                            let _ = task.as_mut().poll(&mut { waker });
                        }
                    }
                });
                thread.join().expect("it ends");
            }
        }
    }
}

fn pair(key: &str, value: u64) -> Pairs {
    Pairs::new().with(key.to_owned(), &value)
}

/// Runs steps that do not suspend; false for the first that does.
fn run_at_once(step: &Step) -> bool {
    let all = |steps: &[Step]| steps.iter().for_each(|step| assert!(run_at_once(step)));
    match step {
        Step::Log(number) => info!("at", number = *number),
        Step::LogBound(number, key, value) => {
            let log = logring::logger().bind(pair(key, *value));
            info!(logger: log, "at", number = *number);
        }
        Step::LogOwn(number, value) => info!("at", number = *number, k0 = *value),
        Step::Bind(key, value) => context::bind(pair(key, *value)),
        Step::Unbind(key) => context::unbind(&[key]),
        Step::Clear => context::clear(),
        Step::Scope(key, value, inner) => {
            let _scope = context::bound(pair(key, *value));
            all(inner);
        }
        Step::Panic(key, value, inner) => {
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                let _scope = context::bound(pair(key, *value));
                all(inner);
                resume_unwind(Box::new("on purpose"));
            }));
            let payload = panicked.expect_err("it panics");
            if !payload.is::<&str>() {
                resume_unwind(payload);
            }
        }
        Step::Attach(key, value, inner) => {
            let _attached = Context::current().with(pair(key, *value)).attach();
            all(inner);
        }
        Step::Thread(inner) => {
            let here = Context::current();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let _attached = here.attach();
                    all(inner);
                });
            });
        }
        _ => return false,
    }
    true
}

fn run(runtime: Runtime, steps: Arc<Vec<Step>>) -> Boxed {
    Box::pin(async move {
        for step in &*steps {
            match step {
                Step::Yield => yield_now().await,
                Step::Call(key, value, inner) => {
                    run(runtime.clone(), inner.clone()).with_context(pair(key, *value)).await;
                }
                Step::Join(one, other) => {
                    let [one, other] = [one, other].map(|inner| {
                        run(runtime.clone(), inner.clone()).with_context(Pairs::new())
                    });
                    zip(one, other).await;
                }
                Step::Race(one, other) => {
                    let [one, other] = [one, other].map(|inner| {
                        run(runtime.clone(), inner.clone()).with_context(Pairs::new())
                    });
                    or(one, other).await;
                }
                Step::Spawn(key, value, inner, after) => {
                    let task = run(runtime.clone(), inner.clone()).with_context(pair(key, *value));
                    runtime.spawn(task, *after).await;
                }
                Step::SpawnCurrent(inner) => {
                    let task = run(runtime.clone(), inner.clone()).in_scope(Context::current());
                    runtime.spawn(task, After::Join).await;
                }
                step => assert!(run_at_once(step)),
            }
        }
    })
}

/// Runs programs on the calling thread and `runtime`, and compares what was logged with the model.
fn programs(runtime: &Runtime, worker: &Map) {
    let given = std::env::var("LOGRING_SEED").ok();
    let seeds = match given {
        Some(seed) => vec![seed.parse().expect("LOGRING_SEED is a number")],
        None => {
            let start = RandomState::new().hash_one("context");
            (0..PROGRAMS).map(|n| start.wrapping_add(n)).collect()
        }
    };
    for seed in seeds {
        let mut maker = Maker { random: Random(seed), logs: 0 };
        let steps = Arc::new(maker.steps(4, true));
        let mut expected = Expected::new();
        let mut place = Place::default();
        model(&steps, &mut place, worker, &mut expected);

        let logs = capture();
        block_on(run(runtime.clone(), steps.clone()));
        let left: Map = context::get()
            .iter()
            .map(|(key, value)| (key.to_owned(), value.to_string().parse().expect("a number")))
            .collect();
        context::clear();
        assert_eq!(left, place.thread, "what is left, LOGRING_SEED={seed}");
        for event in logs.take() {
            let number = event["number"].to_string().parse().expect("a number");
            let (wanted, _) = expected.remove(&number).expect("each step logs once");
            let got = event.all().into_iter().filter(|(key, _)| *key != "number");
            let got: Map = got
                .map(|(key, value)| (key.to_owned(), value.to_string().parse().expect("a number")))
                .collect();
            assert_eq!(got, wanted, "record {number}, LOGRING_SEED={seed}, {steps:#?}");
        }
        let missing: Vec<_> = expected.iter().filter(|(_, (_, may))| !may).collect();
        assert!(missing.is_empty(), "missing {missing:?}, LOGRING_SEED={seed}");
    }
}

#[test]
fn on_plain_threads() {
    let _watchdog = watchdog();
    programs(&Runtime::Threads, &Map::new());
}

#[test]
fn on_tokio() {
    let _watchdog = watchdog();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(3)
        .on_thread_start(|| context::bind(pair("worker", 1)))
        .build()
        .expect("a runtime");
    let worker = Map::from([("worker".to_owned(), 1)]);
    programs(&Runtime::Tokio(runtime.handle().clone()), &worker);
}

#[test]
fn on_an_executor_of_plain_threads() {
    let _watchdog = watchdog();
    let executor = Arc::new(async_executor::Executor::new());
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (executor, (stop, stopped)) = (executor.clone(), std::sync::mpsc::channel::<()>());
            let thread = std::thread::spawn(move || {
                context::bind(pair("worker", 2));
                block_on(executor.run(async {
                    while stopped.try_recv() != Err(std::sync::mpsc::TryRecvError::Disconnected) {
                        yield_now().await;
                    }
                }));
            });
            (stop, thread)
        })
        .collect();
    let worker = Map::from([("worker".to_owned(), 2)]);
    programs(&Runtime::Executor(executor), &worker);
    for (stop, thread) in threads {
        drop(stop);
        thread.join().expect("it ends");
    }
}
