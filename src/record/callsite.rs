//! A callsite as the dictionary holds it: bincode's fixed-int form of its facts behind a kind byte.
//!
//! Producers encode, the drain decodes. The content is the callsite's identity: two processes of one
//! binary make the same bytes, hence one dictionary entry.

use std::borrow::Cow;

use bincode::config;

use super::decode::{Cursor, DecodeError};
use crate::layout::dictionary::{KIND_CALLSITE, KIND_LEVEL, KIND_STRING};
use crate::layout::value::NAMES_MAX;
use crate::level::Level;

/// Callsites are encoded on the stack up to this.
const STACK_BYTES: usize = 2 << 10;

/// What stands in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    /// The level's number.
    pub level: u8,
    /// The module, or what `target:` said.
    pub target: &'a str,
    /// The source file.
    pub file: &'a str,
    /// The line in it.
    pub line: u32,
    /// The event's text with its placeholders.
    pub event: &'a str,
    /// The fields' names in call order.
    pub names: &'a [&'a str],
}

impl Facts<'_> {
    /// The dictionary content. Allocates: a callsite does this once in each process.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let Self { level, target, file, line, event, names } = *self;
        let content = (KIND_CALLSITE, level, target, file, line, event, names);
        bincode::encode_to_vec(content, config::legacy())
            .expect("strings and integers have an encoding, and a Vec takes it")
    }

    /// The same, handed to `then`; allocation-free up to 2 KiB, so that a callsite's first call may
    /// be in a signal handler.
    pub fn encoded<T>(&self, then: impl FnOnce(&[u8]) -> T) -> T {
        let Self { level, target, file, line, event, names } = *self;
        let mut buffer = [0; STACK_BYTES];
        let content = (KIND_CALLSITE, level, target, file, line, event, names);
        match bincode::encode_into_slice(content, &mut buffer, config::legacy()) {
            Ok(len) => then(&buffer[..len]),
            Err(_) => then(&self.encode()),
        }
    }

    /// Bytes of [`Facts::encode`].
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        let texts = [self.target, self.file, self.event];
        let texts = texts.iter().chain(self.names).map(|text| Self::text_len(text));
        1 + 1 + 4 + 8 + texts.sum::<usize>()
    }

    /// Bytes of one of its texts in that.
    #[must_use]
    pub const fn text_len(text: &str) -> usize {
        8 + text.len()
    }
}

/// [`encode_string`], handed to `then`; allocation-free up to 2 KiB.
pub fn encoded_string<T>(text: &str, then: impl FnOnce(&[u8]) -> T) -> T {
    let mut buffer = [KIND_STRING; STACK_BYTES];
    match buffer.get_mut(1..=text.len()) {
        Some(room) => {
            room.copy_from_slice(text.as_bytes());
            then(&buffer[..=text.len()])
        }
        None => then(&encode_string(text)),
    }
}

/// The dictionary content of a string: a key, a target.
#[must_use]
pub fn encode_string(text: &str) -> Vec<u8> {
    [&[KIND_STRING], text.as_bytes()].concat()
}

/// The dictionary content of an own level's name.
#[must_use]
pub fn encode_level(level: Level, name: &str) -> Vec<u8> {
    [&[KIND_LEVEL, level.number()], name.as_bytes()].concat()
}

/// What such content says; `None` for another kind.
#[must_use]
pub fn decode_level(content: &[u8]) -> Option<(Level, &str)> {
    match content {
        [KIND_LEVEL, number, name @ ..] => {
            Some((Level::new(*number), std::str::from_utf8(name).ok()?))
        }
        _ => None,
    }
}

/// A decoded callsite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallsiteInfo<'a> {
    /// The level's number.
    pub level: u8,
    /// The module, or what `target:` said.
    pub target: Cow<'a, str>,
    /// The source file.
    pub file: Cow<'a, str>,
    /// The line in it.
    pub line: u32,
    /// The event's text with its placeholders.
    pub event: Cow<'a, str>,
    /// The fields' names in call order.
    pub names: Vec<Cow<'a, str>>,
}

impl<'a> CallsiteInfo<'a> {
    /// Decodes dictionary content, the kind byte included.
    ///
    /// # Errors
    /// Content that ends early, is of another kind, or has bytes left over.
    pub fn decode(content: &'a [u8]) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(content);
        if cursor.u8()? != KIND_CALLSITE {
            return Err(DecodeError::Malformed { offset: 0 });
        }
        let mut info = Self {
            level: cursor.u8()?,
            target: text(&mut cursor)?,
            file: text(&mut cursor)?,
            line: cursor.u32()?,
            event: text(&mut cursor)?,
            names: Vec::new(),
        };
        let count = cursor.u64()?;
        if count > u64::from(NAMES_MAX) {
            return Err(cursor.malformed());
        }
        for _ in 0..count {
            info.names.push(text(&mut cursor)?);
        }
        if cursor.is_empty() { Ok(info) } else { Err(cursor.malformed()) }
    }

    /// The same with its texts copied.
    #[must_use]
    pub fn into_owned(self) -> CallsiteInfo<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        CallsiteInfo {
            level: self.level,
            target: own(self.target),
            file: own(self.file),
            line: self.line,
            event: own(self.event),
            names: self.names.into_iter().map(own).collect(),
        }
    }
}

/// A string of bincode's fixed-int form: a length of 8 bytes, then the bytes.
fn text<'a>(cursor: &mut Cursor<'a>) -> Result<Cow<'a, str>, DecodeError> {
    let len = cursor.u64()?;
    Ok(String::from_utf8_lossy(cursor.take(len)?))
}

/// Decodes the dictionary content of a string, the kind byte included; `None` for another kind.
#[must_use]
pub fn decode_string(content: &[u8]) -> Option<Cow<'_, str>> {
    match content.split_first() {
        Some((&KIND_STRING, text)) => Some(String::from_utf8_lossy(text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callsite_comes_back() {
        let facts = Facts {
            level: 20,
            target: "shop::db",
            file: "src/db.rs",
            line: 77,
            event: "took {ms}",
            names: &["ms", "http.status"],
        };
        let content = facts.encode();
        assert_eq!(content.len(), facts.encoded_len());
        let info = CallsiteInfo::decode(&content).unwrap();
        assert_eq!((info.level, info.line), (20, 77));
        assert_eq!(
            [&*info.target, &*info.file, &*info.event],
            ["shop::db", "src/db.rs", "took {ms}"]
        );
        assert_eq!(info.names, ["ms", "http.status"]);
        for len in 0..content.len() {
            assert!(CallsiteInfo::decode(&content[..len]).is_err(), "cut at {len}");
        }
        assert!(CallsiteInfo::decode(&[&content[..], &[0]].concat()).is_err(), "a byte too many");
    }

    #[test]
    fn a_count_of_names_that_cannot_be_is_refused() {
        let facts = Facts { level: 5, target: "", file: "", line: 0, event: "", names: &[] };
        let mut content = facts.encode();
        let at = content.len() - 8;
        content[at..].copy_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(
            CallsiteInfo::decode(&content),
            Err(DecodeError::Malformed { offset: content.len() })
        );
    }

    #[test]
    fn a_string_comes_back() {
        assert_eq!(decode_string(&encode_string("tenant")).unwrap(), "tenant");
        assert_eq!(decode_string(&[KIND_CALLSITE, b'x']), None);
        assert_eq!(decode_string(&[]), None);
    }
}
