//! A process that is stopped between two instructions of a log call, by ptrace.
#![expect(unsafe_code, reason = "ptrace has no safe form")]

use logring::layout::record;
use logring::layout::stamp::{Kind, Stamp};
use logring::ring::Memory;
use logring::shm::Segment;
use logring::sync::Ordering::Relaxed;

use super::{Peer, hear, say};

/// In the process that is traced: tells its tracer which thread this is, and waits for it.
pub fn introduce_this_thread() {
    // SAFETY: a call without arguments.
    say(unsafe { libc::gettid() }.to_string());
    hear();
}

/// In the process that is traced: stops; its tracer takes over.
pub fn give_over() {
    // SAFETY: a signal to this thread, which is traced.
    unsafe { libc::raise(libc::SIGUSR1) };
}

/// Where a record is being written, with its time: block, slot and generation. Its time is then before that
/// of all that is logged later.
pub fn busy(segment: &Segment) -> Option<(u32, u32, u32)> {
    let time = (record::TIMESTAMP / 8) as u32;
    (0..segment.block_count()).find_map(|block| {
        (0..segment.slots_per_block()).find_map(|slot| {
            let at = segment.block(block);
            let stamp = Stamp::of(segment.stamp(at, slot).load(Relaxed))?;
            let is_it = stamp.kind == Kind::Busy && segment.slot_word(at, slot, time) != 0;
            is_it.then_some((block, slot, stamp.generation))
        })
    })
}

/// Whether a record has been marked that has no time yet, in a ring whose slots were never used before.
pub fn is_marked(segment: &Segment) -> bool {
    (0..segment.block_count()).any(|block| {
        (0..segment.slots_per_block()).any(|slot| {
            let stamp = Stamp::of(segment.stamp(segment.block(block), slot).load(Relaxed));
            stamp.is_some_and(|stamp| stamp.kind == Kind::Busy)
        })
    }) && busy(segment).is_none()
}

/// A thread of a peer, stopped in the middle of a record.
#[derive(Debug)]
pub struct Stopped(libc::pid_t);

impl Stopped {
    /// Goes on with a peer that introduces itself and then gives over, step by step until a record is
    /// being written.
    pub fn in_a_record(segment: &Segment, peer: &mut Peer) -> Self {
        Self::in_a_record_seen(segment, peer, |_| ())
    }

    /// The same; `seen` has a look before each step.
    pub fn in_a_record_seen(
        segment: &Segment,
        peer: &mut Peer,
        mut seen: impl FnMut(&Self),
    ) -> Self {
        let stopped = Self(peer.hear().parse().expect("a thread id"));
        stopped.request(libc::PTRACE_SEIZE, 0);
        peer.say("go on");
        stopped.wait(libc::SIGUSR1);
        while busy(segment).is_none() {
            seen(&stopped);
            stopped.request(libc::PTRACE_SINGLESTEP, 0);
            stopped.wait(libc::SIGTRAP);
        }
        stopped
    }

    /// Lets it run, with this signal; 0 = none.
    pub fn go_on(self, signal: libc::c_int) {
        self.request(libc::PTRACE_DETACH, signal);
    }

    /// The first bytes of the instruction that comes next.
    #[cfg(target_arch = "x86_64")]
    pub fn instruction(&self) -> [u8; 8] {
        let none = std::ptr::null_mut::<u8>();
        let mut registers = std::mem::MaybeUninit::<libc::user_regs_struct>::uninit();
        // SAFETY: a thread of our own child, and a place for its registers, which are read when they are
        // there; then a word of its code.
        unsafe {
            let place = registers.as_mut_ptr();
            assert_eq!(libc::ptrace(libc::PTRACE_GETREGS, self.0, none, place), 0);
            let at = std::ptr::without_provenance_mut::<u8>(registers.assume_init().rip as usize);
            libc::ptrace(libc::PTRACE_PEEKTEXT, self.0, at, none).to_ne_bytes()
        }
    }

    fn request(&self, request: libc::c_uint, signal: libc::c_int) {
        let none = std::ptr::null_mut::<u8>();
        // SAFETY: a thread of our own child; these requests take no memory.
        let code = unsafe { libc::ptrace(request, self.0, none, libc::c_long::from(signal)) };
        assert_eq!(code, 0, "ptrace {request}: {}", std::io::Error::last_os_error());
    }

    /// Waits until it is stopped, by this signal.
    fn wait(&self, signal: libc::c_int) {
        let mut status = 0;
        // SAFETY: a thread of our own child, and a place for its status.
        assert_eq!(unsafe { libc::waitpid(self.0, &raw mut status, libc::__WALL) }, self.0);
        let is_it = libc::WIFSTOPPED(status) && libc::WSTOPSIG(status) == signal;
        assert!(is_it, "status {status:#x}");
    }
}
