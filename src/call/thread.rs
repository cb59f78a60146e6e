//! A thread's private state in each segment: where it stands, how it is found, how it is made.
//!
//! The states stand in wipe-on-fork pages, so that a forked child starts with nothing and registers
//! anew; the list of those pages is wiped too. A thread finds its state through a const-initialised
//! thread-local without a destructor, which a thread may use until its last instruction. A state
//! is used again when its lane is over.
#![expect(unsafe_code, reason = "states are found by pointers into pages that are never unmapped")]

use core::cell::{Cell, UnsafeCell};
use core::ptr::{self, NonNull};

use super::context::local::{self as context, Way};
use super::drain_thread;
use super::forked;
use super::installed::installed;
use super::producer::Producer;
use crate::layout::LaneRef;
use crate::layout::lane::LaneKind;
use crate::layout::word::INC_BITS;
use crate::record::Padded;
use crate::record::writer::{Extents, Rest};
use crate::ring::LaneCell;
use crate::ring::writer::State;
use crate::shm::{Block, Segment};
use crate::sync::Ordering::{AcqRel, Relaxed};
use crate::sync::{AtomicPtr, AtomicU64, fence, order};
use crate::sys::{self, thread_word};

/// The open record has extension blocks.
pub(crate) const HEAD: u8 = 1;
/// The lane had been idle when it was opened.
pub(crate) const IDLE: u8 = 2;

/// Where a thread finds its states; a power of two, so that an index is a mask.
const PLACES: usize = SEGMENTS_MAX + 1;
/// The place of the state in the installed segment, which has a place of its own besides: log calls
/// that name no logger look here, and nowhere else.
pub(crate) const INSTALLED: usize = 0;
/// How many segments one process can log into in its life.
pub(crate) const SEGMENTS_MAX: usize = if cfg!(test) { 255 } else { 31 };

/// One thread's state in one segment. All zero = never used.
#[repr(C, align(128))]
pub(crate) struct ThreadState {
    pub(crate) cell: LaneCell<Block>,
    /// Whose segment it is in.
    pub(crate) producer: Cell<Option<&'static Producer>>,
    /// The same segment, once the lane is registered.
    pub(crate) segment: Cell<Option<&'static Segment>>,
    /// Its tag, where a callsite's cached id has it.
    pub(crate) tag_bits: Cell<u64>,
    /// Payloads of fewer bytes take one slot and the short way; 0 where nothing takes that, as where
    /// each record has context. Written by its thread, and to 0 by [`all_take_long_way`].
    pub(crate) short: AtomicU64,
    /// What a record of a logger without context copies; null where that is nothing, or has several
    /// sources. Written as `short` is; it points into what the thread's context has published.
    pub(crate) context: AtomicPtr<Padded>,
    /// As `short`, for records with context.
    pub(crate) one_slot: Cell<usize>,
    /// Membarrier does not reach the process: its marks are fenced, on the long way.
    unfenced: Cell<bool>,
    /// Level of the open record.
    pub(crate) level: Cell<u8>,
    /// What is special about the open record: [`HEAD`], [`IDLE`].
    pub(crate) special: Cell<u8>,
    /// Whether its lane's blocks come back by the drain alone, which one that goes on in its own
    /// blocks does not wait for.
    pub(crate) gives_back: Cell<bool>,
    /// What the open record's writer goes on to.
    pub(crate) rest: UnsafeCell<Rest>,
    pub(crate) extents: UnsafeCell<Extents>,
    /// Extension blocks and their generations: a page, mapped at the first long record.
    pub(crate) extensions: Cell<Option<NonNull<Extension>>>,
    /// For calls inside a call of this state: a state with a lane of its own. A second state has
    /// none.
    second: Cell<Option<&'static Self>>,
    /// The thread's flight recorder: a state with a lane of its own, where its process has them.
    recorder: Cell<Option<&'static Self>>,
    /// Whose state this is: a lane reference + 1, [`TAKEN`] during registration, 0 = nobody's.
    owner: AtomicU64,
}

/// An extension block of the open record: its number and generation.
pub(crate) type Extension = [u32; 2];

const TAKEN: u64 = u64::MAX;
/// Bytes of a page of states; the first state's place holds the link to the next page.
const PAGE_BYTES: usize = 64 << 10;
const STATES: usize = PAGE_BYTES / size_of::<ThreadState>() - 1;

/// The link at the start of a page of states.
#[repr(C)]
struct Page {
    next: AtomicU64,
}

// A state's fields are its own thread's; other threads look only at `owner`, an atomic.
struct ReadOnly(ThreadState);
// SAFETY: the one value of this type is never written: its cell is closed and unregistered.
unsafe impl Sync for ReadOnly {}

/// What a thread finds before its first record: closed, unregistered.
static NOBODY: ReadOnly = ReadOnly(ThreadState::nobody());

thread_local! {
    static STATES_OF_THREAD: [Cell<*const ThreadState>; PLACES] =
        const { [const { Cell::new(&raw const NOBODY.0) }; PLACES] };
    /// The last place that is in use.
    static LAST_PLACE: Cell<usize> = const { Cell::new(0) };
}

thread_local! {
    static PRIVATE_REST: UnsafeCell<Rest> = const { UnsafeCell::new(Rest::slots(0, 0)) };
}

/// The calling thread's state in the installed segment, where it has one; it may be missing here
/// although the thread has one, see [`current`].
#[inline(always)]
pub(crate) fn at_installed() -> &'static ThreadState {
    // SAFETY: as in `at`; what it points at before it is set is zeros that are never written, and a
    // state of zeros is closed and unregistered.
    unsafe { &*thread_word::get().cast::<ThreadState>() }
}

const _: () = assert!(size_of::<ThreadState>() <= thread_word::ZEROS_BYTES);

/// The calling thread's state at a place: [`INSTALLED`], or [`Producer::place`].
#[inline(always)]
pub(crate) fn at(place: usize) -> &'static ThreadState {
    if place == INSTALLED {
        return at_installed();
    }
    let state = STATES_OF_THREAD.with(|states| states[place % PLACES].get());
    // SAFETY: it points at `NOBODY` or into a page of states, which are never unmapped; only this
    // thread and its signal handlers use it beside the atomic `owner`.
    unsafe { &*state }
}

/// The calling thread's state in `producer`'s segment.
pub(crate) fn current(producer: &'static Producer) -> &'static ThreadState {
    let state = at(producer.place());
    if state.cell.state() == State::Live {
        // The segment may have been installed since the thread registered in it.
        set_current(producer, state);
    }
    state
}

fn set_current(producer: &'static Producer, state: &'static ThreadState) {
    LAST_PLACE.set(LAST_PLACE.get().max(producer.place()));
    STATES_OF_THREAD.with(|states| {
        states[producer.place() % PLACES].set(state);
        if installed().is_some_and(|installed| ptr::eq(installed, producer)) {
            thread_word::set(state.as_owner());
        }
    });
}

/// The calling thread's states that a call is inside of, where they stand now.
pub(super) fn inside() -> impl Iterator<Item = &'static ThreadState> {
    let places = (1..=LAST_PLACE.get()).map(at);
    let all = places.flat_map(|state| [Some(state), state.second.get(), state.recorder.get()]);
    all.flatten().filter(|state| {
        state.cell.is_closed() && matches!(state.cell.state(), State::Live | State::Registering)
    })
}

/// The calling thread has no states any more.
pub(super) fn forget_all() {
    thread_word::set(NOBODY.0.as_owner());
    STATES_OF_THREAD.with(|states| states.iter().for_each(|state| state.set(&raw const NOBODY.0)));
}

/// The calling thread's records go this way from now on.
pub(crate) fn take_way(way: Way<'_>) {
    for place in 1..=LAST_PLACE.get() {
        at(place).set_way(way);
    }
}

/// The records of all threads have context from now on.
pub(crate) fn all_take_long_way() {
    fence(order::way_fence()); // pair:long-way
    for producer in Producer::all() {
        let mut link = producer.states();
        // pair:page
        while let Some(page) = NonNull::new(link.load(order::page_load()) as *mut Page) {
            for place in 1..=STATES {
                // SAFETY: as in `take_state`; what is written is atomic.
                let state = unsafe { page.cast::<ThreadState>().add(place).as_ref() };
                state.take_long_way();
            }
            // SAFETY: as in `take_state`.
            link = unsafe { &page.as_ref().next };
        }
    }
}

/// The calling thread's lane, registered where it has none.
pub(crate) fn lane(producer: &'static Producer) -> Option<LaneRef> {
    let state = current(producer);
    match state.cell.state() {
        State::Live => Some(state.cell.lane()),
        State::Unregistered => register(producer).map(|state| state.cell.lane()),
        State::Registering | State::Drain => None,
    }
}

/// Registers the calling thread: a state, the process's entry, a lane, and a second state and lane
/// for calls inside a call. `None` when a table is full. What the thread logs from inside (allocator
/// hooks, signal handlers) is dropped and counted.
#[cold]
pub(crate) fn register(producer: &'static Producer) -> Option<&'static ThreadState> {
    if drain_thread::drains(producer.segment()) || !forked::settle() {
        return None;
    }
    let state = take_state(producer)?;
    state.producer.set(Some(producer));
    state.cell.set_state(State::Registering);
    set_current(producer, state);
    let kind = if producer.overwrites() { LaneKind::Recycling } else { LaneKind::Main };
    if !equip(producer, state, kind) {
        set_current(producer, &NOBODY.0);
        return None;
    }
    producer.look_after_lock();
    // Now, since a signal handler may have interrupted the C library where it keeps the list of
    // robust mutexes. Without one, calls inside a call are dropped and counted.
    state.second.set(take_state(producer).filter(|second| {
        second.cell.set_state(State::Registering);
        equip(producer, second, LaneKind::Second)
    }));
    if producer.flight().is_some() {
        state.recorder.set(take_state(producer).filter(|recorder| {
            recorder.cell.set_state(State::Registering);
            equip(producer, recorder, LaneKind::Flight)
        }));
    }
    Some(state)
}

/// Gives a state that was just taken its lane, and opens it. False when a table is full; then the
/// state is nobody's again.
fn equip(producer: &'static Producer, state: &'static ThreadState, kind: LaneKind) -> bool {
    // Its last thread may have died in the middle of a long record.
    state.special.set(0);
    state.gives_back.set(!matches!(kind, LaneKind::Recycling | LaneKind::Flight));
    state.second.set(None);
    state.recorder.set(None);
    let lane = producer.segment().register_process().and_then(|process| {
        let lane = producer.segment().register_lane(process.index, kind)?;
        Some((lane, process))
    });
    let Some((lane, process)) = lane else {
        state.cell.set_state(State::Unregistered);
        state.owner.store(0, Relaxed);
        return false;
    };
    state.owner.store(owner_of(lane), Relaxed);
    state.producer.set(Some(producer));
    state.segment.set(Some(producer.segment()));
    state.tag_bits.set(u64::from(producer.tag()) << 32);
    state.unfenced.set(!process.fenced);
    state.one_slot.set(if process.fenced { producer.short_payload() } else { 0 });
    context::with_way(|way| state.set_way(way));
    // SAFETY: the state is this thread's, and no record is open in it.
    unsafe { *state.rest.get() = Rest::slots(0, 0).owned_by(state.as_owner()) };
    state.cell.adopt(producer.segment(), lane, process.index);
    true
}

/// The calling thread becomes the drain of `producer`'s segment, or is it no longer: if it has a lane
/// there, that is closed meanwhile. No call of it may be inside.
pub(super) fn set_drain(producer: &'static Producer, is_drain: bool) {
    let cell = &at(producer.place()).cell;
    match cell.state() {
        State::Live if is_drain => {
            cell.close();
            cell.set_state(State::Drain);
        }
        State::Drain if !is_drain => {
            cell.set_state(State::Live);
            cell.reopen();
        }
        _ => {}
    }
}

/// Where the drain's own records end, and whose they are: see `drain_thread`.
pub(super) fn private_rest() -> *mut Rest {
    PRIVATE_REST.with(|rest| {
        let at = rest.get();
        // SAFETY: this thread's alone, and no writer is open over it: nothing is written but inside
        // of one call.
        unsafe { *at = Rest::slots(0, 0).owned_by(NOBODY.0.as_owner()) };
        at
    })
}

/// The owner of writers over private memory: a state without a segment.
pub(crate) fn nobody() -> *const () {
    NOBODY.0.as_owner()
}

const fn owner_of(lane: LaneRef) -> u64 {
    ((lane.index as u64) << INC_BITS | lane.inc as u64) + 1
}

/// A state that nobody uses: a fresh one, or one whose lane is over.
fn take_state(producer: &Producer) -> Option<&'static ThreadState> {
    let mut link = producer.states();
    loop {
        let at = link.load(order::page_load()); // pair:page
        let page = match NonNull::new(at as *mut Page) {
            Some(page) => page,
            None => {
                let (fresh, wiped) = sys::map_wipe_on_fork(PAGE_BYTES).ok()?;
                producer.note_wiping(wiped);
                let fresh_at = fresh.as_ptr() as u64;
                // pair:page
                match link.compare_exchange(0, fresh_at, order::page_cas(), order::page_load()) {
                    Ok(_) => fresh.cast(),
                    Err(other) => {
                        // Another thread was first; ours stays mapped, untouched, at no cost.
                        NonNull::new(other as *mut Page)?
                    }
                }
            }
        };
        for place in 1..=STATES {
            // SAFETY: a page holds `STATES` states behind the first place; zero bytes are a valid
            // state; pages are never unmapped.
            let state = unsafe { page.cast::<ThreadState>().add(place).as_ref() };
            let owner = state.owner.load(Relaxed);
            if (owner == 0 || is_over(producer, owner))
                && state.owner.compare_exchange(owner, TAKEN, AcqRel, Relaxed).is_ok()
            {
                return Some(state);
            }
        }
        // SAFETY: as above; the link stands in the first place.
        link = unsafe { &page.as_ref().next };
    }
}

fn is_over(producer: &Producer, owner: u64) -> bool {
    if owner == TAKEN {
        return false;
    }
    let owner = owner - 1;
    let lane =
        LaneRef { index: (owner >> INC_BITS) as u32, inc: owner as u32 & ((1 << INC_BITS) - 1) };
    producer.segment().lane_has_ended(lane)
}

impl ThreadState {
    const fn nobody() -> Self {
        // SAFETY: all-zero is the unused state: null pointers, zero numbers, `None`.
        unsafe { core::mem::zeroed() }
    }

    /// Sets the way of its records. By its own thread.
    fn set_way(&self, way: Way<'_>) {
        if self.producer.get().is_none() {
            return;
        }
        let tag = (self.tag_bits.get() >> 32) as u32;
        let (short, context) = match way {
            Way::Short => (self.one_slot.get() as u64, ptr::null()),
            Way::Only(only) => (0, ptr::from_ref(only.bytes(tag))),
            Way::Long => (0, ptr::null()),
        };
        // Relaxed: only its own thread writes anything else than `take_long_way` does.
        self.short.store(short, Relaxed);
        self.context.store(context.cast_mut(), Relaxed);
        if !matches!(way, Way::Long) {
            fence(order::way_fence()); // pair:long-way
            if context::is_needed_by_process() {
                self.take_long_way();
            }
        }
    }

    /// The state is again what it was when it was copied, but nobody's to take.
    ///
    /// # Safety
    /// It is the calling thread's, and `copy` is a copy of it.
    pub(super) unsafe fn give_back(&self, copy: *const Self) {
        // SAFETY: the caller's promise; all fields may change behind a shared reference.
        unsafe { ptr::copy_nonoverlapping(copy, ptr::from_ref(self).cast_mut(), 1) };
        self.owner.store(TAKEN, Relaxed);
    }

    /// By any thread.
    fn take_long_way(&self) {
        // Relaxed: see `set_way`.
        self.short.store(0, Relaxed);
        self.context.store(ptr::null_mut(), Relaxed);
    }

    /// Between a mark and the clock: what membarrier does for processes that it reaches.
    #[inline(always)]
    pub(crate) fn fence_mark(&self) {
        if self.unfenced.get() {
            fence_for_want_of_membarrier();
        }
    }

    /// The state for a call inside a call of this state; `None` when a call is inside there too.
    pub(crate) fn inner(&self) -> Option<&'static Self> {
        self.second.get().filter(|second| !second.cell.is_closed())
    }

    /// The flight recorder of this state's thread; `None` when a call is inside, and for a call inside
    /// a call.
    pub(crate) fn recorder(&self) -> Option<&'static Self> {
        self.recorder.get().filter(|recorder| !recorder.cell.is_closed())
    }

    /// What a writer remembers of the thread that opened it.
    #[inline(always)]
    pub(crate) fn as_owner(&'static self) -> *const () {
        ptr::from_ref(self).cast()
    }

    /// Room for the list of a long record's extension blocks; `None` when nothing can be mapped.
    pub(crate) fn extension_list(&self) -> Option<NonNull<Extension>> {
        if self.extensions.get().is_none() {
            let (list, _) = sys::map_wipe_on_fork(EXTENSIONS_MAX * size_of::<Extension>()).ok()?;
            self.extensions.set(Some(list.cast()));
        }
        self.extensions.get()
    }
}

/// Extension blocks that one record takes at most; bounds `max_record_bytes` at about 15 MiB.
pub(crate) const EXTENSIONS_MAX: usize = 512;

/// A function of its own, so that no fence stands on the way of processes that membarrier reaches.
#[cold]
#[inline(never)]
fn fence_for_want_of_membarrier() {
    fence(order::mark_fence()); // pair:membarrier
    sys::clock_fence();
}
