//! Claim: a sink, a renderer or a processor of the user's own that fails or panics costs no other
//! sink an event, and gets its own again: at least once, in order, after a restart too.

#[path = "../../tests/common/mod.rs"]
mod common;

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::drain::{Site, lines, number};
use common::watch::{wait_for, wait_until, watchdog};
use logring::{Builder, Level, Overflow, info, warn};
use logring_drain::{AnyValue, Embed, Event, Flow, Options, OwnSink, Renderer, Sink};

const RECORDS: u64 = 3_000;

fn builder(segment: &str) -> Builder {
    logring::builder(segment).ring_bytes(1 << 20).overflow(Overflow::BlockForever)
}

fn options(site: &Site) -> Options {
    Options::from(Sink::json(site.output())).state_dir(&site.directory.0)
}

/// A receiver that keeps a batch when it is flushed, forgets what it has of one when it fails, and
/// fails in every way there is.
#[derive(Clone, Default)]
struct Kept {
    bytes: Arc<Mutex<Vec<u8>>>,
    batch: Vec<u8>,
    calls: u64,
}

impl Kept {
    fn numbers(&self) -> Vec<u64> {
        let bytes = self.bytes.lock().expect("no panic inside").clone();
        let text = String::from_utf8(bytes).expect("text");
        let number = |line: &str| line.rsplit(' ').next().expect("a word").parse();
        text.lines().map(|line| number(line).expect("a number")).collect()
    }
}

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        match self.calls % 7 {
            // A part, then not now: it goes on where it stopped.
            1 | 4 => {
                let part = bytes.len().div_ceil(2);
                self.batch.extend(&bytes[..part]);
                Ok(part)
            }
            2 => Err(io::ErrorKind::WouldBlock.into()),
            // Then an error, or a panic: it begins again.
            3 => {
                self.batch.clear();
                Err(io::Error::other("not today"))
            }
            5 => {
                self.batch.clear();
                panic!("on purpose");
            }
            _ => {
                self.batch.extend(bytes);
                // More than it was given is not believed.
                Ok(bytes.len() + 1_000)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.calls += 1;
        let batch = std::mem::take(&mut self.batch);
        if self.calls.is_multiple_of(2) {
            return Err(io::Error::other("not kept"));
        }
        self.bytes.lock().expect("no panic inside").extend(batch);
        Ok(())
    }
}

/// The event's text and its number.
struct Short;

impl Renderer for Short {
    fn render(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        let number = event.fields.iter().find(|field| field.key == "n");
        let number = number.map(|field| match field.value {
            AnyValue::I64(n) => n.cast_unsigned(),
            AnyValue::U64(n) => n,
            ref other => panic!("a number is expected, not {other:?}"),
        });
        out.extend(format!("{} {}\n", event.event, number.expect("a field n")).bytes());
    }
}

#[test]
fn a_sink_that_fails_gets_its_lines_again() {
    let _watchdog = watchdog();
    let site = Site::new();
    let kept = Kept::default();
    let own = || OwnSink::new("kept", kept.clone()).renderer(Short).level(Level::Warning);
    for round in 0..2 {
        let options = options(&site).own_sink(own());
        let guard = builder(site.segment()).open_embedded(options).expect("embedded");
        let log = guard.logger();
        for n in round * RECORDS..(round + 1) * RECORDS {
            warn!(logger: log, "counted", n);
            info!(logger: log, "not for this sink");
        }
        log.flush(Duration::from_secs(60)).expect("it recovers");
    }
    assert_eq!(lines(&site.output()).count() as u64, 4 * RECORDS);
    // Whole lines, each at least once; what comes again comes from the beginning of its batch.
    let numbers = kept.numbers();
    let mut next = 0;
    for (at, n) in numbers.iter().enumerate() {
        assert!(*n <= next, "{next} is missing, {n} stands at {at}");
        next = next.max(n + 1);
    }
    assert_eq!(next, 2 * RECORDS);
}

#[test]
fn after_a_restart_it_goes_on_where_it_was() {
    let _watchdog = watchdog();
    let site = Site::new();
    let log = builder(site.segment()).open().expect("opened");
    let bytes = Arc::new(Mutex::new(Vec::new()));
    for round in 0..3 {
        info!(logger: log, "before", n = 2 * round);
        let own = OwnSink::new("plain", Plain(Arc::clone(&bytes))).renderer(Short);
        let options = Options::from(own).state_dir(&site.directory.0);
        let guard = builder(site.segment()).open_embedded(options).expect("embedded");
        info!(logger: log, "beside", n = 2 * round + 1);
        drop(guard);
    }
    let text = String::from_utf8(bytes.lock().expect("whole").clone()).expect("text");
    assert_eq!(text, "before 0\nbeside 1\nbefore 2\nbeside 3\nbefore 4\nbeside 5\n");
}

/// Takes everything.
struct Plain(Arc<Mutex<Vec<u8>>>);

impl io::Write for Plain {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("whole").write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_panic_costs_no_event() {
    let _watchdog = watchdog();
    let site = Site::new();
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let own = OwnSink::new("plain", Plain(Arc::clone(&bytes))).renderer(Short);
    let options = options(&site).own_sink(own).processor("picky", |event: &mut Event<'_>| {
        match &*event.event {
            "drop" => Flow::Drop,
            "panic" => panic!("at {}", event.line),
            _ => Flow::Keep,
        }
    });
    let guard = builder(site.segment()).open_embedded(options).expect("embedded");
    let log = guard.logger();
    info!(logger: log, "keep", n = 1);
    info!(logger: log, "drop", n = 2);
    info!(logger: log, "panic", n = 3);
    // The renderer has no number to print and panics.
    info!(logger: log, "without a number");
    info!(logger: log, "keep", n = 5);
    log.flush(Duration::from_secs(60)).expect("a drain runs");
    let text = String::from_utf8(bytes.lock().expect("whole").clone()).expect("text");
    let own: Vec<_> = text.lines().collect();
    assert_eq!((own.len(), own[0], own[1], own[3]), (4, "keep 1", "panic 3", "keep 5"));
    let line: serde_json::Value = serde_json::from_str(own[2]).expect("JSON stands in");
    assert_eq!(line["event"], "without a number");
    assert_eq!(line["renderer_error"], "a field n");
    let found: Vec<_> = lines(&site.output()).collect();
    let events: Vec<_> = found.iter().map(|line| line["event"].as_str().expect("text")).collect();
    assert_eq!(events, ["keep", "panic", "without a number", "keep"]);
    let error = found[1]["processor_error"].as_str().expect("a mark");
    assert!(error.starts_with("picky: at "), "{error}");
    drop(guard);
}

#[test]
fn a_sink_that_never_works_holds_up_nobody() {
    let _watchdog = watchdog();
    let site = Site::new();
    let never = OwnSink::new("never", Never);
    let guard =
        builder(site.segment()).open_embedded(options(&site).own_sink(never)).expect("embedded");
    let log = guard.logger();
    for n in 0..100u64 {
        info!(logger: log, "counted", n);
    }
    wait_until("the other sink", || {
        std::fs::read(site.output())
            .is_ok_and(|bytes| bytes.iter().filter(|b| **b == b'\n').count() >= 100)
    });
    // Flush names it, the end leaves it behind.
    // Until the drain has told so, which takes a while, time is all that has run out.
    let error = wait_for("flush to name the stuck sink", || {
        let error = log.flush(Duration::from_millis(20)).expect_err("a sink is stuck");
        error.is_sink_stuck().then_some(error)
    });
    assert!(error.to_string().contains("own:never"), "{error}");
    drop(guard);
    let found: Vec<_> = lines(&site.output()).map(|line| number(&line, "n")).collect();
    assert!(found.iter().copied().eq(0..100), "{found:?}");
}

struct Never;

impl io::Write for Never {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::other("never"))
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
