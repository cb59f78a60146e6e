//! Who is measured, and by which calls. Each case is the same statement in everybody's own words, with
//! values that the compiler does not know.

use std::any::Any;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use logring::{Overflow, context, kv};

use crate::Failure;

/// What is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Case {
    /// A text without values.
    Literal,
    /// Two integers and a double.
    Numbers,
    /// A text of 35 bytes.
    Text,
    /// Two integers and a double, with three fields bound before.
    Context,
    /// Two integers, a double and the text.
    Four,
    /// Two integers and a double below the level.
    Disabled,
}

impl Case {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Literal, Self::Numbers, Self::Text, Self::Context, Self::Four, Self::Disabled];

    /// Its name in results.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Literal => "literal",
            Self::Numbers => "numbers",
            Self::Text => "text",
            Self::Context => "context",
            Self::Four => "four",
            Self::Disabled => "disabled",
        }
    }

    /// Whether a call leaves a line.
    #[must_use]
    pub fn writes(self) -> bool {
        self != Self::Disabled
    }
}

/// The text of 35 bytes.
pub const TEXT: &str = "/api/v2/customers/4711/orders/99812";

/// A logger at work.
pub trait Contender: Sync {
    /// What holds while this case is measured, such as a scope with a context.
    fn enter(&self, _case: Case) -> Box<dyn Any> {
        Box::new(())
    }
    /// So many calls in a row.
    fn burst(&self, case: Case, calls: u64);
    /// What its caller must do now and then so that it goes on losing nothing.
    fn settle(&self) {}
    /// Waits until all is in the file, as lines. Returns the part of that time that another program
    /// took to make lines of what was written: none, where lines are written.
    ///
    /// # Errors
    /// What it cannot write.
    fn finish(self: Box<Self>) -> Result<Duration, Failure>;
}

/// `calls` times `call`, with values that could be any.
#[inline(always)]
pub fn repeat(calls: u64, mut call: impl FnMut(u64, i64, f64)) {
    for number in 0..calls {
        call(black_box(number), black_box(-7), black_box(2.5));
    }
}

/// What the loop itself costs.
#[derive(Debug)]
pub struct Empty;

impl Contender for Empty {
    fn burst(&self, _case: Case, calls: u64) {
        repeat(calls, |_, _, _| ());
    }

    fn finish(self: Box<Self>) -> Result<Duration, Failure> {
        Ok(Duration::ZERO)
    }
}

/// This library.
#[derive(Debug)]
pub struct Logring {
    guard: logring::Guard,
}

impl Logring {
    /// Joins a segment; a call waits while the ring is full.
    ///
    /// # Errors
    /// It cannot be joined.
    pub fn join(segment: &str) -> Result<Self, Failure> {
        let guard = logring::builder(segment).overflow(Overflow::BlockForever).install()?;
        Ok(Self { guard })
    }

    /// How many records the ring holds.
    #[must_use]
    pub fn slots(&self) -> u64 {
        let geometry = self.guard.segment().geometry();
        u64::from(geometry.block_count) * u64::from(geometry.slots_per_block)
    }

    /// Bytes of a slot, which each of the cases' records fits into.
    #[must_use]
    pub fn slot_bytes(&self) -> u64 {
        self.guard.segment().geometry().slot_size.into()
    }
}

impl Contender for Logring {
    fn enter(&self, case: Case) -> Box<dyn Any> {
        if case != Case::Context {
            return Box::new(());
        }
        let pairs = kv! { request = black_box(7), user = black_box("ann"), attempt = 1 };
        Box::new(context::bound(pairs))
    }

    fn burst(&self, case: Case, calls: u64) {
        match case {
            Case::Literal => repeat(calls, |_, _, _| literal()),
            Case::Numbers | Case::Context => repeat(calls, numbers),
            Case::Text => {
                let path = black_box(TEXT);
                repeat(calls, |_, _, _| text(path));
            }
            Case::Four => {
                let path = black_box(TEXT);
                repeat(calls, |order_id, total_cents, ms| four(order_id, total_cents, ms, path));
            }
            Case::Disabled => repeat(calls, disabled),
        }
    }

    fn finish(self: Box<Self>) -> Result<Duration, Failure> {
        Ok(Duration::ZERO)
    }
}

/// A literal.
#[inline(never)]
pub fn literal() {
    logring::info!("order placed");
}

/// Two integers and a double.
#[inline(never)]
pub fn numbers(order_id: u64, total_cents: i64, ms: f64) {
    logring::info!("order placed", order_id, total_cents, ms);
}

/// A text.
#[inline(never)]
pub fn text(path: &str) {
    logring::info!("request served", path);
}

/// Two integers, a double and a text.
#[inline(never)]
pub fn four(order_id: u64, total_cents: i64, ms: f64, path: &str) {
    logring::info!("order placed", order_id, total_cents, ms, path);
}

/// Below the level.
#[inline(never)]
pub fn disabled(order_id: u64, total_cents: i64, ms: f64) {
    logring::debug!("order placed", order_id, total_cents, ms);
}

/// Lines of a file that hold one of the events' texts, or names made of them.
///
/// # Errors
/// It cannot be read.
pub fn lines_in(file: &Path) -> Result<u64, Failure> {
    let text = std::fs::read(file)?;
    let is_event = |line: &&[u8]| {
        let has =
            |text: [&[u8]; 2]| line.windows(text[0].len()).any(|window| text.contains(&window));
        has([b"order placed", b"order_placed"]) || has([b"request served", b"request_served"])
    };
    Ok(text.split(|byte| *byte == b'\n').filter(is_event).count() as u64)
}
