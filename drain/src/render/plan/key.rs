//! What a plan remembers of a record's keys, and how it passes them by in the next one. Nothing is taken
//! for granted of the bytes.

use logring::layout::record::flags;
use logring::record::{Raw, Strings, take_value};

/// A pair's key, as the record has it.
#[derive(Debug, PartialEq)]
pub(super) enum Key {
    /// There is none: a field of the callsite.
    Known,
    /// A dictionary id.
    Number(u32),
    /// Its length and bytes, behind an id of 0.
    Inline(Box<[u8]>),
}

/// The keys of a record of so many pairs, which `record::decode` has accepted.
pub(super) fn keys_of(raw: &Raw<'_>, strings: &dyn Strings, pairs: usize) -> Option<Vec<Key>> {
    let (mut context, mut own) = raw.payload.split_at_checked(raw.context_len as usize)?;
    let mut keys = Vec::new();
    while !context.is_empty() {
        keys.push(Key::of(&mut context, strings)?);
        take_value(&mut context)?;
    }
    if raw.flags & flags::TEXT != 0 {
        take_text(&mut own)?;
    }
    for _ in &strings.callsite(raw.callsite)?.names {
        keys.push(Key::Known);
        take_value(&mut own)?;
    }
    while !own.is_empty() {
        keys.push(Key::of(&mut own, strings)?);
        take_value(&mut own)?;
    }
    (keys.len() == pairs).then_some(keys)
}

impl Key {
    /// The key that stands here, unless the dictionary lacks it: it may be there for the next record.
    fn of(rest: &mut &[u8], strings: &dyn Strings) -> Option<Self> {
        match take_u32(rest)? {
            0 => {
                let len = u16::from_le_bytes(*rest.first_chunk()?);
                let (key, behind) = rest.split_at_checked(2 + usize::from(len))?;
                *rest = behind;
                Some(Self::Inline(key.into()))
            }
            id => strings.string(id).map(|_| Self::Number(id)),
        }
    }

    /// Passes it by, if it is what stands here.
    #[inline(always)]
    pub(super) fn take(&self, rest: &mut &[u8]) -> bool {
        match self {
            Self::Known => true,
            Self::Number(id) => take_u32(rest) == Some(*id),
            Self::Inline(key) => {
                let behind = rest.strip_prefix(&[0; 4]).and_then(|rest| rest.strip_prefix(&**key));
                *rest = behind.unwrap_or_default();
                behind.is_some()
            }
        }
    }
}

#[inline(always)]
fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    let (bytes, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(u32::from_le_bytes(*bytes))
}

/// A text that is as it should be: what is not UTF-8 is mended by `record::decode`.
#[inline(always)]
pub(super) fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let len = take_u32(rest)? as usize;
    let (text, behind) = rest.split_at_checked(len)?;
    *rest = behind;
    std::str::from_utf8(text).ok()
}
