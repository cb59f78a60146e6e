//! Claim: under an executor that steals work, with spans entered, left in any order, recorded to and
//! handed to other tasks, each event has the fields of the spans that it was logged in, the innermost
//! first, and a span's end says how long it was busy and idle.
//!
//! Random programs; the seed is printed, and `LOGRING_SEED` runs that one again.

#[path = "../../common/mod.rs"]
mod common;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::Arc;

use common::watch::watchdog;
use logring::bridge::tracing::Layer;
use logring::context::{self, Context, WithContext};
use logring::kv;
use logring::testing::{Captured, capture};
use tracing::field::Empty;
use tracing::{Instrument, Span, info, info_span};
use tracing_subscriber::layer::SubscriberExt as _;

/// What a program does in a span.
enum Step {
    Event(u64),
    Own(u64),
    Yield,
    Inside(u64, Arc<Vec<Self>>),
    /// A task in a span of its own, joined.
    Spawn(u64, Arc<Vec<Self>>),
    /// Another thread in the span that is current.
    Thread(Arc<Vec<Self>>),
    /// The innermost span's `late`.
    Record(u64),
    /// An event of the innermost span but one.
    Outer(u64),
}

/// splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

struct Maker {
    random: Random,
    events: u64,
    spans: u64,
}

impl Maker {
    fn steps(&mut self, depth: u64) -> Arc<Vec<Step>> {
        let count = 2 + self.random.below(5);
        Arc::new((0..count).map(|_| self.step(depth)).collect())
    }

    fn event(&mut self) -> u64 {
        self.events += 1;
        self.events - 1
    }

    fn step(&mut self, depth: u64) -> Step {
        match self.random.below(if depth == 0 { 5 } else { 9 }) {
            0 => Step::Event(self.event()),
            1 => Step::Own(self.event()),
            2 => Step::Yield,
            3 => Step::Record(self.random.below(1000)),
            4 => Step::Outer(self.event()),
            kind => {
                self.spans += 1;
                let (number, inner) = (self.spans, self.steps(depth - 1));
                match kind {
                    5 | 6 => Step::Inside(number, inner),
                    7 => Step::Spawn(number, inner),
                    _ => Step::Thread(inner),
                }
            }
        }
    }
}

/// A span as the model has it: its number, and what was recorded later.
type Model = Vec<(u64, Option<u64>)>;
type Fields = BTreeMap<String, String>;

fn fields(spans: &[(u64, Option<u64>)]) -> Fields {
    let mut fields = Fields::new();
    for (number, late) in spans {
        fields.insert("span".into(), vec!["step"; spans.len()].join(":"));
        fields.insert("number".into(), number.to_string());
        fields.insert(format!("of_{}", number % 3), number.to_string());
        if let Some(late) = late {
            fields.insert("late".into(), late.to_string());
        }
    }
    fields
}

fn model(steps: &[Step], spans: &mut Model, expected: &mut BTreeMap<u64, Fields>) {
    for step in steps {
        match step {
            Step::Event(event) | Step::Own(event) => {
                expected.insert(*event, fields(spans));
            }
            Step::Outer(event) => {
                expected.insert(*event, fields(&spans[..spans.len() - 1]));
            }
            Step::Record(late) => spans.last_mut().expect("a span").1 = Some(*late),
            Step::Yield => {}
            Step::Inside(number, inner) | Step::Spawn(number, inner) => {
                spans.push((*number, None));
                model(inner, spans, expected);
                spans.pop();
            }
            Step::Thread(inner) => model(inner, spans, expected),
        }
    }
}

fn span(number: u64) -> Span {
    match number % 3 {
        0 => info_span!("step", number, of_0 = number, late = Empty),
        1 => info_span!("step", number, of_1 = number, late = Empty),
        _ => info_span!("step", number, of_2 = number, late = Empty),
    }
}

fn run(
    runtime: tokio::runtime::Handle,
    steps: Arc<Vec<Step>>,
    spans: Vec<Span>,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        for step in &*steps {
            match step {
                Step::Event(at) => info!(at, "event"),
                Step::Own(at) => logring::info!("own", at = *at),
                Step::Outer(at) => match spans.len() {
                    1 => info!(parent: None, at, "outer"),
                    len => info!(parent: &spans[len - 2], at, "outer"),
                },
                Step::Record(late) => {
                    spans.last().expect("a span").record("late", late);
                }
                Step::Yield => tokio::task::yield_now().await,
                Step::Inside(number, inner) => {
                    let span = span(*number);
                    let spans = [&spans[..], std::slice::from_ref(&span)].concat();
                    run(runtime.clone(), inner.clone(), spans).instrument(span).await;
                }
                Step::Spawn(number, inner) => {
                    let span = span(*number);
                    let spans = [&spans[..], std::slice::from_ref(&span)].concat();
                    let inner = run(runtime.clone(), inner.clone(), spans).instrument(span);
                    // The capture goes with the context.
                    let task = runtime.spawn(inner.in_scope(Context::current()));
                    task.await.expect("it ends");
                }
                Step::Thread(inner) => {
                    let (runtime, inner, spans) = (runtime.clone(), inner.clone(), spans.clone());
                    let (here, current) = (Context::current(), Span::current());
                    let thread = std::thread::spawn(move || {
                        let _here = here.attach();
                        let _entered = current.enter();
                        let inside = run(runtime.clone(), inner, spans);
                        runtime.block_on(inside);
                    });
                    tokio::task::block_in_place(|| thread.join().expect("it ends"));
                    // What it has recorded comes through with the next event of tracing.
                    info!("joined");
                }
            }
        }
    })
}

fn got(event: &Captured) -> Fields {
    let all = event.all().into_iter().filter(|(key, _)| *key != "at");
    all.map(|(key, value)| (key.to_owned(), value.to_string())).collect()
}

#[test]
fn each_event_has_the_fields_of_its_spans() {
    let _watchdog = watchdog();
    let stack = tracing_subscriber::registry().with(Layer::default());
    tracing::subscriber::set_global_default(stack).expect("the only one");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).build();
    let runtime = runtime.expect("a runtime");
    let seeds: Vec<u64> = match std::env::var("LOGRING_SEED") {
        Ok(seed) => vec![seed.parse().expect("LOGRING_SEED is a number")],
        Err(_) => {
            let start = RandomState::new().hash_one("spans");
            (0..60).map(|n| start.wrapping_add(n)).collect()
        }
    };
    for seed in seeds {
        let mut maker = Maker { random: Random(seed), events: 0, spans: 0 };
        let steps = maker.steps(4);
        let mut expected = BTreeMap::new();
        model(&steps, &mut vec![(0, None)], &mut expected);
        let logs = capture();
        let root = span(0);
        let task = run(runtime.handle().clone(), steps, vec![root.clone()]).instrument(root);
        // `block_on` polls on this thread; what it spawns goes to others.
        let task = task.in_scope(Context::current());
        runtime.block_on(async { runtime.spawn(task).await.expect("it ends") });
        for event in logs.take().iter().filter(|event| event.event() != "joined") {
            let number = event["at"].to_string().parse().expect("a number");
            let wanted = expected.remove(&number).expect("each step logs once");
            assert_eq!(got(event), wanted, "event {number}, LOGRING_SEED={seed}");
        }
        assert!(expected.is_empty(), "missing {expected:?}, LOGRING_SEED={seed}");
        assert!(logring::context::get().is_empty(), "left: {}", logring::context::get());
    }
}

#[test]
fn spans_left_in_another_order_than_entered() {
    let stack = tracing_subscriber::registry().with(Layer::default());
    tracing::subscriber::with_default(stack, || {
        let logs = capture();
        let (a, b) = (info_span!("a", x = 1), info_span!("b", y = 2));
        let in_a = a.enter();
        let in_b = b.enter();
        let again = a.enter();
        info!("both");
        drop(in_a);
        info!("b alone");
        drop(in_b);
        drop(again);
        info!("none");
        let all: Vec<Fields> = logs.take().iter().map(got).collect();
        let fields = |pairs: &[(&str, &str)]| -> Fields {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let in_b = fields(&[("span", "b"), ("y", "2")]);
        // Spans entered one in the other without being made there stand for themselves, as in the
        // registry; one that is entered again is not current again.
        assert_eq!(all, [in_b.clone(), in_b, Fields::new()]);
    });
}

/// Of equal keys the thread's yields to the task's, that to the span's, that to the scope's, that to the
/// logger's, that to the call's; over `.await`, too, and where the span's comes later than the scope's.
#[test]
fn scopes_win_over_spans_and_spans_over_tasks() {
    let logs = capture();
    let inside = async {
        Span::current().record("late", "span").record("y", "recorded");
        logring::info!("in both");
        tokio::task::yield_now().await;
        {
            let _scope = context::bound(kv! { u = "inner scope", y = "inner scope" });
            let logger = logring::logger().bind(kv! { z = "logger", y = "logger" });
            logring::info!(logger: logger, "in all", y = "call");
        }
        logring::info!("in both again");
        assert_eq!(
            context::get().to_string(),
            "v=thread w=task span=s z=span y=recorded x=scope late=scope"
        );
    };
    let task = async {
        context::bind(kv! { w = "task", x = "task" });
        let _scope = context::bound(kv! { x = "scope", late = "scope" });
        let span = info_span!("s", x = "span", y = "span", z = "span", late = Empty);
        inside.instrument(span).await;
        logring::info!("in the scope");
    };
    let stack = tracing_subscriber::registry().with(Layer::default());
    tracing::subscriber::with_default(stack, || {
        context::bind(kv! { v = "thread", w = "thread", x = "thread" });
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(task.with_context(kv! {}));
        let _span = info_span!("s", v = "span", x = "span").entered();
        let _scope = context::bound(kv! { x = "scope" });
        logring::info!("on the thread");
        context::clear();
    });
    let all: Vec<_> = logs.take().iter().map(got).collect();
    let fields = |text: &str| -> Fields {
        text.split(", ")
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    };
    let expected = [
        "v=thread, w=task, x=scope, late=scope, span=s, y=recorded, z=span",
        "v=thread, w=task, x=scope, late=scope, span=s, u=inner scope, y=call, z=logger",
        "v=thread, w=task, x=scope, late=scope, span=s, y=recorded, z=span",
        "v=thread, w=task, x=scope, late=scope",
        "v=span, w=thread, x=scope, span=s",
    ];
    assert_eq!(all, expected.map(fields));
}

#[test]
fn a_spans_end_says_how_long_it_was_busy_and_idle() {
    let stack = tracing_subscriber::registry().with(Layer::default().close_events());
    tracing::subscriber::with_default(stack, || {
        let logs = capture();
        let outer = tracing::warn_span!(target: "db", "outer", x = 1);
        outer.in_scope(|| {
            let inner = info_span!("inner", y = 2, late = Empty);
            inner.in_scope(spend);
            spend();
            inner.record("late", 3);
        });
        drop(outer);
        let all = logs.take();
        let names: Vec<_> = all.iter().map(|event| event["span"].to_string()).collect();
        assert_eq!(names, ["outer:inner", "outer"]);
        let spent = |event: &Captured, key: &str| match event[key] {
            logring::record::AnyValue::Duration(ns) => ns,
            ref other => panic!("{key} is {other:?}"),
        };
        for event in &all {
            assert_eq!(event.event(), "close");
            assert!(spent(event, "time.busy") > 0, "{event:?}");
        }
        let [inner, outer] = &all[..] else { unreachable!() };
        assert!(inner["x"] == 1 && inner["y"] == 2 && inner["late"] == 3, "{inner:?}");
        assert!(
            spent(inner, "time.idle") > 0 && spent(outer, "time.busy") > spent(inner, "time.busy")
        );
        assert_eq!((outer.level(), outer.target()), (logring::Level::Warning, "db"));
        assert_eq!(outer.get("y"), None);
    });
}

/// Some work.
fn spend() {
    assert!((0..2_000u64).map(std::hint::black_box).sum::<u64>() > 0);
}
