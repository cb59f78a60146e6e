//! P18, S4: whatever word of a segment is forged, the drain ends in order, allocates nothing by a forged
//! length, and delivers every record of the lanes that the word was not about.
//!
//! One segment is made by honest threads; then each word of each kind is set to extreme values and
//! single bits of it are flipped, in a copy of the file, and a drain reads the copy to its end.

#[path = "../../tests/common/mod.rs"]
mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use common::acks::Random;
use common::watch::watchdog;
use common::{Directory, Name};
use logring::layout::geometry::HEAD_BYTES;
use logring::layout::lane::LaneWord;
use logring::layout::stamp::{Kind, Stamp};
use logring::layout::{BlockWord, Geometry, Offsets, drain_area, lane, process, record};
use logring::ring::reader::Chain;
use logring::shm::{Segment, SegmentSpec};
use logring::{Logger, Overflow, info};
use logring_drain::config::Sink;
use logring_drain::{Options, Service};
use serde_json::Value;

/// Remembers the largest single allocation.
struct Largest;
static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Largest {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Relaxed);
        // SAFETY: as the caller has promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller has promised.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Largest = Largest;

/// Far above what an honest segment of this size makes the drain allocate.
const LARGEST_ALLOWED: usize = 8 << 20;
const SEED: u64 = 20_261_122;
const LANES: usize = 3;
const LONG: usize = 5_000;

fn geometry() -> Geometry {
    Geometry {
        slots_per_block: 16,
        block_count: 32,
        process_count: 4,
        lane_count: 8,
        level_count: 8,
        dictionary_slots: 64,
        dictionary_bytes: 8 << 10,
        ..Geometry::default()
    }
}

/// What lane `id` logs: short records over several blocks, and one with extension blocks.
fn log(logger: &Logger, id: usize) {
    for n in 0..40u64 {
        info!(logger: logger, "counted", id, n);
    }
    info!(logger: logger, "counted", id, n = 40u64, pad = "x".repeat(LONG));
    info!(logger: logger, "counted", id, n = 41u64);
}

const RECORDS: u64 = 42;

/// The bytes of an honest segment, and which lanes are which thread's: two lanes that are over, one that lives.
fn honest(name: &Name) -> (Vec<u8>, Offsets, BTreeMap<u64, Vec<u32>>) {
    let spec = SegmentSpec { geometry: geometry(), ..SegmentSpec::new(name.0.clone()) };
    let segment = Segment::create(&spec).expect("created").leak();
    let builder = logring::builder(&*name.0).quota_percent(100).reserve_percent(0);
    let logger = builder.overflow(Overflow::Drop).open().expect("opened");
    let mut lanes = BTreeMap::<u64, Vec<u32>>::new();
    for id in (0..LANES).rev() {
        if id == 0 {
            log(&logger, id);
        } else {
            std::thread::scope(|scope| scope.spawn(|| log(&logger, id)).join().expect("it logs"));
        }
    }
    for lane in 0..segment.geometry().lane_count {
        let info = segment.lane_info(lane).expect("in range");
        if let Some(LaneWord::Live { .. }) = info.word {
            lanes.entry(u64::from(info.tid)).or_default().push(lane);
        }
    }
    assert_eq!(lanes.len(), LANES, "threads: {lanes:?}");
    let bytes = fs::read(name.paths().segment).expect("the file");
    (bytes, *segment.offsets(), lanes)
}

/// A word to forge, and the lanes that its forgery may harm: those in whose hands it is.
struct Target {
    what: String,
    offset: usize,
    harms: Vec<u32>,
    every_bit: bool,
    /// Also in a short run.
    always: bool,
}

fn word(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(bytes[offset..offset + 8].try_into().expect("eight bytes"))
}

fn owner(bytes: &[u8], offsets: &Offsets, block: usize) -> Option<u32> {
    match BlockWord::of(word(bytes, offsets.words + block * 8)) {
        Some(BlockWord::Owned { lane, .. }) => Some(lane.index),
        _ => None,
    }
}

/// The first long record: its lane, and where it stands.
fn head(bytes: &[u8], offsets: &Offsets) -> (u32, usize) {
    let slots = geometry().slots_per_block as usize;
    let all = 0..geometry().block_count as usize * slots;
    let found = all.into_iter().find_map(|at| {
        let offset = offsets.slots + at * geometry().slot_size as usize;
        let is_head = Stamp::of(word(bytes, offset)).is_some_and(|stamp| stamp.kind == Kind::Head);
        is_head.then(|| owner(bytes, offsets, at / slots).map(|owner| (owner, offset))).flatten()
    });
    found.expect("a long record was logged")
}

fn targets(bytes: &[u8], offsets: &Offsets) -> Vec<Target> {
    let everybody: Vec<u32> = (0..geometry().lane_count).collect();
    let mut targets = Vec::new();
    let mut add = |what: String, offset: usize, harms: &[u32], every_bit| {
        let always = what.starts_with("head");
        targets.push(Target { what, offset, harms: harms.to_vec(), every_bit, always });
    };
    let (slot, block_bytes) = (geometry().slot_size as usize, geometry().block_bytes());
    for block in 0..geometry().block_count as usize {
        let owner = owner(bytes, offsets, block);
        let harms: Vec<u32> = owner.into_iter().collect();
        add(format!("word of block {block}"), offsets.words + block * 8, &harms, block % 5 == 0);
        let head = offsets.heads + block * HEAD_BYTES;
        add(format!("begun of block {block}"), head, &harms, block % 5 == 0);
        add(format!("ext_of of block {block}"), head + 8, &harms, false);
        let first = offsets.slots + block * block_bytes;
        for (at, every_bit) in [(0, block % 7 == 0), (1, false), (7, false), (15, false)] {
            add(format!("stamp {at} of block {block}"), first + at * slot, &harms, every_bit);
        }
        for at in [record::TIMESTAMP, record::SEQUENCE, record::CALLSITE, record::FLAGS, 40, 48] {
            add(format!("byte {at} of block {block}"), first + at, &harms, false);
        }
    }
    // The head of a long record: its lengths, its list of blocks.
    let (owner, head) = head(bytes, offsets);
    for at in (record::TIMESTAMP..record::PAYLOAD + 3 * record::FRAGMENT_BYTES).step_by(8) {
        add(format!("head at {at}"), head + at, &[owner], false);
    }
    for index in 0..LANES + 1 {
        let entry = offsets.lanes + index * lane::SIZE;
        for at in (0..lane::SIZE).step_by(8) {
            let every_bit = at == lane::WORD;
            add(format!("lane {index} at {at}"), entry + at, &[index as u32], every_bit);
        }
    }
    for at in (0..process::SIZE).step_by(8) {
        add(format!("process at {at}"), offsets.processes + at, &everybody, at == process::WORD);
    }
    for slot in 0..geometry().dictionary_slots as usize {
        let offset = offsets.dictionary + slot * 8;
        if word(bytes, offset) != 0 {
            add(format!("dictionary slot {slot}"), offset, &everybody, true);
        }
    }
    for at in (0..512).step_by(8) {
        add(format!("dictionary byte {at}"), offsets.blob + at, &everybody, false);
    }
    for at in (0..drain_area::SINKS + 128).step_by(8) {
        add(format!("drain area at {at}"), offsets.drain_area + at, &[], false);
    }
    add("hints".to_owned(), offsets.hints, &[], true);
    add("level word".to_owned(), offsets.levels, &[], false);
    targets
}

fn forgeries(target: &Target, honest: u64, random: &mut Random) -> Vec<u64> {
    let mut values =
        vec![0, u64::MAX, 1, 1 << 63, u64::MAX >> 1, honest.wrapping_add(1), random.next()];
    values.push(honest ^ 0xffff_ffff);
    values.push(honest ^ 0xffff_ffff_0000_0000);
    if target.every_bit {
        values.extend((0..64).map(|bit| honest ^ 1 << bit));
    } else {
        values.extend((0..2).map(|_| honest ^ 1 << random.within(0..64)));
    }
    values.retain(|value| *value != honest);
    values
}

/// A drain reads the segment in `directory` to its end; the lines that it writes.
fn drain(directory: &Path, bytes: &[u8]) -> Vec<Value> {
    fs::create_dir(directory).expect("a directory");
    let ring = directory.join("ring");
    fs::write(&ring, bytes).expect("written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&ring, mode).expect("ours");
    let segment: &'static Segment =
        Box::leak(Box::new(Segment::attach_file(&ring).expect("there")));
    let output = directory.join("out.jsonl");
    let options = Options::new([Sink { thread: true, ..Sink::json(&output) }]);
    let options = options.max_hold(Duration::from_millis(20)).state_dir(directory);
    let mut service = Service::start(segment, options).expect("it starts");
    service.run(&AtomicBool::new(true)).expect("it ends as it was told");
    drop(service);
    common::drain::lines(&output).collect()
}

/// The numbers of each thread in the order of the lines: who it was is the lane's word, not the
/// record's.
fn records(lines: &[Value]) -> BTreeMap<u64, Vec<u64>> {
    let mut found: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line["target"] != "logring") {
        if let (Some(thread), Some(n)) = (line["thread"].as_u64(), line["n"].as_u64()) {
            found.entry(thread).or_default().push(n);
        }
    }
    found
}

#[test]
fn a_forged_word_harms_its_own_lane_alone() {
    let _watchdog = watchdog();
    println!("seed {SEED}");
    let mut random = Random(SEED);
    let (name, directory) = (Name::new(), Directory::new());
    let (bytes, offsets, lanes_of) = honest(&name);
    let whole: Vec<u64> = (0..RECORDS).collect();
    let first = drain(&directory.0.join("honest"), &bytes);
    let lanes = lanes_of.keys().map(|thread| (*thread, whole.clone())).collect();
    assert_eq!(records(&first), lanes, "as it was written");
    assert!(first.iter().all(|line| line["target"] != "logring"), "{first:?}");

    let is_long = std::env::var_os("LOGRING_LONG").is_some();
    LARGEST.store(0, Relaxed);
    let (mut runs, mut told) = (0u32, 0u32);
    for target in targets(&bytes, &offsets) {
        let honest = word(&bytes, target.offset);
        for forged in forgeries(&target, honest, &mut random) {
            // One in seven, all with `LOGRING_LONG=1`: minutes.
            if !is_long && !target.always && random.within(0..7) != 0 {
                continue;
            }
            runs += 1;
            let mut copy = bytes.clone();
            copy[target.offset..target.offset + 8].copy_from_slice(&forged.to_le_bytes());
            let what = format!("{}: {honest:#x} forged to {forged:#x}", target.what);
            let mut harmed = target.harms.clone();
            if let Some(BlockWord::Owned { lane, .. }) = BlockWord::of(forged)
                && target.what.starts_with("word")
            {
                harmed.push(lane.index);
            }
            let place = directory.0.join("run");
            let lines = drain(&place, &copy);
            fs::remove_dir_all(&place).expect("ours");
            let largest = LARGEST.load(Relaxed);
            assert!(largest <= LARGEST_ALLOWED, "{what}: {largest} bytes at once");
            let notices = lines.iter().filter(|line| line["target"] == "logring").count();
            assert!(notices <= 12, "{what}: {notices} notices");
            told += u32::from(notices > 0);
            let found = records(&lines);
            // A forged thread id may be another lane's.
            let safe = lanes_of.iter().filter(|(thread, lanes)| {
                lanes.iter().all(|lane| !harmed.contains(lane))
                    && **thread != forged & u64::from(u32::MAX)
            });
            for (thread, lanes) in safe {
                let told: Vec<_> =
                    lines.iter().filter(|line| line["target"] == "logring").collect();
                assert_eq!(found.get(thread), Some(&whole), "{what}: lanes {lanes:?}: {told:?}");
            }
        }
    }
    println!(
        "{runs} forgeries, {told} of them told, largest allocation {} bytes",
        LARGEST.load(Relaxed)
    );
    assert!(runs > 1_000 && told > 150, "{runs} forgeries, {told} told");
}

/// All times and numbers that cannot be: such a record goes out, and the next ones after it.
#[test]
fn a_time_or_number_that_cannot_be_holds_up_nobody() {
    let _watchdog = watchdog();
    let (name, directory) = (Name::new(), Directory::new());
    let (bytes, offsets, lanes_of) = honest(&name);
    let segment = Segment::attach(&name.0).expect("there");
    let hour = segment.now() + 3_600 * 1_000_000_000;
    let forge = |at: &dyn Fn(usize) -> Option<usize>, forged: u64| {
        let mut copy = bytes.clone();
        let mut count = 0;
        for offset in (0..geometry().block_count as usize).filter_map(at) {
            copy[offset..offset + 8].copy_from_slice(&forged.to_le_bytes());
            count += 1;
        }
        assert!(count > 0, "something was forged");
        let place = directory.0.join("run");
        let lines = drain(&place, &copy);
        fs::remove_dir_all(&place).expect("ours");
        let whole: Vec<u64> = (0..RECORDS).collect();
        let lanes = lanes_of.keys().map(|thread| (*thread, whole.clone())).collect();
        assert_eq!(records(&lines), lanes, "forged to {forged:#x}");
        let kinds = lines.iter().filter_map(|line| line["kind"].as_str().map(str::to_owned));
        kinds.collect::<Vec<_>>()
    };
    // The first record of each block that was begun, extensions aside.
    let record = |block: usize, at: usize| {
        let begun = word(&bytes, offsets.heads + block * HEAD_BYTES) != 0;
        begun.then_some(offsets.slots + block * geometry().block_bytes() + at)
    };
    for forged in [u64::MAX, u64::MAX >> 1, hour] {
        let kinds = forge(&|block| record(block, record::TIMESTAMP), forged);
        assert!((3..=9).contains(&kinds.len()), "{forged:#x}: {kinds:?}");
        assert!(kinds.iter().all(|kind| kind == "implausible"), "{forged:#x}: {kinds:?}");
    }
    for forged in [u64::MAX, u64::MAX >> 1, 1 << 60] {
        let kinds = forge(&|block| record(block, record::SEQUENCE), forged);
        assert!(kinds.iter().all(|kind| kind == "implausible"), "{forged:#x}: {kinds:?}");
        let attempted = |lane: usize| {
            let entry = offsets.lanes + lane * lane::SIZE;
            (lane < geometry().lane_count as usize).then_some(entry + lane::ATTEMPTED)
        };
        assert_eq!(forge(&attempted, forged), [""; 0], "{forged:#x}");
        let drops = |entry: usize| {
            let offset = offsets.processes + entry * process::SIZE + process::DROPS;
            (entry < geometry().process_count as usize).then_some(offset)
        };
        assert_eq!(forge(&drops, forged), [""; 0], "{forged:#x}");
    }
}

#[test]
fn a_wrong_ordinal_passes_no_block_over_for_good() {
    let mut chain = Chain::new(Some(5));
    // The block with ordinal 5 says 1000; two sweeps look for 5.
    assert!(chain.insert(0, 1, 1000, 0));
    assert!(!chain.settle() && chain.settle());
    assert_eq!(chain.ordinal(), Some(1000));
    // The lane goes on: its next blocks were never read.
    assert!(chain.insert(1, 1, 6, 0) && chain.insert(2, 1, 7, 0));
    assert!(!chain.insert(3, 1, 4, 0), "what was read before stays read");
    // A block whose word is written again and again is one block.
    for ordinal in 2000..9000 {
        assert!(chain.insert(4, 1, ordinal, 0));
    }
    let known = (2000..9000).filter(|ordinal| chain.block_of(*ordinal).is_some());
    assert_eq!(known.count(), 1);
}
