//! `logring-drain stats`: who logs into a segment, how full it is, and how far its drain is. Looks only.
//! `docs/stats.md` says what each number means and where it comes from.

mod backlog;
mod idle;
mod print;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use logring::layout::drain_area::sink_state;
use logring::layout::header::clock;
use logring::layout::lane::LaneWord;
use logring::layout::{self, dictionary};
use logring::ring::Memory;
use logring::shm::{Segment, SinkState, Tally, drain_lock};
use logring::sync::Ordering;
use serde::Serialize;

use crate::cli::exit::{Exit, Failure};
use crate::ledger::Ledger;
use crate::observe;
use crate::observe::output::{self, Output};
use crate::observe::time::Living;
use crate::render::time::{Digits, rfc3339};
use crate::watermark;
use backlog::{Backlog, Sum};

/// What is to be shown, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The segment's name.
    pub segment: String,
    /// As an object of JSON.
    pub json: bool,
    /// Again every second.
    pub watch: bool,
}

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);

/// All that is shown. The names of its fields are those of the JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Stats {
    pub(crate) segment: About,
    pub(crate) producers: Vec<Producer>,
    /// Of all producers that there ever were.
    pub(crate) total: Counts,
    pub(crate) ring: Ring,
    pub(crate) drain: Drain,
    pub(crate) cursors: Vec<CursorAt>,
    pub(crate) dictionary: Dictionary,
}

#[derive(Debug, Serialize)]
pub(crate) struct About {
    pub(crate) name: String,
    pub(crate) created: String,
    pub(crate) layout: u32,
    pub(crate) clock: &'static str,
    pub(crate) max_record_bytes: u32,
}

#[derive(Debug, Serialize)]
pub(crate) struct Producer {
    pub(crate) pid: u32,
    pub(crate) name: String,
    pub(crate) alive: bool,
    pub(crate) threads: u32,
    #[serde(flatten)]
    pub(crate) counts: Counts,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Counts {
    pub(crate) records: u64,
    pub(crate) waiting: u64,
    pub(crate) lost: u64,
    pub(crate) torn: u64,
    pub(crate) malformed: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Ring {
    pub(crate) bytes: u64,
    pub(crate) block_bytes: usize,
    pub(crate) blocks: u32,
    pub(crate) free: u32,
    pub(crate) owned: u32,
    pub(crate) high_water: u32,
    pub(crate) idle: u32,
    pub(crate) asked: u32,
}

#[derive(Debug, Serialize)]
pub(crate) struct Drain {
    pub(crate) running: bool,
    pub(crate) pid: Option<u32>,
    pub(crate) host: Option<String>,
    pub(crate) epoch: u64,
    pub(crate) lag_records: u64,
    pub(crate) lag_ms: f64,
    pub(crate) ledger: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct CursorAt {
    pub(crate) sink: String,
    pub(crate) state: &'static str,
    pub(crate) errno: Option<u32>,
    pub(crate) error: Option<String>,
    pub(crate) since: Option<String>,
    pub(crate) bytes: u64,
    pub(crate) lag_records: u64,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Dictionary {
    pub(crate) callsites: u32,
    pub(crate) strings: u32,
    pub(crate) slots: u32,
    pub(crate) bytes: u64,
    pub(crate) bytes_used: u64,
}

/// Prints the numbers once, or again and again until nobody reads them or a signal comes.
///
/// # Errors
/// No such segment, not one that this build reads, standard output cannot be written.
pub fn run(options: &Options) -> Result<Exit, Failure> {
    loop {
        let segment = Segment::observe(&options.segment)?;
        let stats = collect(&segment);
        let text = if options.json { print::json(&stats) } else { print::text(&stats) };
        if output::write(text.as_bytes())? == Output::Closed || !options.watch {
            return Ok(Exit::Ok);
        }
        if !options.json && output::write(b"\n")? == Output::Closed {
            return Ok(Exit::Ok);
        }
        thread::sleep(EVERY);
    }
}

fn collect(segment: &Segment) -> Stats {
    let (tally, backlog, ledger) = count(segment);
    let holder = drain_lock::holder(segment);
    let lag_ms = backlog.oldest.map_or(0.0, |oldest| {
        let clock = Living::new(segment);
        let now = clock.clock().convert(watermark::now(segment.clock_kind()));
        let lag = now.saturating_sub(clock.clock().convert(oldest)).max(0);
        // To the microsecond: the rest is noise.
        (lag / 1000) as f64 / 1000.0
    });
    Stats {
        segment: about(segment),
        producers: producers(segment, &backlog),
        total: counts(tally, backlog.total()),
        ring: ring(segment, holder.is_some()),
        drain: Drain {
            running: holder.is_some(),
            pid: holder.as_ref().map(|holder| holder.pid),
            host: holder.as_ref().map(|holder| holder.host.clone()),
            epoch: segment.drain_area().epoch().load(Ordering::Relaxed),
            lag_records: backlog.unread,
            lag_ms,
            ledger: ledger.is_some(),
        },
        cursors: match &ledger {
            Some(ledger) => positions(segment, ledger, holder.is_some(), &backlog),
            None => Vec::new(),
        },
        dictionary: entries(segment),
    }
}

/// Tries for numbers that belong together: a thread that is read to its end meanwhile would count twice
/// or not at all.
const TRIES: u32 = 8;

fn count(segment: &Segment) -> (Tally, Backlog, Option<Arc<Ledger>>) {
    let mut tries = 1;
    let mut before = segment.total_tally();
    loop {
        let (backlog, ledger) = Backlog::count(segment, || observe::ledger(segment).ok());
        let after = segment.total_tally();
        if after == before || tries == TRIES {
            return (before, backlog, ledger);
        }
        before = after;
        tries += 1;
    }
}

fn about(segment: &Segment) -> About {
    let (_, created_ns) = segment.created_anchor();
    About {
        name: segment.name().to_owned(),
        created: rfc3339(i64::try_from(created_ns).unwrap_or(i64::MAX), Digits::Six),
        layout: layout::VERSION,
        clock: match segment.clock_kind() {
            clock::TSC => "tsc",
            clock::REALTIME => "realtime",
            _ => "coarse",
        },
        max_record_bytes: segment.max_record_bytes(),
    }
}

/// What threads took that have ended, and those that have not, less what did not become a record.
fn counts(tally: Tally, known: Sum) -> Counts {
    let Tally { taken, lost, torn, malformed } = tally;
    let lost = lost.saturating_add(known.missing);
    let records = taken.saturating_add(known.taken);
    let records = [lost, torn, malformed].into_iter().fold(records, u64::saturating_sub);
    Counts { records, waiting: known.unwritten, lost, torn, malformed }
}

fn producers(segment: &Segment, backlog: &Backlog) -> Vec<Producer> {
    let geometry = segment.geometry();
    let mut threads = vec![0u32; geometry.process_count as usize];
    for index in 0..geometry.lane_count {
        let Some(info) = segment.lane_info(index) else { continue };
        let Some(LaneWord::Live { inc, process, kind }) = info.word else { continue };
        if kind.is_first()
            && !segment.lane_has_ended(layout::LaneRef { index, inc })
            && let Some(threads) = threads.get_mut(process as usize)
        {
            *threads += 1;
        }
    }
    let all = (0u32..).zip(threads).filter_map(|(index, threads)| {
        let info = segment.process_info(index).filter(|info| info.is_live() && info.pid != 0)?;
        let alive = !segment.process_is_dead(index);
        let threads = if alive { threads } else { 0 };
        let counts = counts(info.tally, backlog.of_process(index));
        Some(Producer { pid: info.pid, name: info.name, alive, threads, counts })
    });
    all.collect()
}

fn ring(segment: &Segment, is_drained: bool) -> Ring {
    let geometry = segment.geometry();
    let free = |block: &u32| {
        let word = layout::BlockWord::of(segment.word(*block).load(Ordering::Relaxed));
        matches!(word, Some(layout::BlockWord::Free { .. }))
    };
    let free = (0..geometry.block_count).filter(free).count() as u32;
    let owned = geometry.block_count - free;
    let high_water = segment.drain_area().high_water().load(Ordering::Relaxed);
    let idle = idle::count(segment, watermark::now(segment.clock_kind()), is_drained);
    Ring {
        bytes: geometry.ring_bytes(),
        block_bytes: geometry.block_bytes(),
        blocks: geometry.block_count,
        free,
        owned,
        high_water: high_water.max(owned),
        idle: idle.held,
        asked: idle.asked,
    }
}

fn positions(
    segment: &Segment,
    ledger: &Ledger,
    running: bool,
    backlog: &Backlog,
) -> Vec<CursorAt> {
    let told = if running { segment.drain_area().sinks() } else { Vec::new() };
    let cursors = ledger.names().enumerate().map(|(cursor, sink)| {
        let told = told.iter().find(|told| is_same(&told.name, &sink));
        let failed = told.filter(|told| told.state != sink_state::OK);
        let errno = failed.map(|told| told.errno).filter(|errno| *errno != 0);
        CursorAt {
            state: state(running, told),
            errno,
            error: errno.map(describe),
            since: failed
                .map(|told| rfc3339(i64::try_from(told.since_ns).unwrap_or(i64::MAX), Digits::Six)),
            bytes: ledger.committed_note(cursor).map_or(0, |note| note.after),
            lag_records: backlog.of_cursor(cursor),
            sink,
        }
    });
    cursors.collect()
}

fn state(running: bool, told: Option<&SinkState>) -> &'static str {
    match told.map(|told| told.state) {
        _ if !running => "stopped",
        Some(sink_state::STUCK) => "stuck",
        Some(sink_state::FAILED) => "failed",
        _ => "writing",
    }
}

fn describe(errno: u32) -> String {
    let error = std::io::Error::from_raw_os_error(errno.cast_signed()).to_string();
    match error.rfind(" (os error") {
        Some(end) => error[..end].to_owned(),
        None => error,
    }
}

/// Whether the sink that the drain tells of by the name it was given, perhaps cut, is the one that the
/// ledger knows by its whole path.
fn is_same(told: &str, cursor: &str) -> bool {
    let (Some((kind, told)), Some((of, path))) = (told.split_once(':'), cursor.split_once(':'))
    else {
        return false;
    };
    let relative = told.trim_start_matches("./").trim_start_matches("../");
    kind == of && (path == told || path.starts_with(told) || path.ends_with(relative))
}

fn entries(segment: &Segment) -> Dictionary {
    let geometry = segment.geometry();
    let mut found = Dictionary {
        slots: geometry.dictionary_slots,
        bytes: geometry.dictionary_bytes,
        bytes_used: segment.dictionary_bytes_used(),
        ..Dictionary::default()
    };
    let mut content = Vec::new();
    for id in segment.dictionary_ids() {
        content.clear();
        segment.dictionary_get(id, &mut content);
        match content.first() {
            Some(&dictionary::KIND_CALLSITE) => found.callsites += 1,
            Some(_) => found.strings += 1,
            None => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sink_is_known_by_the_name_it_was_given() {
        let cursor = "json:/var/log/app/out.jsonl";
        for told in ["json:/var/log/app/out.jsonl", "json:out.jsonl", "json:./app/out.jsonl"] {
            assert!(is_same(told, cursor), "{told}");
        }
        assert!(is_same("json:/var/log/ap", cursor), "one that was cut");
        for told in ["logfmt:out.jsonl", "json:other.jsonl", "x"] {
            assert!(!is_same(told, cursor), "{told}");
        }
    }
}
