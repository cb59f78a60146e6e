//! Claim: for the same event and format, the `pattern` renderer gives the same bytes as Python's
//! `logging.Formatter` in its three styles, and as loguru, except for what `docs/parity.md` lists.
//!
//! Formats are a list, and as many made from the seed; a fixed seed and a fresh one, which is printed
//! and can be given again by `LOGRING_SEED`.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

#[path = "differential/formats.rs"]
mod formats;
#[path = "differential/generate.rs"]
mod generate;
#[path = "differential/side.rs"]
mod side;

use formats::Format;
use generate::Random;
use logring::record::{AnyValue, Event};
use logring_drain::config::Sink;
use logring_drain::config::pipeline::Named;
use logring_drain::tryout::Tryout;
use side::{ZONE, fresh_seed, harmful, theirs};

const FIXED_SEED: u64 = 1;
/// The whole number in release, in seconds; debug takes minutes for it.
const FIXED_EVENTS: usize = if cfg!(debug_assertions) { 300 } else { 10_000 };
const FRESH_EVENTS: usize = if cfg!(debug_assertions) { 300 } else { 2_000 };
/// Formats of each style that are made.
const MADE: usize = 6;

fn tryout(format: &Format, exact: bool) -> Tryout {
    let mut table = format.table();
    table.insert("tz".into(), ZONE.into());
    table.insert("exact".into(), exact.into());
    let renderer = Some(Named::parse(&toml::Value::Table(table).to_string()).unwrap());
    Tryout::new(&[], vec![Sink { renderer, ..Sink::json("") }]).unwrap()
}

fn ours(tryout: &mut Tryout, event: &Event<'static>) -> String {
    tryout.run(&mut event.clone());
    let (_, bytes) = tryout.take().next().unwrap();
    let mut line = String::from_utf8(bytes).unwrap();
    assert_eq!(line.pop(), Some('\n'));
    line
}

/// loguru colours exceptions, which here stand as they are.
fn is_coloured_exception(format: &Format, event: &Event<'_>) -> bool {
    format.colors && matches!(event.get("exc_info"), Some(AnyValue::Error(_)))
}

fn compare(seed: u64, count: usize) {
    println!("seed {seed}, {count} events");
    let mut random = Random(seed);
    let formats = formats::all(&mut random, MADE);
    let events: Vec<Event<'static>> = (0..count).map(|_| random.event()).collect();
    // Among the format's own control sequences the event's could not be told.
    let escapes: Vec<bool> =
        events.iter().map(|event| format!("{event:?}").contains("\\u{1b}")).collect();
    let first = serde_json::to_string(&formats.iter().map(Format::as_json).collect::<Vec<_>>());
    let theirs = theirs("pattern_side.py", first.unwrap(), &events);
    assert_eq!(theirs.len(), count);
    let mut faults: Vec<String> = Vec::new();
    let mut total = 0;
    for (at, format) in formats.iter().enumerate() {
        let (mut exact, mut safe) = (tryout(format, true), tryout(format, false));
        let (mut compared, mut fault) = (0, None);
        for ((event, has_escape), theirs) in events.iter().zip(&escapes).zip(&theirs) {
            let (exactly, safely) = (ours(&mut exact, event), ours(&mut safe, event));
            let alone = format.uncoloured(&safely).replace("\n    ", "");
            assert!(!alone.contains(harmful), "{format:?}: {safely:?} of {event:?}");
            // Where Python raises, ours has a line.
            let Some(theirs) = theirs[at].as_ref() else { continue };
            if is_coloured_exception(format, event) {
                continue;
            }
            compared += 1;
            let is_plain =
                !(format.uncoloured(theirs).contains(harmful) || format.colors && *has_escape);
            if exactly != *theirs || (is_plain && safely != *theirs) {
                fault.get_or_insert_with(|| {
                    format!(
                        "{format:?}\n  theirs  {theirs:?}\n  exact   {exactly:?}\n  default {safely:?}\n  of {event:?}\n"
                    )
                });
            }
        }
        total += compared;
        println!("{:?}: {compared} compared", format.text);
        // Most generated events do not have the fields that some formats name.
        assert!(format.names_fields || compared * 8 > count, "{format:?}: raised for most events");
        faults.extend(fault);
    }
    println!("{total} lines compared");
    assert!(total > count * formats.len() / 3, "seed {seed}: hardly anything was compared");
    assert!(
        faults.is_empty(),
        "seed {seed}: formats that differ: {}\n{}",
        faults.len(),
        faults.join("")
    );
}

#[test]
fn the_same_bytes_as_logging_and_loguru_for_a_fixed_seed() {
    compare(FIXED_SEED, FIXED_EVENTS);
}

#[test]
fn the_same_bytes_as_logging_and_loguru_for_a_fresh_seed() {
    compare(fresh_seed(), FRESH_EVENTS);
}
