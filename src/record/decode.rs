//! Records back into events. Nobody vouches for the bytes: decoding never panics, never reads out
//! of bounds, never allocates what a length says before the bytes are seen to be there, and stops
//! at the bounds of `layout::value`. Plain values borrow from the record; text that is not UTF-8
//! shows U+FFFD in the broken places.
#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::borrow::Cow;
use std::fmt;

use super::callsite::CallsiteInfo;
use super::event::{AnyValue, ErrorChain, Event, Field};
use crate::layout::record::flags;
use crate::layout::value::{self as tag, DEPTH_MAX, ITEMS_MAX, VALUES_MAX};
use crate::level::Level;

/// Why a record's bytes make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes end before the record does.
    Truncated,
    /// A byte that cannot stand where it stands, or a bound that is passed.
    Malformed {
        /// Where, in bytes from the payload's start.
        offset: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("the record's bytes end before the record does"),
            Self::Malformed { offset } => write!(f, "the record is malformed at byte {offset}"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// A record's header and a private copy of its payload.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'a> {
    /// Nanoseconds since the Unix epoch, converted already.
    pub timestamp_ns: i64,
    /// The stamp's level.
    pub level: u8,
    /// The header's callsite id.
    pub callsite: u32,
    /// The header's flags.
    pub flags: u16,
    /// The header's length of the context.
    pub context_len: u32,
    /// The lane's process.
    pub pid: u32,
    /// The lane's thread.
    pub tid: u32,
    /// The payload.
    pub payload: &'a [u8],
}

/// What dictionary ids mean.
pub trait Strings {
    /// The string of this id.
    fn string(&self, id: u32) -> Option<&str>;
    /// The callsite of this id.
    fn callsite(&self, id: u32) -> Option<&CallsiteInfo<'static>>;
}

/// Decodes a record into `event`, whose vectors are reused; plain values allocate nothing.
///
/// A key whose id the dictionary lacks is shown as `key-<id>`: the record is worth more than it.
///
/// # Errors
/// Bytes that make no sense, or a callsite id that the dictionary lacks (offset 0). `event` is of no
/// use then.
pub fn decode<'a>(
    raw: &Raw<'a>,
    strings: &'a (impl Strings + ?Sized),
    event: &mut Event<'a>,
) -> Result<(), DecodeError> {
    event.context.clear();
    event.fields.clear();
    event.timestamp_ns = raw.timestamp_ns;
    event.level = Level::new(raw.level);
    event.callsite = raw.callsite;
    event.pid = raw.pid;
    event.tid = raw.tid;
    event.late = false;
    event.literal = raw.flags & flags::TEXT != 0;
    event.truncated = raw.flags & flags::TRUNCATED != 0;

    let mut payload = Cursor::new(raw.payload);
    payload.cut = event.truncated;
    if raw.callsite == 0 {
        let len = payload.u32()?;
        let info = CallsiteInfo::decode(payload.take_whole(len)?)?;
        set_facts(event, info.target, info.file, info.line, info.event);
        let mut body = Body { raw, strings, event };
        body.decode(payload, info.names.into_iter())
    } else {
        let info = strings.callsite(raw.callsite).ok_or(DecodeError::Malformed { offset: 0 })?;
        let [target, file, text] =
            [&info.target, &info.file, &info.event].map(|text| Cow::Borrowed(&**text));
        set_facts(event, target, file, info.line, text);
        let mut body = Body { raw, strings, event };
        body.decode(payload, info.names.iter().map(|name| Cow::Borrowed(&**name)))
    }
}

#[inline(always)]
fn set_facts<'a>(
    event: &mut Event<'a>,
    target: Cow<'a, str>,
    file: Cow<'a, str>,
    line: u32,
    text: Cow<'a, str>,
) {
    event.target = target;
    event.file = file;
    event.line = line;
    event.event = text;
}

/// What follows the callsite in a record.
struct Body<'a, 'e, S: ?Sized> {
    raw: &'e Raw<'a>,
    strings: &'a S,
    event: &'e mut Event<'a>,
}

impl<'a, S: Strings + ?Sized> Body<'a, '_, S> {
    fn decode(
        &mut self,
        mut payload: Cursor<'a>,
        names: impl ExactSizeIterator<Item = Cow<'a, str>>,
    ) -> Result<(), DecodeError> {
        let mut context = payload.part(self.raw.context_len)?;
        while !context.is_empty() {
            match pair(&mut context, self.strings) {
                Ok(field) => self.event.context.push(field),
                Err(DecodeError::Truncated) if context.cut => break,
                Err(error) => return Err(error),
            }
        }
        if self.event.literal {
            self.event.event = match payload.text() {
                Err(DecodeError::Truncated) if payload.cut => Cow::Borrowed(""),
                text => text?,
            };
        }
        // In place: a value that is handed on and pushed is laid on the stack in parts and picked up
        // whole, for which the processor has to wait.
        let fields = &mut self.event.fields;
        let nothing = || Field { key: Cow::Borrowed(""), value: AnyValue::Null };
        fields.resize_with(names.len(), nothing);
        for (index, (field, key)) in fields.iter_mut().zip(names).enumerate() {
            field.key = key;
            match payload.value_into(&mut field.value) {
                Ok(()) => {}
                Err(DecodeError::Truncated) if payload.cut => {
                    fields.truncate(index);
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        if self.raw.flags & flags::EXTRA != 0 {
            while !payload.is_empty() {
                match pair(&mut payload, self.strings) {
                    Ok(field) => self.event.fields.push(field),
                    Err(DecodeError::Truncated) if payload.cut => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
        }
        if payload.is_empty() { Ok(()) } else { Err(payload.malformed()) }
    }
}

/// Without the begin of a character whose end was cut off.
fn whole_chars(bytes: &[u8]) -> &[u8] {
    let last = bytes.utf8_chunks().last().map_or(&[][..], |chunk| chunk.invalid());
    let is_begin = std::str::from_utf8(last).is_err_and(|error| error.error_len().is_none());
    if is_begin { bytes.strip_suffix(last).unwrap_or(bytes) } else { bytes }
}

/// A key and its value, as contexts have them.
fn pair<'a>(
    cursor: &mut Cursor<'a>,
    strings: &'a (impl Strings + ?Sized),
) -> Result<Field<'a>, DecodeError> {
    let key = match cursor.u32()? {
        0 => {
            let len = cursor.u16()?;
            String::from_utf8_lossy(cursor.take_whole(len.into())?)
        }
        id => match strings.string(id) {
            Some(key) => Cow::Borrowed(key),
            None => Cow::Owned(format!("key-{id}")),
        },
    };
    Ok(Field { key, value: cursor.value()? })
}

/// Whether these bytes are one value and nothing else, within the bounds.
pub(crate) fn is_one_value(bytes: &[u8]) -> bool {
    let mut cursor = Cursor::new(bytes);
    cursor.values_left = VALUES_MAX;
    cursor.skip(0).is_ok() && cursor.is_empty()
}

/// Takes the value at the start of `bytes`, as [`decode`] would of a record that was not cut. `None`,
/// and `bytes` as they were, where there is none.
#[must_use]
pub fn take_value<'a>(bytes: &mut &'a [u8]) -> Option<AnyValue<'a>> {
    let mut cursor = Cursor::new(bytes);
    let value = cursor.value().ok()?;
    *bytes = cursor.bytes;
    Some(value)
}

/// The value that these bytes are; [`AnyValue::Null`] where they are not one.
pub(crate) fn one_value(bytes: &[u8]) -> AnyValue<'static> {
    let mut cursor = Cursor::new(bytes);
    cursor.value().map_or(AnyValue::Null, AnyValue::into_owned)
}

/// The bytes that are left of a payload.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    /// Where they end, in bytes from the payload's start.
    end: usize,
    /// The bytes were cut at their end: texts and containers may end with them.
    cut: bool,
    values_left: u32,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, end: bytes.len(), cut: false, values_left: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    #[inline(always)]
    pub(crate) fn malformed(&self) -> DecodeError {
        DecodeError::Malformed { offset: self.offset() }
    }

    #[inline(always)]
    fn offset(&self) -> usize {
        self.end.saturating_sub(self.bytes.len())
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let Some((array, rest)) = self.bytes.split_first_chunk() else {
            self.bytes = &[];
            return Err(DecodeError::Truncated);
        };
        self.bytes = rest;
        Ok(*array)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array().map(u8::from_le_bytes)
    }

    fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    fn i64(&mut self) -> Result<i64, DecodeError> {
        self.array().map(i64::from_le_bytes)
    }

    /// The next `len` bytes; in a record that was cut, what there is of them.
    pub(crate) fn take(&mut self, len: u64) -> Result<&'a [u8], DecodeError> {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let (taken, rest) = match self.bytes.split_at_checked(len) {
            Some(split) => split,
            None if self.cut => (self.bytes, Default::default()),
            None => return Err(DecodeError::Truncated),
        };
        self.bytes = rest;
        Ok(taken)
    }

    /// The next `len` bytes, cut or not.
    fn take_whole(&mut self, len: u32) -> Result<&'a [u8], DecodeError> {
        if self.bytes.len() < len as usize {
            self.bytes = &[];
            return Err(DecodeError::Truncated);
        }
        self.take(len.into())
    }

    /// A cursor over the next `len` bytes.
    fn part(&mut self, len: u32) -> Result<Self, DecodeError> {
        let short = self.bytes.len() < len as usize;
        let bytes = self.take(len.into())?;
        Ok(Self { bytes, end: self.offset(), cut: self.cut && short, values_left: 0 })
    }

    fn text(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        let mut bytes = self.sized()?;
        if self.cut && self.bytes.is_empty() {
            bytes = whole_chars(bytes);
        }
        Ok(String::from_utf8_lossy(bytes))
    }

    fn sized(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.u32()?;
        self.take(len.into())
    }

    /// Reads one value, with a budget of its own, into `place`, where nothing stands.
    #[inline(always)]
    fn value_into(&mut self, place: &mut AnyValue<'a>) -> Result<(), DecodeError> {
        let Some((&[tag, bytes @ ..], rest)) = self.bytes.split_first_chunk::<9>() else {
            return self.any_value_into(place);
        };
        let value = match tag {
            tag::I64 => AnyValue::I64(i64::from_le_bytes(bytes)),
            tag::U64 => AnyValue::U64(u64::from_le_bytes(bytes)),
            tag::F64 => AnyValue::F64(f64::from_le_bytes(bytes)),
            _ => return self.any_value_into(place),
        };
        self.bytes = rest;
        // `Null` needs no drop.
        std::mem::forget(std::mem::replace(place, value));
        Ok(())
    }

    #[inline(never)]
    fn any_value_into(&mut self, place: &mut AnyValue<'a>) -> Result<(), DecodeError> {
        *place = self.value()?;
        Ok(())
    }

    /// One value, with a budget of its own.
    fn value(&mut self) -> Result<AnyValue<'a>, DecodeError> {
        self.values_left = VALUES_MAX;
        self.nested(0)
    }

    /// A value's tag, checked against the bounds.
    fn tag(&mut self, depth: u32) -> Result<u8, DecodeError> {
        let error = self.malformed();
        let tag = self.u8()?;
        self.values_left = self.values_left.checked_sub(1).ok_or(error)?;
        if matches!(tag, tag::LIST | tag::MAP) && depth >= DEPTH_MAX { Err(error) } else { Ok(tag) }
    }

    fn nested(&mut self, depth: u32) -> Result<AnyValue<'a>, DecodeError> {
        let error = self.malformed();
        let deeper = depth.saturating_add(1);
        Ok(match self.tag(depth)? {
            tag::NULL => AnyValue::Null,
            tag::FALSE => AnyValue::Bool(false),
            tag::TRUE => AnyValue::Bool(true),
            tag::I64 => AnyValue::I64(self.i64()?),
            tag::U64 => AnyValue::U64(self.u64()?),
            tag::I128 => AnyValue::I128(self.array().map(i128::from_le_bytes)?),
            tag::U128 => AnyValue::U128(self.array().map(u128::from_le_bytes)?),
            tag::F64 => AnyValue::F64(self.array().map(f64::from_le_bytes)?),
            tag::STR => AnyValue::Str(self.text()?),
            tag::TEXT => AnyValue::Text(self.text()?),
            tag::BYTES => AnyValue::Bytes(Cow::Borrowed(self.sized()?)),
            tag::TIMESTAMP => AnyValue::Timestamp(self.i64()?),
            tag::DURATION => AnyValue::Duration(self.i64()?),
            tag::UUID => AnyValue::Uuid(self.array()?),
            tag::LIST => AnyValue::List(self.items(|cursor| cursor.nested(deeper))?),
            tag::MAP => AnyValue::Map(self.items(|cursor| {
                let key = cursor.key()?;
                Ok((key, cursor.nested(deeper)?))
            })?),
            tag::ERROR => AnyValue::Error(ErrorChain {
                messages: self.items(Self::error_text)?,
                frames: self.items(Self::error_text)?,
            }),
            _ => return Err(error),
        })
    }

    fn key(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        self.expect(tag::STR)?;
        self.text()
    }

    fn error_text(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        self.expect(tag::TEXT)?;
        self.text()
    }

    fn expect(&mut self, tag: u8) -> Result<(), DecodeError> {
        let error = self.malformed();
        if self.u8()? == tag { Ok(()) } else { Err(error) }
    }

    /// What `item` reads, again and again up to an `END`.
    fn items<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let mut items = Vec::new();
        loop {
            match self.bytes.split_first() {
                Some((&tag::END, rest)) => {
                    self.bytes = rest;
                    return Ok(items);
                }
                None if self.cut => return Ok(items),
                _ => {}
            }
            if items.len() >= ITEMS_MAX as usize {
                return Err(self.malformed());
            }
            match item(self) {
                Ok(item) => items.push(item),
                Err(DecodeError::Truncated) if self.cut => return Ok(items),
                Err(error) => return Err(error),
            }
        }
    }

    /// Passes a value by; accepts exactly what [`Cursor::nested`] accepts, without an allocation.
    fn skip(&mut self, depth: u32) -> Result<(), DecodeError> {
        let error = self.malformed();
        let deeper = depth.saturating_add(1);
        let len = match self.tag(depth)? {
            tag::NULL | tag::FALSE | tag::TRUE => 0,
            tag::I64 | tag::U64 | tag::F64 | tag::TIMESTAMP | tag::DURATION => 8,
            tag::I128 | tag::U128 | tag::UUID => 16,
            tag::STR | tag::TEXT | tag::BYTES => self.u32()?,
            // A vector of `()` allocates nothing.
            tag::LIST => return self.items(|cursor| cursor.skip(deeper)).map(drop),
            tag::MAP => {
                let pairs = self.items(|cursor| {
                    cursor.expect(tag::STR)?;
                    cursor.sized()?;
                    cursor.skip(deeper)
                });
                return pairs.map(drop);
            }
            tag::ERROR => {
                for _ in 0..2 {
                    self.items(|cursor| {
                        cursor.expect(tag::TEXT)?;
                        cursor.sized().map(drop)
                    })?;
                }
                0
            }
            _ => return Err(error),
        };
        self.take(len.into()).map(drop)
    }
}
