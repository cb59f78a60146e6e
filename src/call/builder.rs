//! Joining a segment: `logring::builder("billing").level(Level::Info).install()`.

use std::fmt;

use super::clock::Clock;
use super::filter::Filter;
use super::installed;
use super::logger::Logger;
use super::overflow::{Overflow, Policies, Shares};
use super::producer::Producer;
use crate::error::{Error, Result};
use crate::layout::geometry;
use crate::level::Level;
use crate::shm::Segment;

/// The environment variable whose filter wins over the program's.
pub const FILTER_VARIABLE: &str = "LOGRING";

/// Default of [`Builder::max_record_bytes`].
pub const MAX_RECORD_BYTES: u32 = 1 << 20;

/// What a builder has been told, the environment included.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The segment's name; not checked.
    pub(crate) name: String,
    /// Bytes of the ring, where it is created.
    pub(crate) ring_bytes: u64,
    /// Its clock, where it is created.
    pub(crate) clock: Clock,
    /// When it is full.
    pub(crate) overflow: Policies,
    /// How much of it this process may take.
    pub(crate) shares: Shares,
    /// Its flight recorders.
    pub(crate) flight: Option<Flight>,
    /// Longest payload.
    pub(crate) max_record_bytes: u32,
    /// Thresholds.
    pub(crate) filter: Filter,
    /// Names of own levels.
    pub(crate) own_levels: Vec<(Level, String)>,
}

/// What flight recorders keep: levels from `level` up, in so many blocks, until one from `trigger` up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flight {
    pub(crate) level: u8,
    pub(crate) trigger: u8,
    pub(crate) blocks: u32,
}

/// What begins with the segment's logger once it is attached, and may refuse.
type Start = fn(&Logger) -> Result<()>;

/// How this process joins a segment; ends with [`Builder::install`] or [`Builder::open`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `install` or `open`"]
pub struct Builder {
    name: String,
    level: Level,
    spec: String,
    ring_bytes: u64,
    clock: Clock,
    overflow: Policies,
    shares: Shares,
    flight: Option<Flight>,
    max_record_bytes: u32,
    own_levels: Vec<(Level, String)>,
    starts: Vec<Start>,
}

/// A builder for the segment of this name; the first process creates it. Names match
/// `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`.
pub fn builder(name: impl Into<String>) -> Builder {
    Builder {
        name: name.into(),
        level: Level::Info,
        spec: String::new(),
        ring_bytes: geometry::RING_BYTES,
        clock: Clock::default(),
        overflow: Policies::default(),
        shares: Shares::default(),
        flight: None,
        max_record_bytes: MAX_RECORD_BYTES,
        own_levels: Vec::new(),
        starts: Vec::new(),
    }
}

impl Builder {
    /// Records of this level and above go out; default info. `LOGRING` wins.
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// A filter as in `info,db=debug`, see [`Filter`]; where it gives no default level,
    /// [`Builder::level`] does. `LOGRING` in the environment wins: of that, parts that are malformed
    /// are told on stderr and the others apply.
    pub fn filter(mut self, spec: impl Into<String>) -> Self {
        self.spec = spec.into();
        self
    }

    /// A name for a level of the program's own: it is told to the segment, so that whoever prints the
    /// records prints it, and read in filters. Of two names that processes give one number in a
    /// segment, the first one stands in the output.
    ///
    /// ```
    /// use logring::{Level, log};
    ///
    /// const AUDIT: Level = Level::new(35);
    /// let builder = logring::builder("billing").own_level(AUDIT, "audit").filter("audit");
    /// log!(AUDIT, "a door was opened", id = 7);
    /// ```
    pub fn own_level(mut self, level: Level, name: impl Into<String>) -> Self {
        self.own_levels.push((level, name.into()));
        self
    }

    /// Bytes of the ring where this process creates it, rounded up to whole blocks; default 16 MiB.
    pub fn ring_bytes(mut self, bytes: u64) -> Self {
        self.ring_bytes = bytes;
        self
    }

    /// What timestamps are taken from where this process creates the segment.
    ///
    /// ```no_run
    /// # fn main() -> logring::Result<()> {
    /// let _guard = logring::builder("billing").clock(logring::Clock::Coarse).install()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// What a log call does when the ring is full; by default it waits up to 100 ms while a drain
    /// runs.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow.all = overflow;
        self
    }

    /// The same for records of this level and above, whatever [`Builder::overflow`] says of the rest.
    /// Of several, the one from the highest level that is not above the record's applies.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use logring::{Level, Overflow};
    /// # fn main() -> logring::Result<()> {
    /// let builder = logring::builder("billing").overflow(Overflow::Drop);
    /// let up_to = Duration::from_secs(2);
    /// let _guard = builder.overflow_from(Level::Error, Overflow::Block { up_to }).install()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Under [`Overflow::Overwrite`] a thread's oldest block gives way whatever the levels of the
    /// records in it are.
    pub fn overflow_from(mut self, level: Level, overflow: Overflow) -> Self {
        self.overflow.from.push((level, overflow));
        self
    }

    /// Keeps records that are below the level in force, from `level` up, in a flight recorder of each
    /// thread: its newest `blocks` blocks (256 slots each by default) of them. They are written only when
    /// a record of level `trigger` or above goes out in this process: then all that the recorders of its
    /// threads hold, in time order among themselves, with `"flight":true`, before that record.
    ///
    /// Each record of the process takes the long way of a log call with it. Only what the macros log is kept.
    ///
    /// ```no_run
    /// # use logring::Level;
    /// # fn main() -> logring::Result<()> {
    /// let builder = logring::builder("billing").level(Level::Info);
    /// let _guard = builder.flight_recorder(Level::Debug, Level::Error, 2).install()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn flight_recorder(mut self, level: Level, trigger: Level, blocks: u32) -> Self {
        self.flight = Some(Flight {
            level: level.number(),
            trigger: trigger.number(),
            blocks: blocks.max(1),
        });
        self
    }

    /// How much of the ring this process may hold at a time, in hundredths, 1 to 100; default 50. A
    /// thread that would go on in one block more finds the ring full: the overflow policy applies. So
    /// one process that floods the ring leaves room for the others. Blocks are counted as they are
    /// claimed and freed, a few more or less at a moment. Records of level error and above may take
    /// [`Builder::reserve_percent`] besides.
    pub fn quota_percent(mut self, percent: u8) -> Self {
        self.shares.quota = percent;
        self
    }

    /// How much of the ring records of this process below level error leave free for records of level
    /// error and above, of all processes, in hundredths, 0 to 50, in whole blocks rounded down; default
    /// 5. It counts when a thread goes on in another block: what fits its open block is not held back.
    pub fn reserve_percent(mut self, percent: u8) -> Self {
        self.shares.reserve = percent;
        self
    }

    /// Longest record in bytes, default 1 MiB, at most an eighth of the ring; longer ones are cut
    /// and marked.
    pub fn max_record_bytes(mut self, bytes: u32) -> Self {
        self.max_record_bytes = bytes;
        self
    }

    /// Makes this the segment of all calls without `logger:`, for as long as the process lives.
    ///
    /// # Errors
    /// A logger is installed already ([`Error::is_already_installed`]); a bad name, filter or
    /// geometry; a segment that cannot be created or attached.
    pub fn install(mut self) -> Result<Guard> {
        installed::check_free()?;
        let starts = std::mem::take(&mut self.starts);
        let producer = Producer::attach(self.options()?)?;
        begin(&starts, producer)?;
        installed::install(producer)?;
        Ok(Guard { producer })
    }

    /// [`Builder::install`] with a step between attaching and installing, which gets the segment's
    /// logger; when it fails, nothing is installed. What is installed already may be installed again
    /// this way. An embedded drain is started so.
    ///
    /// # Errors
    /// As [`Builder::install`], and those of `start`.
    pub fn install_with<T>(
        mut self,
        start: impl FnOnce(&Logger) -> Result<T>,
    ) -> Result<(Guard, T)> {
        installed::check_free_for(&self.name)?;
        let starts = std::mem::take(&mut self.starts);
        let producer = Producer::attach(self.options()?)?;
        let started = start(&Logger::of(producer))?;
        begin(&starts, producer)?;
        installed::install_or_same(producer)?;
        Ok((Guard { producer }, started))
    }

    /// Attaches a further segment and gives the logger for it. A callsite follows the filter of the
    /// segment that it first logs to.
    ///
    /// # Errors
    /// A bad name, filter or geometry; a segment that cannot be created or attached.
    pub fn open(self) -> Result<Logger> {
        Ok(Logger::of(Producer::attach(self.options()?)?))
    }

    /// Begins something with `install`: a bridge from another logging interface.
    #[cfg(any(feature = "log", feature = "tracing"))]
    pub(crate) fn starting(mut self, start: Start) -> Self {
        self.starts.push(start);
        self
    }

    fn options(self) -> Result<Options> {
        for (level, name) in &self.own_levels {
            level.set_name(name)?;
        }
        let environment = std::env::var_os(FILTER_VARIABLE);
        let environment = environment.as_ref().map(|spec| spec.to_string_lossy());
        let (filter, fault) = self.filter_under(environment.as_deref())?;
        if let Some(fault) = fault {
            eprintln!("logring: {fault}; the other parts apply");
        }
        self.shares.check()?;
        Ok(Options {
            shares: self.shares,
            flight: self.flight,
            name: self.name,
            ring_bytes: self.ring_bytes,
            clock: self.clock,
            overflow: self.overflow,
            max_record_bytes: self.max_record_bytes,
            filter,
            own_levels: self.own_levels,
        })
    }

    /// What the environment says, else the program's filter; the level is the default of both. A slip
    /// in the environment does not keep a service from starting: what is well formed applies, and what
    /// is wrong with the first part that is not is to be told.
    fn filter_under(&self, environment: Option<&str>) -> Result<(Filter, Option<Error>)> {
        let mut filter = Filter::at(self.level);
        match environment.filter(|spec| !spec.trim().is_empty()) {
            Some(spec) => {
                let fault = filter.take(spec);
                let place = format!("environment variable {FILTER_VARIABLE}");
                Ok((filter, fault.map(|error| error.within(place))))
            }
            None => Ok((filter.with(&self.spec)?, None)),
        }
    }
}

fn begin(starts: &[Start], producer: &'static Producer) -> Result<()> {
    starts.iter().try_for_each(|start| start(&Logger::of(producer)))
}

/// The installed segment. Nothing need be called before the process ends: a record whose call has
/// returned is safe.
#[must_use = "bind the guard to a name: `let _guard = ...`"]
pub struct Guard {
    producer: &'static Producer,
}

impl Guard {
    /// The segment that was installed.
    #[must_use]
    pub fn segment(&self) -> &'static Segment {
        self.producer.segment()
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("segment", &self.segment().name()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_wins() {
        let builder = builder("x").level(Level::Warning).filter("db=error,net=debug");
        let under = |environment| {
            let (filter, fault) = builder.filter_under(environment).unwrap();
            assert!(fault.is_none());
            ["a", "db", "net"].map(|target| filter.threshold(target))
        };
        assert_eq!(under(Some("trace,db=info")), [5, 20, 5]);
        assert_eq!(under(Some("db=info")), [30, 20, 30]);
        assert_eq!(under(Some("  ")), [30, 40, 10]);
        assert_eq!(under(None), [30, 40, 10]);
    }

    #[test]
    fn a_bad_filter_says_where_it_stands() {
        let (filter, fault) = builder("x").filter_under(Some("a=loud,b=debug")).unwrap();
        assert_eq!((filter.threshold("a"), filter.threshold("b")), (20, 10));
        let error = fault.unwrap().to_string();
        assert!(
            error.starts_with("environment variable LOGRING: filter \"a=loud,b=debug\""),
            "{error}"
        );
        let error = builder("x").filter("b=loud").filter_under(None).unwrap_err().to_string();
        assert!(error.starts_with("filter \"b=loud\": in the part \"b=loud\""), "{error}");
    }
}
