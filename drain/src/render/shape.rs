//! What all lines of one callsite have in common, made once: what stands around the event's text, and
//! before each value. Called by the renderers for each line; each says by a [`Syntax`] how its lines
//! look.
//!
//! The callsite's number is no more than a place to look: an event belongs to a shape when its level,
//! texts and keys are those of the shape, whatever a processor made of them. Only events whose keys
//! neither collide nor override each other have a shape.

use logring::record::Event;

use super::keys::Keys;
use super::line::Line;
use super::template::Template;

/// How a form of lines is written around the values.
pub(super) trait Syntax {
    /// Bits of [`super::keys::fact`]: an event with such a key has no shape.
    const SPECIAL_KEYS: u8;
    /// From the timestamp's end to where the event's text begins.
    fn before_text(&self, event: &Event<'_>, line: &mut Line<'_>);
    /// The event's text, without placeholders.
    fn text(&self, text: &str, line: &mut Line<'_>);
    /// From the text's end to the first thing that is not the same for all lines of a callsite, without
    /// the facts whose bits of [`super::keys::fact`] are `taken`.
    fn behind_text(&self, event: &Event<'_>, taken: u8, line: &mut Line<'_>);
    /// From the end of what stands before it to where the value of `key` begins.
    fn before_value(&self, key: &str, line: &mut Line<'_>);
}

/// The common part of some lines.
#[derive(Debug)]
pub(super) struct Shape {
    level: u8,
    text: Box<str>,
    target: Box<str>,
    keys: Box<[Box<str>]>,
    /// From the timestamp's end to the text if that has to be filled, else to the end of what is
    /// the same behind it.
    pub(super) front: Box<[u8]>,
    /// The text and what is the same behind it, if it has to be filled.
    pub(super) filled: Option<(Template, Box<[u8]>)>,
    /// What stands before each value, context and fields together.
    pub(super) befores: Box<[Box<[u8]>]>,
}

/// Shapes by callsite, and how often one did not fit.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    places: Vec<Option<Box<Shape>>>,
    misses: u32,
}

/// Callsites beyond share their places.
const PLACES: usize = 1024;
/// A shape is made for one miss in so many: where two take turns in a place, making them anew each
/// time would cost more than it saves.
const MISSES_EACH: u32 = 32;
/// Texts and keys of a shape together: what a stranger sends must not grow the drain.
const BYTES_MAX: usize = 2048;

impl Shapes {
    /// The shape of this event, if there is one.
    #[inline(always)]
    pub(super) fn of(&mut self, event: &Event<'_>, syntax: &impl Syntax) -> Option<&Shape> {
        // A literal text is hardly ever that of the last record.
        if event.callsite == 0 || event.literal {
            return None;
        }
        let place = event.callsite as usize % PLACES;
        let known = self.places.get(place).and_then(Option::as_deref);
        if known.is_some_and(|shape| shape.fits(event)) || self.miss(event, place, syntax) {
            self.places.get(place).and_then(Option::as_deref)
        } else {
            None
        }
    }

    /// Whether there is a shape for the event now.
    #[cold]
    fn miss(&mut self, event: &Event<'_>, place: usize, syntax: &impl Syntax) -> bool {
        if self.places.is_empty() {
            self.places.resize_with(PLACES, || None);
        }
        self.misses = self.misses.wrapping_add(1);
        if self.places[place].is_some() && !self.misses.is_multiple_of(MISSES_EACH) {
            return false;
        }
        self.places[place] = Shape::new(event, syntax).map(Box::new);
        self.places[place].is_some()
    }
}

impl Shape {
    /// The shape of events like this one; `None` for those that have none.
    pub(super) fn new<S: Syntax>(event: &Event<'_>, syntax: &S) -> Option<Self> {
        let keys = Keys::of(event);
        let bytes = keys.pairs().map(|field| field.key.len()).sum::<usize>();
        if bytes + event.event.len() + event.target.len() > BYTES_MAX {
            return None;
        }
        if keys.found & S::SPECIAL_KEYS != 0
            || keys.pairs().enumerate().any(|(at, _)| keys.is_overridden(at))
        {
            return None;
        }
        let filled = event.event.contains(['{', '}']).then(|| {
            let behind = piece(|line| syntax.behind_text(event, 0, line));
            (Template::parse(&event.event), behind)
        });
        let front = piece(|line| {
            syntax.before_text(event, line);
            if filled.is_none() {
                syntax.text(&event.event, line);
                syntax.behind_text(event, 0, line);
            }
        });
        Some(Self {
            level: event.level.number(),
            text: (*event.event).into(),
            target: (*event.target).into(),
            keys: keys.pairs().map(|field| (*field.key).into()).collect(),
            front,
            filled,
            befores: keys
                .pairs()
                .map(|field| piece(|line| syntax.before_value(&field.key, line)))
                .collect(),
        })
    }

    #[inline(always)]
    fn fits(&self, event: &Event<'_>) -> bool {
        if self.keys.len() != event.context.len() + event.fields.len()
            || self.level != event.level.number()
            || !same(&self.text, &event.event)
            || !same(&self.target, &event.target)
        {
            return false;
        }
        let (context, fields) = self.keys.split_at(event.context.len());
        // Written as loops, which are inlined.
        for (key, field) in context.iter().zip(&event.context) {
            if !same(key, &field.key) {
                return false;
            }
        }
        for (key, field) in fields.iter().zip(&event.fields) {
            if !same(key, &field.key) {
                return false;
            }
        }
        true
    }
}

/// A part of a line.
pub(super) fn piece(write: impl FnOnce(&mut Line<'_>)) -> Box<[u8]> {
    let mut piece = Vec::new();
    let mut line = Line::new(&mut piece, 0);
    write(&mut line);
    line.end();
    piece.into()
}

/// Whether two texts are equal. Most are short: their first and last bytes are compared, which
/// overlap, since a call of `memcmp` for each would cost more.
#[inline(always)]
fn same(one: &str, other: &str) -> bool {
    fn ends<const N: usize>(bytes: &[u8]) -> Option<(&[u8; N], &[u8; N])> {
        Some((bytes.first_chunk()?, bytes.last_chunk()?))
    }
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    match one.len() {
        8..=16 => ends::<8>(one) == ends::<8>(other),
        17..=32 => ends::<16>(one) == ends::<16>(other),
        4..=7 => ends::<4>(one) == ends::<4>(other),
        2..=3 => ends::<2>(one) == ends::<2>(other),
        _ => one == other,
    }
}
