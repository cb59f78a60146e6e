//! Claim: what processes beyond the process table and threads beyond the lane table log is counted, and
//! told in the output.

mod common;

use common::drain::{Site, is_notice, lines, number};
use common::fork::{fork, wait};
use common::role;
use common::watch::{wait_until, watchdog};
use logring::layout::Geometry;
use logring::shm::{Segment, SegmentSpec};
use logring::sync::Ordering::Relaxed;
use logring::{Overflow, info};

/// Entries for processes, and for lanes, of which a thread has two.
const PROCESSES: u32 = 2;
const LANES: u32 = 12;
/// Threads that live at once, and processes beyond the table.
const THREADS: u64 = 20;
const BEYOND: u64 = 3;
const EACH: u64 = 7;

fn log() {
    (0..EACH).for_each(|n| info!("counted", n));
}

fn crowd(segment: &str) {
    let builder = logring::builder(segment).overflow(Overflow::Drop);
    let _guard = builder.install().expect("installed");
    let all = std::sync::Barrier::new(THREADS as usize);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                log();
                all.wait();
            });
        }
    });
}

/// One entry is this process's; a child has the other one, as long as others come.
fn family(segment: &str) {
    let builder = logring::builder(segment).overflow(Overflow::Drop);
    let _guard = builder.install().expect("installed");
    log();
    let child = fork(|| {
        log();
        for _ in 0..BEYOND {
            assert_eq!(wait(fork(log)), 0);
        }
    });
    assert_eq!(wait(child), 0);
}

/// Records and the sums of the notices of loss: those of a process, and those of none.
fn logged(part: &str) -> (u64, u64, u64) {
    let site = Site::new();
    let geometry =
        Geometry { process_count: PROCESSES, lane_count: LANES, ..site.name.spec().geometry };
    let spec = SegmentSpec { geometry, ..site.name.spec() };
    let segment = Segment::create(&spec).expect("created");
    let drain = site.start_drain();
    site.peer("what_has_no_place_is_counted", part, site.segment()).end();
    let area = segment.drain_area();
    let is_live = |at| segment.process_info(at).is_some_and(|info| info.is_live());
    wait_until("all to be told", || {
        !(0..PROCESSES).any(is_live)
            && area.untabled().load(Relaxed) == area.untabled_told().load(Relaxed)
    });
    drain.stop();
    // Of what one drain has told the next one knows.
    site.start_drain().stop();
    let (mut records, mut of_process, mut of_none) = (0, 0, 0);
    for line in lines(&site.output()) {
        if !is_notice(&line) {
            records += 1;
            continue;
        }
        assert_eq!(line["kind"], "lost", "{line}");
        let count = number(&line, "count");
        let has_pid = line.get("pid").is_some_and(|pid| pid.as_u64() != Some(0));
        *(if has_pid { &mut of_process } else { &mut of_none }) += count;
    }
    (records, of_process, of_none)
}

#[test]
fn what_has_no_place_is_counted() {
    let _watchdog = watchdog();
    match role() {
        Some((part, segment)) if part == "crowd" => return crowd(&segment),
        Some((_, segment)) => return family(&segment),
        None => {}
    }
    let (records, of_process, of_none) = logged("crowd");
    // Threads that come together may find one lane and no second one.
    let threads = records / EACH;
    assert!((6..=12).contains(&threads) && records % EACH == 0, "{records} records");
    assert_eq!((of_process, of_none), ((THREADS - threads) * EACH, 0));
    assert_eq!(logged("family"), (2 * EACH, 0, BEYOND * EACH));
}
