//! The types of std that are lists, maps, texts and errors as values. Plain ones stand in `value`.

use std::borrow::Cow;
use std::collections::{
    BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, TryReserveError, VecDeque,
};
use std::error::Error;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::{Path, PathBuf};

use super::text::shown;
use super::value::Value;
use super::writer::Writer;

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
    [T: Value] LinkedList<T>;
    [T: Value] BinaryHeap<T>;
    [T: Value] BTreeSet<T>;
    [T: Value, S] HashSet<T, S>;
    [T: Value, const N: usize] [T; N];
}

impl<T: Value + Clone> Value for Cow<'_, [T]> {
    fn encode(&self, out: &mut Writer) {
        (**self).encode(out);
    }
}

/// Tuples, as lists.
macro_rules! tuples {
    ($($($name:ident)+;)*) => {$(
        impl<$($name: Value),+> Value for ($($name,)+) {
            fn encode(&self, out: &mut Writer) {
                #[expect(non_snake_case, reason = "a variable is called as its type is")]
                let ($($name,)+) = self;
                out.list(|list| {
                    $(list.item($name);)+
                });
            }
        }
    )*};
}

tuples! {
    A; A B; A B C; A B C D; A B C D E; A B C D E F; A B C D E F G; A B C D E F G H;
}

macro_rules! maps {
    ($([$($generics:tt)*] $type:ty;)*) => {$(
        impl<K: fmt::Display, V: Value, $($generics)*> Value for $type {
            fn encode(&self, out: &mut Writer) {
                out.map(|map| {
                    for (key, value) in self {
                        map.pair(&shown(key), value);
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
    OsStr: self => self.display();
    OsString: self => self.display();
    CStr: self => self.to_string_lossy();
    CString: self => self.to_string_lossy();
    IpAddr: self => self;
    Ipv4Addr: self => self;
    Ipv6Addr: self => self;
    SocketAddr: self => self;
    SocketAddrV4: self => self;
    SocketAddrV6: self => self;
    std::process::ExitStatus: self => self;
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
    crate::Error, fmt::Error, std::char::ParseCharError, std::char::CharTryFromError,
    std::array::TryFromSliceError, std::env::VarError, std::ffi::NulError, std::io::Error,
    std::net::AddrParseError, std::num::ParseFloatError, std::num::ParseIntError,
    std::num::TryFromIntError, std::str::ParseBoolError, std::str::Utf8Error,
    std::string::FromUtf8Error, std::sync::mpsc::RecvError, std::time::SystemTimeError,
    TryReserveError,
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
