//! Lines straight from the bytes of records. What is the same for all lines of a callsite is made once,
//! from the first event of it; of the next record only the values are looked at, and no event is made.
//! Called by the renderers for each record that no processor has to see.
//!
//! A plan writes what the renderer would have written of the event, byte for byte, or nothing: a record
//! of another level, with other keys, or with a value that is not plain becomes an event as ever. It
//! takes nothing for granted that `record::decode` would have checked.

use logring::layout::record::flags;
use logring::layout::value as tag;
use logring::record::{AnyValue, Event, Raw, Strings, decode};

use super::line::{Line, Piece};
use super::shape::{Shape, Syntax};

/// How the lines of one callsite are written.
#[derive(Debug)]
pub(super) struct Plan {
    callsite: u32,
    level: u8,
    /// From the timestamp's end to the process id.
    front: Piece,
    /// What stands before each value, context and fields together.
    steps: Box<[Step]>,
    /// How many of the steps are the context's.
    context: usize,
}

/// One value.
#[derive(Debug)]
struct Step {
    /// The dictionary id of a key of the context; 0 for a field of the callsite.
    key: u32,
    before: Piece,
}

/// Plans by callsite, and how often there was none that fits.
#[derive(Debug, Default)]
pub(super) struct Plans {
    places: Vec<Option<Box<Plan>>>,
    misses: u32,
}

/// Numbers of callsites are spread over the dictionary; those that are equal modulo this share a place.
const PLACES: usize = 4096;
/// A plan is made for one miss in so many, where there is one or there could not be: to make it anew
/// each time would cost more than it saves.
const MISSES_EACH: u32 = 31;

impl Plans {
    /// Writes the line of a record from the timestamp's end to the end of the values, each value by
    /// `values`. False when it has to become an event instead; the line is of no use then.
    #[inline(always)]
    pub(super) fn write(
        &mut self,
        raw: &Raw<'_>,
        strings: &dyn Strings,
        syntax: &impl Syntax,
        line: &mut Line<'_>,
        values: &mut impl Values,
    ) -> bool {
        let place = raw.callsite as usize % PLACES;
        match self.places.get(place) {
            Some(Some(plan)) if plan.write(raw, line, values) => true,
            _ => {
                self.miss(raw, strings, syntax);
                false
            }
        }
    }

    #[cold]
    fn miss(&mut self, raw: &Raw<'_>, strings: &dyn Strings, syntax: &impl Syntax) {
        if raw.callsite == 0 {
            return;
        }
        let place = raw.callsite as usize % PLACES;
        let is_new = place >= self.places.len();
        if is_new {
            self.places.resize_with(place + 1, || None);
        }
        self.misses = self.misses.wrapping_add(1);
        if is_new || self.misses.is_multiple_of(MISSES_EACH) {
            self.places[place] = Plan::new(raw, strings, syntax).map(Box::new);
        }
    }
}

/// Flags of a record that change nothing in its line but the level.
const PLAIN: u16 = flags::LEVEL_OVERRIDE;

impl Plan {
    /// The plan for records like this one; `None` for those that have none.
    fn new(raw: &Raw<'_>, strings: &dyn Strings, syntax: &impl Syntax) -> Option<Self> {
        let mut event = Event::default();
        decode(raw, strings, &mut event).ok()?;
        let shape = Shape::new(&event, syntax).filter(|shape| shape.filled.is_none())?;
        let mut context = raw.payload.get(..raw.context_len as usize)?;
        let mut steps = Vec::new();
        for before in &shape.befores {
            let is_context = steps.len() < event.context.len();
            let key = if is_context {
                let key = take_u32(&mut context).filter(|key| *key != 0)?;
                // A key that the dictionary lacks may be there for the next record.
                strings.string(key)?;
                skip_plain(&mut context)?;
                key
            } else {
                0
            };
            steps.push(Step { key, before: Piece::new(before) });
        }
        let (callsite, level, front) = (raw.callsite, raw.level, Piece::new(&shape.front));
        let context = event.context.len();
        Some(Self { callsite, level, front, steps: steps.into(), context })
    }

    #[inline(always)]
    fn write(&self, raw: &Raw<'_>, line: &mut Line<'_>, values: &mut impl Values) -> bool {
        if raw.callsite != self.callsite || raw.level != self.level || raw.flags & !PLAIN != 0 {
            return false;
        }
        let Some(own_len) = raw.payload.len().checked_sub(raw.context_len as usize) else {
            return false;
        };
        line.piece(&self.front);
        line.integer(raw.pid.into());
        let mut rest = raw.payload;
        for (index, step) in self.steps.iter().enumerate() {
            if index == self.context && rest.len() != own_len {
                return false;
            }
            if step.key != 0 && take_u32(&mut rest) != Some(step.key) {
                return false;
            }
            line.piece(&step.before);
            if write_plain(&mut rest, values, line).is_none() {
                return false;
            }
        }
        // Where no field follows the context, this is where it has to end.
        rest.is_empty() && (self.context < self.steps.len() || own_len == 0)
    }
}

/// How a form of lines writes values, and what stands before them where that depends on the value. All
/// inline, so that a line's place stays in a register.
pub(super) trait Values {
    /// An integer.
    fn unsigned(&mut self, value: u64, line: &mut Line<'_>);
    /// An integer.
    fn signed(&mut self, value: i64, line: &mut Line<'_>);
    /// A double, whatever it is.
    fn float(&mut self, value: f64, line: &mut Line<'_>);
    /// A text, whatever it holds.
    fn text(&mut self, value: &str, line: &mut Line<'_>);
    /// Any value.
    fn any(&mut self, value: &AnyValue<'_>, line: &mut Line<'_>);
}

/// Takes the next value and writes it, if it is of a kind that allocates nothing.
#[inline(always)]
fn write_plain(rest: &mut &[u8], values: &mut impl Values, line: &mut Line<'_>) -> Option<()> {
    if let Some((&[tag, bytes @ ..], behind)) = rest.split_first_chunk::<9>()
        && matches!(tag, tag::U64 | tag::I64 | tag::F64)
    {
        *rest = behind;
        match tag {
            tag::U64 => values.unsigned(u64::from_le_bytes(bytes), line),
            tag::I64 => values.signed(i64::from_le_bytes(bytes), line),
            _ => values.float(f64::from_le_bytes(bytes), line),
        }
        return Some(());
    }
    match take_short(rest)? {
        Short::Text(text) => values.text(text, line),
        Short::Other(value) => values.any(&value, line),
    }
    Some(())
}

/// A value that is no number of eight bytes.
enum Short<'a> {
    Text(&'a str),
    Other(AnyValue<'static>),
}

#[inline(always)]
fn take_short<'a>(rest: &mut &'a [u8]) -> Option<Short<'a>> {
    let (&tag, behind) = rest.split_first()?;
    *rest = behind;
    Some(match tag {
        tag::STR | tag::TEXT => Short::Text(take_text(rest)?),
        tag::FALSE => Short::Other(AnyValue::Bool(false)),
        tag::TRUE => Short::Other(AnyValue::Bool(true)),
        tag::NULL => Short::Other(AnyValue::Null),
        _ => return None,
    })
}

/// Passes a value by, if [`write_plain`] would write it.
fn skip_plain(rest: &mut &[u8]) -> Option<()> {
    if matches!(rest.first()?, &(tag::U64 | tag::I64 | tag::F64)) {
        *rest = rest.get(9..)?;
        return Some(());
    }
    take_short(rest).map(drop)
}

#[inline(always)]
fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    let (bytes, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(u32::from_le_bytes(*bytes))
}

/// A text that is as it should be: what is not UTF-8 is mended by `record::decode`.
#[inline(always)]
fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let len = take_u32(rest)? as usize;
    let (text, behind) = rest.split_at_checked(len)?;
    *rest = behind;
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests;
