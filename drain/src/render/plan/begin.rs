//! What stands before the values of a plan's lines: most lines of a plan are of one second and of one
//! process, so all of it is laid out at once.

use crate::render::line::{Line, Piece};
use crate::render::shape::piece;

/// The end of what stands before the values. Most lines of a plan are of one process: its id is laid out
/// with the rest.
#[derive(Debug)]
pub(super) struct Facts {
    /// Up to the process id.
    pub(super) before: Box<[u8]>,
    /// Whether that stands in the line; a pair of its name takes its place.
    pub(super) has_pid: bool,
    /// The process whose id stands in `whole`.
    pub(super) pid: u32,
    pub(super) whole: Piece,
    /// Lines of other processes.
    pub(super) others: u32,
}

/// The begin of many lines: all that is the same in those of a second and of a process.
#[derive(Debug)]
pub(super) struct Begin {
    /// From the timestamp's end to the text, if that is the record's.
    pub(super) front: Box<[u8]>,
    /// The second as `Stamps::turns` counts them, and the process; 0 = nothing is laid out.
    pub(super) turns: u32,
    pub(super) pid: Option<u32>,
    pub(super) whole: Piece,
    /// The byte behind the timestamp.
    pub(super) behind: u8,
}

/// The id that is laid out changes for one in so many lines of other processes.
const OTHERS_EACH: u32 = 16;

impl Facts {
    pub(super) fn new(before: Box<[u8]>, has_pid: bool, pid: u32) -> Self {
        let mut facts = Self { before, has_pid, pid, whole: Piece::new(b""), others: 0 };
        facts.lay_out(pid);
        facts
    }

    fn lay_out(&mut self, pid: u32) {
        let whole = piece(|line| {
            line.bytes(&self.before);
            if self.has_pid {
                line.integer(pid.into());
            }
        });
        (self.pid, self.whole) = (pid, Piece::new(&whole));
    }

    #[inline(always)]
    pub(super) fn write(&mut self, pid: u32, line: &mut Line<'_>) {
        if pid != self.pid && self.has_pid {
            let at = self.write_other(pid, line.reborrow());
            return line.resume(at);
        }
        line.piece(&self.whole);
    }

    #[inline(never)]
    fn write_other(&mut self, pid: u32, mut line: Line<'_>) -> usize {
        if self.others.is_multiple_of(OTHERS_EACH) {
            self.lay_out(pid);
        }
        self.others = self.others.wrapping_add(1);
        line.bytes(&self.before);
        line.integer(pid.into());
        line.at()
    }
}
