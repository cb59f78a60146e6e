//! The model drain: what the real one does with a ledger and its cursors, and no more.

use super::model::{BLOCKS, Block, LANES, Record, Rendering, SLOTS, World, fault};
use crate::{
    cursor::{Batch, Cursor, Replayed, Step},
    ledger::{BlockMark, ClockLine, LaneMark, Ledger, Marks},
    seam::hooks,
    sink::SinkSpec,
};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

const UUID: [u8; 16] = *b"model of the rin";

pub(super) struct Drain {
    ledger: Arc<Ledger>,
    cursors: Vec<Cursor>,
    /// Per cursor: positions read, and the last sequence of each lane.
    read: Vec<Vec<(u32, u32)>>,
    sequences: Vec<Vec<u64>>,
    now: Instant,
    rounds: u32,
}

impl Drain {
    pub(super) fn start(world: &mut World) -> Result<Self, String> {
        let specs: Vec<SinkSpec> = (world.setup.sinks.iter())
            .map(|path| SinkSpec::parse(&format!("json:{}", path.display()), &["json"]).unwrap())
            .collect();
        let names: Vec<String> = specs.iter().map(|spec| spec.cursor_name().unwrap()).collect();
        let path = world.dir.join("ledger");
        let (ledger, _) =
            Ledger::open(&path, UUID, BLOCKS, LANES, &names).map_err(|error| error.to_string())?;
        let ledger = Arc::new(ledger);
        let cursors: Result<Vec<Cursor>, _> = (specs.iter().enumerate())
            .map(|(index, spec)| Cursor::open(&ledger, index, spec))
            .collect();
        let mut drain = Self {
            ledger,
            cursors: cursors.map_err(|error| error.to_string())?,
            read: Vec::new(),
            sequences: Vec::new(),
            now: Instant::now(),
            rounds: 0,
        };
        for index in 0..drain.cursors.len() {
            drain.replay(world, index)?;
            drain.take_position();
        }
        drain.free(world);
        Ok(drain)
    }

    fn take_position(&mut self) {
        let index = self.read.len();
        let read = (0..BLOCKS).map(|block| self.ledger.consumed(index, block)).collect();
        let lane = |lane| self.ledger.lane(index, lane).map_or(0, |mark| mark.sequence);
        let sequences = (0..LANES).map(lane).collect();
        self.read.push(read);
        self.sequences.push(sequences);
    }

    fn replay(&mut self, world: &mut World, index: usize) -> Result<(), String> {
        let Some(replay) = self.cursors[index].replay().cloned() else { return Ok(()) };
        let mut records: Vec<Record> = Vec::new();
        for mark in &replay.marks.blocks {
            let consumed = self.ledger.consumed(index, mark.block);
            records.extend(world.ring.between(consumed, mark));
        }
        records.sort_by_key(|record| record.number);
        if let Some(last) = records.last()
            && (replay.watermark, replay.clock) != (last.number, clock(last.number))
        {
            fault(format!("the replay has {replay:?}, its last record is {last:?}"));
        }
        let mut text: String = records.iter().map(|r| Record::line(r.number)).collect();
        if world.setup.rendering == Rendering::Other {
            text = text.replace("record", "Record");
        }
        let bytes = (world.setup.rendering != Rendering::None).then_some(text.as_bytes());
        let replayed = self.cursors[index].finish_replay(bytes).map_err(|e| e.to_string())?;
        if replayed == Replayed::Finishing {
            self.write(world, index);
        }
        Ok(())
    }

    pub(super) fn round(&mut self, world: &mut World) {
        self.rounds += 1;
        if self.rounds > 500 {
            fault("the drain makes no progress".to_owned());
        }
        for _ in 0..world.setup.batch + 2 {
            if world.ring.written < world.setup.total {
                world.ring.produce();
            }
        }
        for index in 0..self.cursors.len() {
            if self.cursors[index].has_failed() {
                match self.cursors[index].heal() {
                    Ok(()) => {
                        self.read_again(index);
                    }
                    Err(_) => continue,
                }
            }
            if let Some(batch) = self.gather(world, index) {
                self.cursors[index].submit(Arc::new(batch));
            }
            self.write(world, index);
        }
        self.free(world);
    }

    fn read_again(&mut self, index: usize) {
        let read = (0..BLOCKS).map(|block| self.ledger.consumed(index, block)).collect();
        self.read[index] = read;
        for lane in 0..LANES {
            let mark = self.ledger.lane(index, lane);
            self.sequences[index][lane as usize] = mark.map_or(0, |mark| mark.sequence);
        }
    }

    /// The oldest records that the cursor has not read, with the positions after them.
    fn gather(&mut self, world: &World, index: usize) -> Option<Batch> {
        let mut found: Vec<(Record, u32)> = Vec::new();
        for (n, block) in world.ring.blocks.iter().enumerate() {
            let (generation, slots) = (block.generation, block.records.len() as u32);
            let to = BlockMark { block: n as u32, generation, slots };
            let unread = world.ring.between(self.read[index][n], &to);
            found.extend(unread.iter().map(|record| (*record, n as u32)));
        }
        found.sort_by_key(|(record, _)| record.number);
        found.truncate(world.setup.batch);
        let last = found.last()?.0.number;
        let mut blocks: BTreeMap<u32, BlockMark> = BTreeMap::new();
        let mut lanes: BTreeMap<u32, LaneMark> = BTreeMap::new();
        let mut bytes = Vec::new();
        for (record, n) in &found {
            let block = &world.ring.blocks[*n as usize];
            let read = &mut self.read[index][*n as usize];
            *read = (block.generation, if read.0 == block.generation { read.1 + 1 } else { 1 });
            let mark = BlockMark { block: *n, generation: read.0, slots: read.1 };
            blocks.insert(*n, mark);
            let (lane, ordinal) = block.owner.unwrap();
            let seen = &mut self.sequences[index][lane as usize];
            if record.sequence != *seen + 1 {
                fault(format!("lane {lane}: after {seen} comes {}", record.sequence));
            }
            *seen = record.sequence;
            let mark = LaneMark { lane, inc: 7, ordinal, sequence: *seen, flags: lane };
            lanes.insert(lane, mark);
            bytes.extend_from_slice(Record::line(record.number).as_bytes());
        }
        let marks =
            Marks { blocks: blocks.into_values().collect(), lanes: lanes.into_values().collect() };
        Some(Batch { bytes, marks, watermark: last, clock: clock(last) })
    }

    /// Steps until the queue is empty or the cursor has failed.
    fn write(&mut self, world: &mut World, index: usize) {
        if let Some((sink, after)) = world.setup.fail
            && sink == index
            && !world.has_failed
            && self.cursors[index].queued_bytes() > 0
            && self.sequences.get(index).is_some_and(|s| s.iter().sum::<u64>() > after)
        {
            world.has_failed = true;
            hooks::change(|script| script.room = Some(9));
            let step = self.cursors[index].step(self.now);
            assert!(matches!(step, Step::Stuck { .. }), "{step:?}");
            hooks::change(|script| script.room = None);
            self.cursors[index].fail();
        }
        for _ in 0..200 {
            match self.cursors[index].step(self.now) {
                Step::Idle => {
                    world.missed += self.cursors[index].take_missed();
                    world.troubles.extend(self.cursors[index].take_troubles());
                    return;
                }
                Step::Done(_) => {}
                Step::Stuck { retry_at } => {
                    assert!(retry_at > self.now);
                    if let Some(act) = world.setup.on_stuck
                        && !world.has_acted
                    {
                        world.has_acted = true;
                        act(&world.setup.sinks[index]);
                        hooks::change(|script| script.room = None);
                    }
                    self.now += Duration::from_secs(2);
                }
            }
        }
        fault(format!("sink {index} stays stuck: {:?}", self.cursors[index].stuck()));
    }

    /// Step (6).
    fn free(&self, world: &mut World) {
        for (n, block) in world.ring.blocks.iter_mut().enumerate() {
            let consumed = |cursor| {
                !self.ledger.counts(cursor)
                    || self.ledger.consumed(cursor, n as u32) == (block.generation, SLOTS)
            };
            if block.owner.is_some() && (0..self.cursors.len()).all(consumed) {
                hooks::before_store();
                let generation = block.generation + 1;
                *block = Block { generation, ..Block::default() };
            }
        }
    }

    pub(super) fn is_finished(&self, world: &World) -> bool {
        world.ring.written == world.setup.total
            && world.ring.blocks.iter().enumerate().all(|(n, block)| {
                let all = (block.generation, block.records.len() as u32);
                let has = |index: usize| {
                    let consumed = self.ledger.consumed(index, n as u32);
                    consumed == all || block.records.is_empty()
                };
                (0..self.cursors.len()).all(|i| self.ledger.counts(i) && has(i))
            })
    }
}

fn clock(number: u64) -> ClockLine {
    ClockLine { clock: number, realtime_ns: -(number as i64), ns_per_tick: number << 32 }
}
