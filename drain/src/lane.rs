//! One lane as it is read: its chain of blocks, the private copy of its next record, what was
//! delivered last. The drain reads so, and those who only watch; called by `merge.rs`; never frees and
//! never writes.

mod ahead;

use std::time::{Duration, Instant};

use logring::layout::word::{BlockWord, ExtOf, ordinal_distance};
use logring::layout::{LaneRef, record};
use logring::ring::reader::{self, Chain, Header, Look, Position};
use logring::ring::{Memory, Recycled};
use logring::shm::Tally;

use crate::ledger::LaneMark;
use crate::notice::Who;
use ahead::Ahead;

/// The first slot of a lane's next record, copied and not yet believed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) at: Position,
    /// As the header has it, until a later one takes its place that can be.
    pub(crate) timestamp: u64,
    pub(crate) sequence: u64,
    pub(crate) callsite: u32,
    payload_len: u32,
    pub(crate) context_len: u32,
    slots: u32,
    pub(crate) flags: u16,
    fragments: u16,
    pub(crate) level: u8,
    long: bool,
    /// Where its slot stands if it was copied with one before it.
    ahead: Option<u32>,
}

impl Head {
    /// The head at `at` of so many slots, of a level, with its payload in extension blocks or not.
    #[inline(always)]
    fn new(
        at: Position,
        header: &Header,
        (slots, level, long): (u32, u8, bool),
        ahead: Option<u32>,
    ) -> Self {
        let Header { timestamp, sequence, callsite, payload_len, flags, fragments, context_len } =
            *header;
        Self {
            at,
            timestamp,
            sequence,
            callsite,
            payload_len,
            context_len,
            slots,
            flags,
            fragments,
            level,
            long,
            ahead,
        }
    }
}

/// A block that holds nothing more for the drain, once the batch that it belongs to is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spent {
    pub(crate) block: u32,
    pub(crate) generation: u32,
    pub(crate) lane: LaneRef,
}

/// Who writes a lane.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Owner {
    pub(crate) pid: u32,
    pub(crate) tid: u32,
    /// Index of the process's entry, if it is known.
    pub(crate) process: Option<u32>,
    /// It may overwrite blocks of its own while they are read.
    pub(crate) recycles: bool,
    /// It is a thread's flight recorder.
    pub(crate) flight: bool,
}

/// What is to be told of a lane. Not at once: a writer of rubbish would fill the output with notices.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Untold {
    /// Records and stamps that made no sense.
    pub(crate) malformed: u64,
    /// Records with a time or number that cannot be.
    pub(crate) implausible: u64,
    /// When something was told last.
    told_at: Option<Instant>,
}

/// Between two notices of a kind about a lane.
const TELL_EVERY: Duration = Duration::from_secs(1);

impl Untold {
    /// Whether there is something to tell.
    pub(crate) fn is_some(&self) -> bool {
        self.malformed + self.implausible > 0
    }

    /// What is to be told now: the first at once, more after a while, the rest at the lane's end.
    pub(crate) fn take(&mut self, is_last: bool) -> Option<Self> {
        let now = Instant::now();
        let due = is_last || self.told_at.is_none_or(|at| now.duration_since(at) >= TELL_EVERY);
        (due && self.is_some())
            .then(|| std::mem::replace(self, Self { told_at: Some(now), ..Self::default() }))
    }
}

/// How far a replay reads a lane: behind it stands what the interrupted batch did not have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// Ordinal of the last block that the batch read in.
    pub(crate) ordinal: u64,
    /// How many slots of which block it had read; of another block of that ordinal none.
    pub(crate) block: Option<(u32, u32)>,
}

/// A record's bytes in private memory, its parts found and their lengths checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) level: u8,
    pub(crate) callsite: u32,
    pub(crate) flags: u16,
    pub(crate) context_len: u32,
    pub(crate) payload: &'a [u8],
}

/// What came of a lane's next record.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Taken<'a> {
    Record(Record<'a>),
    /// What its lengths say cannot be.
    Malformed,
    /// It was written over while it was copied: a reader that holds nothing back is too late.
    Outrun,
}

/// How copying an extension went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Copied {
    Whole,
    Malformed,
    Outrun,
}

/// The reading side of one lane.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) lane: LaneRef,
    pub(crate) owner: Owner,
    pub(crate) chain: Chain,
    pub(crate) head: Option<Head>,
    /// What stands where the lane has nothing committed.
    pub(crate) open: Option<(Position, bool)>,
    /// Last sequence delivered or reported; `None` = nothing is known of what came before.
    pub(crate) sequence: Option<u64>,
    /// The word of dropped sequences as read before the stamps.
    pub(crate) attempted: u64,
    /// The lane's end was seen before the last sweep.
    pub(crate) over: bool,
    /// Housekeeping has proof that its process is dead.
    pub(crate) dead: bool,
    /// The slot that was last seen busy, and since when.
    pub(crate) busy_since: Option<(Position, Instant)>,
    /// A busy slot that was waited for long enough: its record will be late.
    pub(crate) excused: Option<Position>,
    /// No ledger had a mark of it.
    pub(crate) is_new: bool,
    /// Its writer held a record for longer than `max_hold`, which is not told yet.
    pub(crate) overheld: bool,
    /// In this pass a record in the middle of being written was waited for.
    pub(crate) held: bool,
    /// It has moved since the last batch.
    pub(crate) touched: bool,
    pub(crate) limit: Option<Limit>,
    pub(crate) untold: Untold,
    /// How many records were delivered.
    pub(crate) delivered: u64,
    /// What was reported since it was last asked.
    pub(crate) tally: Tally,
    /// Blocks were passed over unread: the next gap is no loss of the writer's.
    pub(crate) outrun: bool,
    /// Behind the last record that was taken.
    position: Option<Position>,
    bytes: Vec<u8>,
    long_payload: Vec<u8>,
    /// Records behind the head, copied with it.
    ahead: Ahead,
}

impl Lane {
    pub(crate) fn new(lane: LaneRef, owner: Owner, chain: Chain, sequence: Option<u64>) -> Self {
        Self {
            lane,
            owner,
            chain,
            head: None,
            open: None,
            sequence,
            attempted: 0,
            over: false,
            dead: false,
            busy_since: None,
            excused: None,
            held: false,
            is_new: false,
            overheld: false,
            touched: false,
            limit: None,
            untold: Untold::default(),
            delivered: 0,
            tally: Tally::default(),
            outrun: false,
            position: None,
            bytes: Vec::new(),
            long_payload: Vec::new(),
            ahead: Ahead::default(),
        }
    }

    /// Copies the first slot of the next record, if one is committed; blocks that turn out to be
    /// complete go to `spent`.
    #[inline(always)]
    pub(crate) fn fill<M: Memory>(&mut self, memory: &M, spent: &mut Vec<Spent>) {
        if self.head.is_some() {
            return;
        }
        self.head = self.ahead.pass(&self.chain);
        if self.head.is_none() {
            self.look(memory, spent);
        }
    }

    #[inline(never)]
    fn look<M: Memory>(&mut self, memory: &M, spent: &mut Vec<Spent>) {
        if M::PINS && self.owner.recycles {
            self.fill_from(&Recycled(memory), spent);
        } else {
            self.fill_from(memory, spent);
        }
    }

    fn fill_from<M: Memory>(&mut self, memory: &M, spent: &mut Vec<Spent>) {
        let lane = self.lane;
        self.open = None;
        loop {
            let mut completed = false;
            let look = self.chain.look(memory, |at| {
                completed = true;
                spent.push(Spent { block: at.block, generation: at.generation, lane });
            });
            self.touched |= completed;
            match look {
                Look::Record { at, slots, level, head } => {
                    if self.limit.is_some_and(|limit| self.is_beyond(limit, at)) {
                        return;
                    }
                    let len = memory.slot_words() as usize * 8;
                    // Unless the last record had as many slots as this one.
                    if self.bytes.len() != len {
                        self.bytes.resize(len, 0);
                    }
                    let is_alone = slots == 1 && !head;
                    let words = self.bytes.as_chunks_mut().0;
                    let block = memory.block(at.block);
                    let header = reader::fill_first(memory, block, at.slot, is_alone, words);
                    if !memory.holds(at.block, at.generation) {
                        self.chain.outrun();
                        continue;
                    }
                    self.head = Some(Head::new(at, &header, (slots, level, head), None));
                    if is_alone && M::PINS && !self.owner.recycles && self.limit.is_none() {
                        self.ahead.fill(memory, &self.chain, at);
                    }
                }
                Look::Open { at, busy } => self.open = Some((at, busy)),
                Look::Empty => {}
            }
            break;
        }
        if !M::PINS {
            self.outrun |= self.chain.take_outrun();
        }
    }

    /// Whether its owner has overwritten the next block, so that it is not known where it goes on.
    #[inline]
    pub(crate) fn is_stranded(&self) -> bool {
        self.head.is_none() && self.owner.recycles && self.chain.is_stranded()
    }

    fn is_beyond(&self, limit: Limit, at: Position) -> bool {
        let ordinal = self.chain.ordinal().unwrap_or(limit.ordinal);
        match ordinal_distance(limit.ordinal, ordinal) {
            0 => limit.block.is_none_or(|(block, slots)| block != at.block || at.slot >= slots),
            ahead => ahead > 0,
        }
    }

    /// Passes the head.
    pub(crate) fn skip(&mut self) {
        if let Some(head) = self.head.take() {
            self.chain.advance(head.slots);
        }
    }

    /// Whether the next record asks for what the flight recorders of its process hold.
    #[inline]
    pub(crate) fn wants_flight(&self) -> bool {
        self.head.is_some_and(|head| head.flags & record::flags::TRIGGER != 0)
    }

    /// Takes the head: copies the rest of its record and moves on behind it. Extension blocks of a
    /// long record go to `spent`.
    #[inline]
    pub(crate) fn take<M: Memory>(
        &mut self,
        memory: &M,
        payload_max: usize,
        spent: &mut Vec<Spent>,
    ) -> Taken<'_> {
        if M::PINS && self.owner.recycles {
            self.take_recycled(memory, payload_max, spent)
        } else {
            self.take_from(memory, payload_max, spent)
        }
    }

    #[inline(never)]
    fn take_recycled<M: Memory>(
        &mut self,
        memory: &M,
        payload_max: usize,
        spent: &mut Vec<Spent>,
    ) -> Taken<'_> {
        self.take_from(&Recycled(memory), payload_max, spent)
    }

    // Inline, so that what it returns stays in registers.
    #[inline(always)]
    fn take_from<M: Memory>(
        &mut self,
        memory: &M,
        payload_max: usize,
        spent: &mut Vec<Spent>,
    ) -> Taken<'_> {
        let Some(head) = self.head.take() else { return Taken::Malformed };
        self.chain.advance(head.slots);
        self.touched = true;
        self.position = Some(Position { slot: head.at.slot + head.slots, ..head.at });
        if head.slots > 1 {
            self.copy_rest(memory, head);
        }
        let Head { callsite, payload_len, flags, context_len, .. } = head;
        let payload_len = payload_len as usize;
        let fits = payload_len <= payload_max;
        let copied = if head.long && fits {
            self.take_extensions(memory, head, payload_len, spent)
        } else {
            Copied::Whole
        };
        if copied == Copied::Outrun || !memory.holds(head.at.block, head.at.generation) {
            self.chain.outrun();
            self.outrun = true;
            return Taken::Outrun;
        }
        let payload = match (head.long, copied) {
            (_, Copied::Malformed | Copied::Outrun) => None,
            (true, Copied::Whole) => self.long_payload.get(..payload_len),
            (false, Copied::Whole) => {
                let slot = head.ahead.map_or(&self.bytes[..], |place| self.ahead.slot(place));
                slot.get(record::PAYLOAD..).and_then(|payload| payload.get(..payload_len))
            }
        };
        let Some(payload) = payload.filter(|_| fits) else { return Taken::Malformed };
        Taken::Record(Record { level: head.level, callsite, flags, context_len, payload })
    }

    #[inline(never)]
    fn copy_rest<M: Memory>(&mut self, memory: &M, head: Head) {
        for slot in head.at.slot + 1..head.at.slot + head.slots {
            reader::copy_slot(memory, head.at.block, slot, 1, &mut self.bytes);
        }
    }

    /// Copies the payload of a long record out of its extension blocks, each of which must be the
    /// lane's and name this head; in a freed block that name is gone.
    #[inline(never)]
    fn take_extensions<M: Memory>(
        &mut self,
        memory: &M,
        head: Head,
        payload_len: usize,
        spent: &mut Vec<Spent>,
    ) -> Copied {
        let fragments = usize::from(head.fragments);
        let list_end = record::PAYLOAD + fragments * record::FRAGMENT_BYTES;
        let Some(list) = self.bytes.get(record::PAYLOAD..list_end) else {
            return Copied::Malformed;
        };
        let ext_of =
            ExtOf { generation: head.at.generation, slot: head.at.slot, block: head.at.block };
        self.long_payload.clear();
        let mut copied = Copied::Whole;
        for pair in list.chunks_exact(record::FRAGMENT_BYTES) {
            let (block, generation) = (u32_at(pair, 0), u32_at(pair, 4));
            if block >= memory.block_count() {
                copied = Copied::Malformed;
                continue;
            }
            let relaxed = logring::sync::Ordering::Relaxed;
            let word = memory.word(block).load(relaxed);
            let owned = BlockWord::Owned { generation, lane: self.lane }.raw() == word
                && memory.ext_of(block).load(relaxed) == ext_of.raw();
            let freed = !M::PINS && matches!(BlockWord::of(word), Some(BlockWord::Free { .. }));
            if !owned && !freed {
                copied = if M::PINS { Copied::Malformed } else { Copied::Outrun };
                continue;
            }
            spent.push(Spent { block, generation, lane: self.lane });
            for slot in 0..memory.slots_per_block() {
                if self.long_payload.len() >= payload_len {
                    break;
                }
                reader::copy_slot(memory, block, slot, 1, &mut self.long_payload);
            }
            if !memory.holds(block, generation) {
                copied = Copied::Outrun;
            }
        }
        copied
    }

    /// What became of its records since the last call, and in whose name.
    pub(crate) fn take_tally(&mut self) -> Option<(u32, Tally)> {
        let tally = std::mem::take(&mut self.tally);
        self.owner.process.filter(|_| tally != Tally::default()).map(|process| (process, tally))
    }

    /// Where the lane stands, for the ledger.
    pub(crate) fn mark(&self) -> LaneMark {
        LaneMark {
            lane: self.lane.index,
            inc: self.lane.inc,
            ordinal: self.chain.ordinal().unwrap_or(1),
            sequence: self.sequence.unwrap_or(0),
            flags: 0,
        }
    }

    /// Whom a notice about this lane names.
    pub(crate) fn who(&self) -> Who {
        Who { pid: self.owner.pid, tid: self.owner.tid }
    }

    /// Where the lane is read: the block and the first slot not consumed.
    pub(crate) fn position(&self) -> Option<Position> {
        self.position
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
}
