//! How a line's keys get along: which of equal ones stands, which are taken by the line itself, which
//! automatic facts yield. The same for all forms of lines; called once a line, by those that have no
//! shape.

use logring::record::{Event, Field};

use super::unique::Overridden;

/// Bits for names that mean something to a line.
pub(super) mod fact {
    pub(in crate::render) const TARGET: u8 = 1;
    pub(in crate::render) const PID: u8 = 2;
    pub(in crate::render) const THREAD: u8 = 4;
    pub(in crate::render) const FILE: u8 = 8;
    pub(in crate::render) const LINE: u8 = 16;
    /// Not a fact: a name that the line needs for itself.
    pub(in crate::render) const RESERVED: u8 = 32;
    /// Reserved on a line that carries the mark.
    pub(in crate::render) const MARK: u8 = 64;
    /// Printed beneath the line by the forms that have blocks.
    pub(in crate::render) const BLOCK: u8 = 128;

    /// What a user's key collides with.
    #[inline]
    pub(super) fn of(key: &str) -> u8 {
        match key {
            "timestamp" | "level" | "event" => RESERVED,
            "late" | "truncated" => MARK,
            "exception" | "stack" => BLOCK,
            "target" => TARGET,
            "pid" => PID,
            "thread" => THREAD,
            "file" => FILE,
            "line" => LINE,
            _ => 0,
        }
    }
}

/// How a line's keys get along: context and fields together, in that order.
pub(super) struct Keys<'e, 'a> {
    event: &'e Event<'a>,
    /// Pairs that a later one overrides.
    overridden: Overridden,
    /// Bits of [`fact`] of all keys.
    pub(super) found: u8,
}

impl<'e, 'a> Keys<'e, 'a> {
    #[inline]
    pub(super) fn of(event: &'e Event<'a>) -> Self {
        let (context, fields) = (&event.context[..], &event.fields[..]);
        let mut found = 0;
        for pair in context {
            found |= fact::of(&pair.key);
        }
        for pair in fields {
            found |= fact::of(&pair.key);
        }
        let overridden = Overridden::of(context.len() + fields.len(), |index| {
            match index.checked_sub(context.len()) {
                None => &context[index].key,
                Some(index) => &fields[index].key,
            }
        });
        Self { event, overridden, found }
    }

    /// All pairs, those that are overridden too.
    #[inline]
    pub(super) fn pairs(&self) -> impl Iterator<Item = &'e Field<'a>> + use<'e, 'a> {
        self.event.context.iter().chain(&self.event.fields)
    }

    /// Whether a later pair overrides the one at `index`.
    #[inline]
    pub(super) fn is_overridden(&self, index: usize) -> bool {
        self.overridden.contains(index)
    }

    /// The name that a pair of this key gets instead, if the line itself needs that name.
    #[inline]
    pub(super) fn other_name(&self, key: &str) -> Option<String> {
        let renames = self.found & (fact::RESERVED | fact::MARK) != 0;
        (renames && self.is_reserved(key)).then(|| self.free_name(key))
    }

    fn is_reserved(&self, key: &str) -> bool {
        match key {
            "late" => self.event.late,
            "truncated" => self.event.truncated,
            _ => fact::of(key) == fact::RESERVED,
        }
    }

    /// `key` with as many `_` appended as make it a name that no other pair has.
    #[cold]
    fn free_name(&self, key: &str) -> String {
        let mut name = format!("{key}_");
        while self.pairs().any(|pair| pair.key == name) {
            name.push('_');
        }
        name
    }
}
