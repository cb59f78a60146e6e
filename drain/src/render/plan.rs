//! Lines straight from the bytes of records. What is the same for all lines of a callsite is made once,
//! from the first event of it; of the next record only the values are looked at, and no event is made.
//! Called by the renderers for each record that no processor has to see.
//!
//! A plan writes what the renderer would have written of the event, byte for byte, or nothing: a record
//! of another level, with other keys, or that was cut becomes an event as ever. It takes nothing for
//! granted that `record::decode` would have checked.

mod begin;
mod key;

use logring::Level;
use logring::layout::record::flags;
use logring::layout::value as tag;
use logring::record::{AnyValue, Event, Raw, Strings, decode, take_value};

use super::keys::{Keys, fact};
use super::line::{Lead, Line, Piece};
use super::shape::{Syntax, piece};
use super::time::Stamps;
use begin::{Begin, Facts};
use key::{Key, keys_of, take_text};

/// How some lines of one callsite are written: those of one level whose pairs have the same keys.
#[derive(Debug)]
struct Plan {
    callsite: u32,
    level: u8,
    /// Those of [`SHAPING`].
    flags: u16,
    /// From the line's start to the text, if that is the record's, else to the first value.
    begin: Begin,
    /// From the text, if that is the record's, to the first value, the process id included.
    facts: Facts,
    /// Context and fields together.
    steps: Box<[Step]>,
    /// How many of the steps are the context's.
    context: usize,
    /// What stands before each value where all of them are fields of the callsite, and numbers so far.
    leads: Box<[Lead]>,
}

/// One value.
#[derive(Debug, PartialEq)]
struct Step {
    key: Key,
    /// What stands before the value; nothing does, nor the value, if a later pair overrides it.
    before: Option<Before>,
}

/// What stands before a value.
#[derive(Debug, PartialEq)]
struct Before {
    piece: Piece,
    /// The same before a number, if it is short.
    number: Option<Lead>,
}

/// Plans by callsite.
#[derive(Debug, Default)]
pub(super) struct Plans {
    places: Vec<Place>,
}

/// Plans of callsites that share a place, and how often there was none that fits.
#[derive(Debug, Default)]
struct Place {
    plans: Vec<Plan>,
    misses: u32,
    /// Misses since the last hit.
    in_a_row: u32,
    /// So many records become events without a look.
    passes_by: u32,
}

/// Numbers of callsites are spread over the dictionary; those that are equal modulo this share a place.
const PLACES: usize = 1024;
/// Plans in one place: a callsite may log at several levels, and in several contexts.
const PLANS_EACH: usize = 4;
/// Once a place is full, a plan is made for one miss in so many: to make it anew each time would cost
/// more than it saves.
const MISSES_EACH: u32 = 31;
/// After so many misses in a row as many records are passed by, up to a bound: where nothing fits, a
/// look costs nothing.
const MISSES_PATIENT: u32 = 8;
const PASSES_BY_MAX: u32 = 256;
/// What a plan remembers, in pairs and in bytes of keys and texts: what a stranger sends must not grow
/// the drain.
const STEPS_MAX: usize = 64;
const BYTES_MAX: usize = 2048;

/// Flags of a record that a plan is made for.
const SHAPING: u16 = flags::TEXT | flags::EXTRA;
/// Flags of a record that change nothing in its line but what the plan knows.
const PLAIN: u16 = flags::LEVEL_OVERRIDE | SHAPING;

impl Plans {
    /// Writes the line of a record from `head` to the end of the values, each value by `values`. False
    /// when it has to become an event instead; the line is as it was then.
    #[inline(always)]
    pub(super) fn write<S: Syntax, V: Values>(
        &mut self,
        raw: &Raw<'_>,
        strings: &dyn Strings,
        syntax: &S,
        head: &mut Stamps,
        values: &mut V,
        line: &mut Line<'_>,
    ) -> bool {
        let Some(place) = self.places.get_mut(raw.callsite as usize % PLACES) else {
            self.miss::<S, V>(raw, strings, syntax);
            return false;
        };
        let start = line.at();
        for plan in place.plans.iter_mut().filter(|plan| plan.is_for(raw)) {
            if plan.write(raw, syntax, head, values, line) {
                place.in_a_row = 0;
                return true;
            }
            line.resume(start);
        }
        self.miss::<S, V>(raw, strings, syntax);
        false
    }

    /// Whether there is no use in [`Plans::write`] for this record.
    #[inline(always)]
    pub(super) fn passes_by(&mut self, raw: &Raw<'_>) -> bool {
        if raw.callsite == 0 {
            return true;
        }
        match self.places.get_mut(raw.callsite as usize % PLACES) {
            Some(place) if place.passes_by > 0 => {
                place.passes_by -= 1;
                true
            }
            _ => false,
        }
    }

    #[cold]
    fn miss<S: Syntax, V: Values>(&mut self, raw: &Raw<'_>, strings: &dyn Strings, syntax: &S) {
        if self.places.is_empty() {
            self.places.resize_with(PLACES, Place::default);
        }
        let place = &mut self.places[raw.callsite as usize % PLACES];
        place.misses = place.misses.wrapping_add(1);
        place.in_a_row = place.in_a_row.saturating_add(1);
        if place.in_a_row >= MISSES_PATIENT {
            place.passes_by = place.in_a_row.min(PASSES_BY_MAX);
        }
        if place.misses > PLANS_EACH as u32 && !place.misses.is_multiple_of(MISSES_EACH) {
            return;
        }
        let Some(plan) = Plan::new(raw, strings, syntax, V::BEFORE_NUMBER) else { return };
        if place.plans.iter().any(|known| known.is_same(&plan)) {
            return;
        }
        if place.plans.len() < PLANS_EACH {
            place.plans.push(plan);
        } else {
            let oldest = (place.misses / MISSES_EACH) as usize % PLANS_EACH;
            place.plans[oldest] = plan;
        }
    }
}

impl Plan {
    /// The plan for records like this one; `None` for those that have none.
    fn new(
        raw: &Raw<'_>,
        strings: &dyn Strings,
        syntax: &impl Syntax,
        before_number: &[u8],
    ) -> Option<Self> {
        // The name of a level that has none yet may become known.
        if raw.flags & !PLAIN != 0 || is_nameless(Level::new(raw.level)) {
            return None;
        }
        let mut event = Event::default();
        decode(raw, strings, &mut event).ok()?;
        let text = if event.literal { "" } else { &*event.event };
        let keys = Keys::of(&event);
        let bytes = keys.pairs().map(|field| field.key.len()).sum::<usize>();
        let pairs = event.context.len() + event.fields.len();
        // A text with placeholders needs the fields before they are read.
        let fits = pairs <= STEPS_MAX && bytes + text.len() + event.target.len() <= BYTES_MAX;
        if !fits || text.contains(['{', '}']) {
            return None;
        }
        let behind_text = |line: &mut Line<'_>| syntax.behind_text(&event, keys.found, line);
        let mut front = piece(|line| syntax.before_text(&event, line));
        let mut before = piece(behind_text);
        if !event.literal {
            let text = piece(|line| syntax.text(text, line));
            before = [std::mem::take(&mut front), text, before].concat().into();
        }
        let before_value = |(at, field): (usize, &logring::record::Field<'_>)| {
            let renamed = keys.other_name(&field.key);
            let name = renamed.as_deref().unwrap_or(&field.key);
            let before = || {
                let piece = piece(|line| syntax.before_value(name, line));
                let number = Lead::new(&[&piece, before_number].concat());
                Before { piece: Piece::new(&piece), number }
            };
            (!keys.is_overridden(at)).then(before)
        };
        let befores = keys.pairs().enumerate().map(before_value);
        let steps = keys_of(raw, strings, pairs)?.into_iter().zip(befores);
        let steps: Box<[Step]> = steps.map(|(key, before)| Step { key, before }).collect();
        let lead = |step: &Step| match (&step.key, &step.before) {
            (Key::Known, Some(before)) => before.number.clone(),
            _ => None,
        };
        let leads: Option<Box<[Lead]>> = steps.iter().map(lead).collect();
        Some(Self {
            callsite: raw.callsite,
            level: raw.level,
            flags: raw.flags & SHAPING,
            begin: Begin { front, turns: 0, pid: None, whole: Piece::new(b""), behind: 0 },
            facts: Facts::new(before, keys.found & fact::PID == 0, raw.pid),
            steps,
            context: event.context.len(),
            leads: leads.filter(|_| raw.flags & flags::TEXT == 0).unwrap_or_default(),
        })
    }

    /// Whether the two are for the same records.
    fn is_same(&self, other: &Self) -> bool {
        (self.callsite, self.level, self.flags, self.context)
            == (other.callsite, other.level, other.flags, other.context)
            && self.steps == other.steps
    }

    /// Whether a record may be of this plan, as its header has it.
    #[inline(always)]
    fn is_for(&self, raw: &Raw<'_>) -> bool {
        raw.callsite == self.callsite
            && raw.level == self.level
            && raw.flags & !flags::LEVEL_OVERRIDE == self.flags
    }

    #[inline(always)]
    fn write<S: Syntax>(
        &mut self,
        raw: &Raw<'_>,
        syntax: &S,
        head: &mut Stamps,
        values: &mut impl Values,
        line: &mut Line<'_>,
    ) -> bool {
        let fraction = head.fraction(raw.timestamp_ns);
        if self.begin.turns == head.turns() && self.begin.pid.is_none_or(|pid| pid == raw.pid) {
            let at = line.at();
            line.piece(&self.begin.whole);
            head.rewrite(fraction, at, self.begin.behind, line);
        } else {
            let at = self.begin_anew(raw, head, line.reborrow());
            line.resume(at);
        }
        if !self.leads.is_empty() && raw.context_len == 0 {
            let at = line.at();
            if self.numbers(raw.payload, values, line) {
                return true;
            }
            line.resume(at);
        }
        let Some(at) = self.write_rest(raw, syntax, values, line.reborrow()) else { return false };
        line.resume(at);
        true
    }

    /// Writes what comes behind the begin, whatever it is.
    #[inline(never)]
    fn write_rest<S: Syntax>(
        &mut self,
        raw: &Raw<'_>,
        syntax: &S,
        values: &mut impl Values,
        mut line: Line<'_>,
    ) -> Option<usize> {
        self.leads = Box::default();
        let line = &mut line;
        let (mut rest, mut own) = raw.payload.split_at_checked(raw.context_len as usize)?;
        if self.has_own_text() {
            syntax.text(take_text(&mut own)?, line);
            self.facts.write(raw.pid, line);
        }
        for (index, step) in self.steps.iter().enumerate() {
            if index == self.context {
                if !rest.is_empty() {
                    return None;
                }
                rest = std::mem::take(&mut own);
            }
            if !step.key.take(&mut rest) {
                return None;
            }
            match &step.before {
                Some(before) => write_value(before, &mut rest, values, line)?,
                None => drop(take_value(&mut rest)?),
            }
        }
        // Where no field follows the context, nothing does.
        (rest.is_empty() && own.is_empty()).then(|| line.at())
    }

    /// The values, if all of them are numbers: then little else has to be asked of each.
    #[inline(always)]
    fn numbers<V: Values>(&self, mut rest: &[u8], values: &mut V, line: &mut Line<'_>) -> bool {
        for (index, lead) in self.leads.iter().enumerate() {
            let Some((&[tag, bytes @ ..], behind)) = rest.split_first_chunk::<9>() else {
                return false;
            };
            if !write_number(tag, bytes, lead, line) {
                let Some(at) = self.rare_number(index, rest, values, line.reborrow()) else {
                    return false;
                };
                line.resume(at);
            }
            rest = behind;
        }
        rest.is_empty()
    }

    /// A number that has many digits; nothing where it is none.
    #[inline(never)]
    fn rare_number<V: Values>(
        &self,
        index: usize,
        mut rest: &[u8],
        values: &mut V,
        mut line: Line<'_>,
    ) -> Option<usize> {
        let before = self.steps.get(index)?.before.as_ref()?;
        let is_number = matches!(rest.first(), Some(&(tag::U64 | tag::I64 | tag::F64)));
        is_number.then(|| write_value(before, &mut rest, values, &mut line))??;
        Some(line.at())
    }

    /// Whether the text of the lines is the record's own.
    #[inline(always)]
    fn has_own_text(&self) -> bool {
        self.flags & flags::TEXT != 0
    }

    /// Writes the begin of a line of another second or of another process, and lays it out for those that
    /// follow, as it stands in the line.
    #[inline(never)]
    fn begin_anew(&mut self, raw: &Raw<'_>, head: &mut Stamps, mut line: Line<'_>) -> usize {
        let start = line.at();
        head.write(raw.timestamp_ns, &mut line);
        let stamp = line.at() - start;
        line.bytes(&self.begin.front);
        let mut pid = None;
        if !self.has_own_text() {
            self.facts.write(raw.pid, &mut line);
            pid = self.facts.has_pid.then_some(raw.pid);
        }
        if pid.is_none_or(|pid| pid == self.facts.pid) {
            let whole = line.since(start);
            let behind = whole.get(stamp).copied().unwrap_or(0);
            let (front, whole) = (std::mem::take(&mut self.begin.front), Piece::new(whole));
            self.begin = Begin { front, turns: head.turns(), pid, whole, behind };
        }
        line.at()
    }
}

#[cold]
fn is_nameless(level: Level) -> bool {
    level.is_own() && level.name().is_none()
}

/// How a form of lines writes values, and what stands before them where that depends on the value. All
/// inline, so that a line's place stays in a register.
pub(super) trait Values {
    /// What stands before a number, behind what stands before any value.
    const BEFORE_NUMBER: &'static [u8];
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

/// Takes the next value and writes it.
#[inline(always)]
fn write_value(
    before: &Before,
    rest: &mut &[u8],
    values: &mut impl Values,
    line: &mut Line<'_>,
) -> Option<()> {
    if let Some((&[tag, bytes @ ..], behind)) = rest.split_first_chunk::<9>()
        && matches!(tag, tag::U64 | tag::I64 | tag::F64)
    {
        *rest = behind;
        if let Some(lead) = &before.number
            && write_number(tag, bytes, lead, line)
        {
            return Some(());
        }
        line.piece(&before.piece);
        match tag {
            tag::U64 => values.unsigned(u64::from_le_bytes(bytes), line),
            tag::I64 => values.signed(i64::from_le_bytes(bytes), line),
            _ => values.float(f64::from_le_bytes(bytes), line),
        }
        return Some(());
    }
    line.piece(&before.piece);
    if let Some((&(tag::STR | tag::TEXT), mut behind)) = rest.split_first()
        && let Some(text) = take_text(&mut behind)
    {
        *rest = behind;
        values.text(text, line);
        return Some(());
    }
    let at = write_rare(rest, values, line.reborrow())?;
    line.resume(at);
    Some(())
}

/// Writes a number of few digits and what stands before it; nothing if it is none.
#[inline(always)]
fn write_number(tag: u8, bytes: [u8; 8], lead: &Lead, line: &mut Line<'_>) -> bool {
    let value = i64::from_le_bytes(bytes);
    match tag {
        tag::U64 => line.lead_integer(lead, false, value as u64),
        tag::I64 => line.lead_integer(lead, value < 0, value.unsigned_abs()),
        tag::F64 => line.lead_double(lead, f64::from_le_bytes(bytes)),
        _ => false,
    }
}

/// The same for what is neither a number of eight bytes nor text that is as it should be.
#[inline(never)]
fn write_rare(rest: &mut &[u8], values: &mut impl Values, mut line: Line<'_>) -> Option<usize> {
    values.any(&take_value(rest)?, &mut line);
    Some(line.at())
}

#[cfg(test)]
mod tests;
