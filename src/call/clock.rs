//! What a segment's timestamps are taken from, for who creates it (`builder.rs`). The segment's header
//! says it to everybody else.

use crate::layout::header::clock;

/// What timestamps are taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Clock {
    /// The processor's counter where the kernel trusts it, else the kernel's clock: the order of the
    /// output is that of time to tens of nanoseconds.
    #[default]
    Precise,
    /// The kernel's clock as of its last tick, 1 to 10 ms old. For machines whose counter the kernel does
    /// not trust (`/sys/devices/system/clocksource/clocksource0/current_clocksource` is not `tsc`): there
    /// each look at the precise clock can take a microsecond, and at this one a few nanoseconds. With a
    /// counter that is trusted it is the slower of the two, since its calls take the longer way.
    ///
    /// Nothing is lost by it, and each thread's records stand in their order. Records of different threads
    /// that fall into one tick stand in any order, cause and effect too; and a record is written a tick
    /// later, as is what a flush waits for.
    Coarse,
}

impl Clock {
    /// What the header has for it; `None` for the best one that there is.
    pub(super) const fn kind(self) -> Option<u32> {
        match self {
            Self::Precise => None,
            Self::Coarse => Some(clock::COARSE),
        }
    }
}
