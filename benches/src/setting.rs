//! Under which circumstances calls are measured: who else logs, and what the drain does meanwhile.

/// One set of circumstances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Setting {
    /// One thread; the drain sleeps between batches; order is strict.
    Plain,
    /// Two threads of one process.
    #[value(name = "threads-2")]
    Threads2,
    /// Four threads of one process.
    #[value(name = "threads-4")]
    Threads4,
    /// Two processes.
    #[value(name = "processes-2")]
    Processes2,
    /// Four processes.
    #[value(name = "processes-4")]
    Processes4,
    /// Another process keeps the drain at work.
    DrainBusy,
    /// Nobody reads meanwhile.
    DrainAbsent,
    /// Order by a window of time.
    OrderWindow,
}

impl Setting {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Plain,
        Self::Threads2,
        Self::Threads4,
        Self::Processes2,
        Self::Processes4,
        Self::DrainBusy,
        Self::DrainAbsent,
        Self::OrderWindow,
    ];

    /// Its name in results and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Threads2 => "threads-2",
            Self::Threads4 => "threads-4",
            Self::Processes2 => "processes-2",
            Self::Processes4 => "processes-4",
            Self::DrainBusy => "drain-busy",
            Self::DrainAbsent => "drain-absent",
            Self::OrderWindow => "order-window",
        }
    }

    /// Threads of the measured process that log.
    #[must_use]
    pub const fn threads(self) -> u64 {
        match self {
            Self::Threads2 => 2,
            Self::Threads4 => 4,
            _ => 1,
        }
    }

    /// Processes that log and are measured.
    #[must_use]
    pub const fn processes(self) -> u64 {
        match self {
            Self::Processes2 => 2,
            Self::Processes4 => 4,
            _ => 1,
        }
    }

    /// What the drain does.
    #[must_use]
    pub const fn drain(self) -> &'static str {
        match self {
            Self::DrainBusy => "busy",
            Self::DrainAbsent => "absent",
            _ => "idle",
        }
    }

    /// How the drain orders, as its config has it.
    #[must_use]
    pub const fn order(self) -> &'static str {
        match self {
            Self::OrderWindow => "window",
            _ => "strict",
        }
    }
}
