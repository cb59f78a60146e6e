//! Values whose encoding runs user code: text by `Debug` and `Display`, errors, lists, maps. They
//! are encoded into scratch before the record is opened, never between mark and commit.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::error::Error;
use std::fmt;

use super::backtrace;
use super::value::Value;
use super::writer::Writer;
use crate::layout::value::{self as tag, ITEMS_MAX};

/// A value logged by its `Debug`, what `?x` in a log call makes.
#[derive(Clone, Copy, Debug)]
pub struct AsDebug<'a, T: ?Sized>(pub &'a T);

/// A value logged by its `Display`, what `%x` in a log call makes.
#[derive(Clone, Copy, Debug)]
pub struct AsDisplay<'a, T: ?Sized>(pub &'a T);

/// An error logged with its sources, what `err = e` in a log call makes; for other keys:
/// `cause = AsError(&e)`.
#[derive(Clone, Copy, Debug)]
pub struct AsError<'a, T: ?Sized>(pub &'a T);

/// An error logged with its sources and a backtrace's frames: `err = WithBacktrace(&e, &e.backtrace)`.
#[derive(Clone, Copy, Debug)]
pub struct WithBacktrace<'a, T: ?Sized>(pub &'a T, pub &'a Backtrace);

impl<T: fmt::Debug + ?Sized> Value for AsDebug<'_, T> {
    fn encode(&self, out: &mut Writer) {
        out.debug(self.0);
    }
}

impl<T: fmt::Display + ?Sized> Value for AsDisplay<'_, T> {
    fn encode(&self, out: &mut Writer) {
        out.display(self.0);
    }
}

impl<T: Error> Value for AsError<'_, T> {
    fn encode(&self, out: &mut Writer) {
        out.error(&self.0);
    }
}

impl<T: Error> Value for WithBacktrace<'_, T> {
    fn encode(&self, out: &mut Writer) {
        out.error_with_backtrace(&self.0, self.1);
    }
}

/// What a value's `encode` can say besides handing on to another value.
impl Writer {
    /// A text by `Display`.
    pub fn display<T: fmt::Display + ?Sized>(&mut self, text: &T) {
        self.put_text(&format_args!("{text}"));
    }

    /// A text by `Debug`.
    pub fn debug<T: fmt::Debug + ?Sized>(&mut self, text: &T) {
        self.put_text(&format_args!("{text:?}"));
    }

    /// An error and its sources, outermost first.
    pub fn error(&mut self, error: &dyn Error) {
        self.put_chain(error, "");
    }

    /// The same with the frames of a backtrace, where it was captured.
    pub fn error_with_backtrace(&mut self, error: &dyn Error, backtrace: &Backtrace) {
        match backtrace.status() {
            BacktraceStatus::Captured => self.put_chain(error, &backtrace.to_string()),
            _ => self.put_chain(error, ""),
        }
    }

    /// An error and the frames that stand in a backtrace's text.
    pub(crate) fn put_chain(&mut self, error: &dyn Error, backtrace: &str) {
        self.put_fixed(tag::ERROR, []);
        let mut next = Some(error);
        // The bound also ends a chain that goes in a circle.
        for _ in 0..SOURCES_MAX {
            let Some(error) = next else { break };
            self.put_text(&error);
            next = error.source();
        }
        self.put_fixed(tag::END, []);
        for frame in backtrace::frames(backtrace) {
            self.put_sized(tag::TEXT, frame.as_bytes());
        }
        self.put_fixed(tag::END, []);
    }

    /// A list of the items that `fill` adds. In 16 other lists and maps it is the text `…`, and `fill`
    /// does not run.
    pub fn list(&mut self, fill: impl FnOnce(&mut List<'_>)) {
        let mut list = List::begin(self);
        if list.0.is_open {
            fill(&mut list);
        }
        list.end();
    }

    /// A map of the pairs that `fill` adds. In 16 other lists and maps it is the text `…`, and `fill`
    /// does not run.
    pub fn map(&mut self, fill: impl FnOnce(&mut Map<'_>)) {
        let mut map = Map::begin(self);
        if map.0.is_open {
            fill(&mut map);
        }
        map.end();
    }
}

/// Sources of an error that are logged.
const SOURCES_MAX: usize = 64;
/// Items of a list or map that are logged; one is kept for the note that there were more.
const ITEMS_KEPT: u32 = ITEMS_MAX - 1;
/// What stands for the rest.
pub(super) const REST: &str = "…";

/// A list or map in the making.
#[derive(Debug)]
struct Items<'a> {
    out: &'a mut Writer,
    /// False: it is too deep, and only a mark stands for it.
    is_open: bool,
    kept: u32,
    more: u64,
}

impl<'a> Items<'a> {
    fn begin(out: &'a mut Writer, tag: u8) -> Self {
        let is_open = out.descend();
        if is_open {
            out.put_fixed(tag, []);
        } else {
            out.put_sized(tag::TEXT, REST.as_bytes());
        }
        Self { out, is_open, kept: 0, more: 0 }
    }

    /// The writer for one more item, if it is not one too many.
    fn next(&mut self) -> Option<&mut Writer> {
        if !self.is_open {
            return None;
        }
        if self.more == 0 && self.kept < ITEMS_KEPT && self.out.count_value() {
            self.kept += 1;
            return Some(self.out);
        }
        self.more += 1;
        None
    }

    /// Ends it; `note` says that there was more.
    fn end(self, note: impl FnOnce(&mut Writer, u64)) -> &'a mut Writer {
        let Self { out, is_open, more, .. } = self;
        if is_open {
            if more > 0 {
                note(out, more);
            }
            out.put_fixed(tag::END, []);
            out.ascend();
        }
        out
    }
}

/// A list in the making, see [`Writer::list`]. Of more than 4,095 items the first are kept, and of
/// all items in all lists and maps of a value the first 65,000 or so.
#[derive(Debug)]
pub struct List<'a>(Items<'a>);

impl<'a> List<'a> {
    pub(super) fn begin(out: &'a mut Writer) -> Self {
        Self(Items::begin(out, tag::LIST))
    }

    /// One that takes nothing and puts nothing.
    #[cfg(feature = "serde")]
    pub(super) fn closed(out: &'a mut Writer) -> Self {
        Self(Items { out, is_open: false, kept: 0, more: 0 })
    }

    /// The writer for one more item, if it is not one too many.
    #[cfg(feature = "serde")]
    pub(super) fn next(&mut self) -> Option<&mut Writer> {
        self.0.next()
    }

    /// Adds an item.
    pub fn item(&mut self, item: &(impl Value + ?Sized)) -> &mut Self {
        if let Some(out) = self.0.next() {
            item.encode(out);
        }
        self
    }

    pub(super) fn end(self) -> &'a mut Writer {
        self.0.end(|out, more| out.put_text(&format_args!("{REST} and {more} more")))
    }
}

/// A map in the making, see [`Writer::map`]. Of its pairs as many are kept as of a list's items.
#[derive(Debug)]
pub struct Map<'a>(Items<'a>);

impl<'a> Map<'a> {
    pub(super) fn begin(out: &'a mut Writer) -> Self {
        Self(Items::begin(out, tag::MAP))
    }

    /// One that takes nothing and puts nothing.
    #[cfg(feature = "serde")]
    pub(super) fn closed(out: &'a mut Writer) -> Self {
        Self(Items { out, is_open: false, kept: 0, more: 0 })
    }

    /// Adds a pair.
    pub fn pair(&mut self, key: &str, value: &(impl Value + ?Sized)) -> &mut Self {
        if let Some(out) = self.next(key) {
            value.encode(out);
        }
        self
    }

    /// Puts the key, if the pair is not one too many; the caller puts its value.
    pub(super) fn next(&mut self, key: &str) -> Option<&mut Writer> {
        let out = self.0.next()?;
        out.put_sized(tag::STR, key.as_bytes());
        Some(out)
    }

    pub(super) fn end(self) -> &'a mut Writer {
        self.0.end(|out, more| {
            out.put_sized(tag::STR, REST.as_bytes());
            out.put_text(&format_args!("and {more} more"));
        })
    }
}
