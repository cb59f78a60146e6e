//! Values whose encoding runs user code: text by `Debug` and `Display`, errors, lists, maps. They
//! are encoded into scratch before the record is opened, never between mark and commit.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

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
        self.put_fixed(tag::ERROR, []);
        let mut next = Some(error);
        // The bound also ends a chain that goes in a circle.
        for _ in 0..SOURCES_MAX {
            let Some(error) = next else { break };
            self.put_text(&error);
            next = error.source();
        }
        self.put_fixed(tag::END, [tag::END]);
    }

    /// A list of the items that `fill` adds.
    pub fn list(&mut self, fill: impl FnOnce(&mut List<'_>)) {
        self.put_fixed(tag::LIST, []);
        let mut list = List { out: self, count: 0 };
        fill(&mut list);
        if list.count > ITEMS_KEPT {
            let more = list.count - ITEMS_KEPT;
            list.out.put_text(&format_args!("… and {more} more"));
        }
        self.put_fixed(tag::END, []);
    }

    /// A map of the pairs that `fill` adds.
    pub fn map(&mut self, fill: impl FnOnce(&mut Map<'_>)) {
        self.put_fixed(tag::MAP, []);
        let mut map = Map { out: self, count: 0 };
        fill(&mut map);
        if map.count > ITEMS_KEPT {
            let more = map.count - ITEMS_KEPT;
            map.out.put_sized(tag::STR, "…".as_bytes());
            map.out.put_text(&format_args!("and {more} more"));
        }
        self.put_fixed(tag::END, []);
    }
}

/// Sources of an error that are logged.
const SOURCES_MAX: usize = 64;
/// Items of a list or map that are logged; one is kept for the note that there were more.
const ITEMS_KEPT: u32 = ITEMS_MAX - 1;

/// A list in the making, see [`Writer::list`]. Of more than 4,095 items the first are kept.
#[derive(Debug)]
pub struct List<'a> {
    out: &'a mut Writer,
    count: u32,
}

impl List<'_> {
    /// Adds an item.
    pub fn item(&mut self, item: &(impl Value + ?Sized)) -> &mut Self {
        self.count = self.count.saturating_add(1);
        if self.count <= ITEMS_KEPT {
            item.encode(self.out);
        }
        self
    }
}

/// A map in the making, see [`Writer::map`]. Of more than 4,095 pairs the first are kept.
#[derive(Debug)]
pub struct Map<'a> {
    out: &'a mut Writer,
    count: u32,
}

impl Map<'_> {
    /// Adds a pair.
    pub fn pair(&mut self, key: &str, value: &(impl Value + ?Sized)) -> &mut Self {
        self.count = self.count.saturating_add(1);
        if self.count <= ITEMS_KEPT {
            self.out.put_sized(tag::STR, key.as_bytes());
            value.encode(self.out);
        }
        self
    }
}

macro_rules! lists {
    ($([$($generics:tt)*] $type:ty;)*) => {$(
        impl<$($generics)*> Value for $type {
            fn encode(&self, out: &mut Writer) {
                out.list(|list| {
                    for item in self {
                        list.item(item);
                    }
                });
            }
        }
    )*};
}

lists! {
    [T: Value] [T];
    [T: Value] Vec<T>;
    [T: Value] VecDeque<T>;
    [T: Value] BTreeSet<T>;
    [T: Value, S] HashSet<T, S>;
    [T: Value, const N: usize] [T; N];
}

macro_rules! maps {
    ($([$($generics:tt)*] $type:ty;)*) => {$(
        impl<K: fmt::Display, V: Value, $($generics)*> Value for $type {
            fn encode(&self, out: &mut Writer) {
                out.map(|map| {
                    for (key, value) in self {
                        map.pair(&key.to_string(), value);
                    }
                });
            }
        }
    )*};
}

maps! {
    [] BTreeMap<K, V>;
    [S] HashMap<K, V, S>;
}

macro_rules! texts {
    ($($type:ty: $self:ident => $text:expr;)*) => {$(
        impl Value for $type {
            fn encode(&$self, out: &mut Writer) {
                out.display(&$text);
            }
        }
    )*};
}

texts! {
    fmt::Arguments<'_>: self => self;
    Path: self => self.display();
    PathBuf: self => self.display();
    std::net::IpAddr: self => self;
    std::net::Ipv4Addr: self => self;
    std::net::Ipv6Addr: self => self;
    std::net::SocketAddr: self => self;
    std::thread::ThreadId: self => format_args!("{self:?}");
}

macro_rules! errors {
    ($($type:ty),* $(,)?) => {$(
        impl Value for $type {
            fn encode(&self, out: &mut Writer) {
                out.error(self);
            }
        }
    )*};
}

errors! {
    std::io::Error, fmt::Error, std::num::ParseIntError, std::num::ParseFloatError,
    std::str::Utf8Error, std::string::FromUtf8Error, std::env::VarError, crate::Error,
}

macro_rules! error_objects {
    ($($type:ty),*) => {$(
        impl Value for $type {
            fn encode(&self, out: &mut Writer) {
                out.error(self);
            }
        }
    )*};
}

error_objects!(dyn Error, dyn Error + Send, dyn Error + Send + Sync);
