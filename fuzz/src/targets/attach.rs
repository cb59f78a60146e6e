//! Segments: a file is attached or refused; all that can be asked of an attached one has an answer, and
//! its ring can be read to its end.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use logring::layout::Geometry;
use logring::ring::Memory;
use logring::ring::reader::{self, Chain, Look, Sweep};
use logring::shm::{Segment, SegmentSpec};
use logring::{Overflow, info, warn};

use super::Target;

/// `Segment::attach_file`, and looking around in it.
pub(crate) struct Attach {
    path: PathBuf,
    accepted: u64,
}

impl Default for Attach {
    fn default() -> Self {
        let name = format!("logring-fuzz-segment-{}", std::process::id());
        Self { path: std::env::temp_dir().join(name), accepted: 0 }
    }
}

impl Drop for Attach {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn geometry() -> Geometry {
    Geometry {
        slot_size: 64,
        slots_per_block: 8,
        block_count: 8,
        process_count: 2,
        lane_count: 4,
        level_count: 4,
        dictionary_slots: 16,
        dictionary_bytes: 4096,
    }
}

/// A segment into which records of all kinds were logged; its name is gone.
pub(crate) fn real_segment() -> Segment {
    let name = format!("fuzz-{}", std::process::id());
    let spec = SegmentSpec {
        geometry: Geometry {
            dictionary_slots: 256,
            dictionary_bytes: 64 << 10,
            block_count: 16,
            ..geometry()
        },
        ..SegmentSpec::new(name.clone())
    };
    let segment = Segment::create(&spec).expect("created");
    let builder = logring::builder(name).overflow(Overflow::Drop);
    let log = builder.open().expect("attached").bind(logring::kv! { tenant = "acme" });
    let error = std::io::Error::other("no answer");
    info!(logger: log, "plain");
    info!(logger: log, "numbers", a = 1, b = -1i64, c = u64::MAX, d = 1.5, e = i128::MIN, f = true);
    info!(logger: log, "took {ms:.1} for {}", path = "/x", ms = 12.5);
    warn!(logger: log, "debug", list = ?[1, 2], text = %"shown", none = Option::<u32>::None);
    info!(logger: log, "bytes", bytes = logring::Bytes(b"\x00\xff"), span = std::time::Duration::from_millis(3));
    info!(logger: log, "failed", err = error);
    info!(logger: log, "long", text = "x".repeat(300));
    let paths = segment.paths().expect("named").clone();
    for path in [paths.segment, paths.lock, paths.drain] {
        let _ = fs::remove_file(path);
    }
    segment
}

/// Each record of the ring: its level, and its bytes, reserved words left out.
pub(crate) fn each_record(segment: &Segment, mut found: impl FnMut(u8, &[u8])) {
    let mut chains: Vec<(logring::layout::LaneRef, Chain)> = Vec::new();
    let mut sweep = Sweep::new(segment.block_count());
    for _ in 0..2 {
        sweep.run(segment, |owned| {
            let known = chains.iter().position(|(lane, _)| *lane == owned.lane);
            let at = known.unwrap_or_else(|| {
                chains.push((owned.lane, Chain::new(None)));
                chains.len() - 1
            });
            match owned.ordinal {
                Some(ordinal) => {
                    let _ = chains[at].1.insert(owned.block, owned.generation, ordinal, 0);
                }
                None => chains[at].1.insert_last(owned.block, owned.generation, 0),
            }
        });
        for (_, chain) in &mut chains {
            chain.settle();
        }
    }
    for (_, chain) in &mut chains {
        // Twice as many steps as there are slots: a reader that does not come to an end is seen.
        let slots = segment.block_count() * segment.slots_per_block();
        let mut steps = 0;
        while let Look::Record { at, slots: taken, level, .. } = chain.look(segment, |_| {}) {
            steps += 1;
            assert!(steps <= 2 * slots, "the chain comes to no end");
            let mut bytes = vec![0; segment.slot_words() as usize * 8];
            reader::fill_slot(segment, at.block, at.slot, 0, &mut bytes);
            for slot in at.slot + 1..at.slot + taken {
                reader::copy_slot(segment, at.block, slot, 1, &mut bytes);
            }
            found(level, &bytes);
            chain.advance(taken);
        }
    }
}

impl Target for Attach {
    fn name(&self) -> &'static str {
        "attach"
    }

    fn seeds(&mut self) -> Vec<Vec<u8>> {
        let _ = fs::remove_file(&self.path);
        let spec = SegmentSpec { geometry: geometry(), ..SegmentSpec::new("fuzz") };
        drop(Segment::create_file(&self.path, &spec).expect("created"));
        let fresh = fs::read(&self.path).expect("its bytes");
        // Blocks that are owned and begun, with records and a pad, by hand: the smallest real ring.
        let segment = Segment::attach_file(&self.path).expect("as it was made");
        let offsets = *segment.offsets();
        let mut used = fresh.clone();
        let mut put = |offset: usize, word: u64| {
            used[offset..offset + 8].copy_from_slice(&word.to_le_bytes())
        };
        use logring::layout::{Begun, BlockWord, LaneRef, Stamp, stamp::Kind};
        for block in 0..3u32 {
            let lane = LaneRef { index: block / 2, inc: 0 };
            put(offsets.words + block as usize * 8, BlockWord::Owned { generation: 1, lane }.raw());
            let begun = Begun { generation: 1, ordinal: 1 + u64::from(block % 2) };
            put(
                offsets.heads + block as usize * logring::layout::geometry::HEAD_BYTES,
                begun.raw(),
            );
            for slot in 0..4u32 {
                let kind = if slot == 3 { Kind::Pad } else { Kind::Record };
                let stamp = Stamp { generation: 1, kind, slots: 1, level: 20 };
                let slots = segment.slots_per_block();
                put(offsets.slots + (block * slots + slot) as usize * 64, stamp.raw());
            }
        }
        vec![fresh, used]
    }

    fn run(&mut self, input: &[u8]) {
        fs::write(&self.path, input).expect("written");
        fs::set_permissions(&self.path, fs::Permissions::from_mode(0o600)).expect("ours");
        let segment = match Segment::attach_file(&self.path) {
            Ok(segment) => segment,
            Err(error) => {
                assert!(!error.to_string().is_empty(), "an error says something");
                return;
            }
        };
        self.accepted += 1;
        let mut content = Vec::new();
        for id in segment.dictionary_ids() {
            content.clear();
            segment.dictionary_get(id, &mut content);
        }
        for index in 0..segment.geometry().lane_count.min(64) {
            let _ = (segment.lane_info(index), segment.attempted(index));
        }
        for index in 0..segment.geometry().process_count.min(8) {
            let _ = segment.process_info(index);
        }
        let _ = (segment.drain_area().sinks(), segment.drain_area().anchor(), segment.is_removed());
        each_record(&segment, |_, bytes| assert!(!bytes.is_empty(), "a record has bytes"));
    }

    fn accepted(&self) -> u64 {
        self.accepted
    }
}
