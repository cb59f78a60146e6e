//! Takes the values of an event or a span with their types. User code (`Debug`, errors) runs here, with
//! no record open.

use std::error::Error;
use std::fmt::{Debug, Display};

use tracing_core::field::{Field, Visit};

use super::site::Site;
use crate::Logger;
use crate::bridge::foreign::{Text, Values};
use crate::call::context::pairs::{Pair, merge};
use crate::record::value::{AnyEncode, stage};
use crate::record::{AsDebug, Bytes, Scratch, Value};

/// The text and the values of an event, in the order of its callsite's fields; one without a value is
/// null.
pub(super) struct EventFields<'a> {
    site: &'static Site,
    logger: &'a Logger,
    text: Text,
    values: Values,
    /// Values that came after later ones.
    late: Vec<(&'static str, Scratch)>,
    next: usize,
}

impl<'a> EventFields<'a> {
    pub(super) fn new(site: &'static Site, logger: &'a Logger) -> Self {
        let (text, values) = (Text::new(), Values::new());
        Self { site, logger, text, values, late: Vec::new(), next: 0 }
    }

    pub(super) fn log(mut self) {
        let names = self.site.foreign.facts().names;
        self.skip_to(names.len());
        for (key, value) in &self.late {
            self.values.key(self.logger, key);
            self.values.encoded(value.bytes());
        }
        if self.text.is_empty() && !self.site.name.is_empty() {
            self.text.write(format_args!("{}", self.site.name));
        }
        self.site.foreign.log(self.logger, &self.text, &self.values);
    }

    fn skip_to(&mut self, column: usize) {
        while self.next < column {
            self.values.plain(&());
            self.next += 1;
        }
    }

    /// Whether the field's value comes in its place.
    #[inline]
    fn turn(&mut self, field: &Field) -> bool {
        let index = field.index();
        let column = index - usize::from(self.site.message.is_some_and(|message| message < index));
        let is_in_order = column >= self.next;
        if is_in_order {
            self.skip_to(column);
            self.next += 1;
        }
        is_in_order
    }

    #[inline]
    fn plain(&mut self, field: &Field, value: &(impl Value + Display)) {
        if self.is_text(field) {
            self.text.write(format_args!("{value}"));
        } else {
            self.value(field, value);
        }
    }

    #[inline]
    fn value(&mut self, field: &Field, value: &impl Value) {
        if self.turn(field) {
            self.values.plain(value);
        } else {
            self.come_late(field, value);
        }
    }

    fn is_text(&self, field: &Field) -> bool {
        self.site.message == Some(field.index())
    }

    fn any(&mut self, field: &Field, value: &dyn AnyEncode) {
        if self.turn(field) {
            self.values.any(value);
        } else {
            self.come_late(field, value);
        }
    }

    #[cold]
    fn come_late(&mut self, field: &Field, value: &dyn AnyEncode) {
        let mut scratch = Scratch::new();
        stage(&mut scratch, value);
        self.late.push((field.name(), scratch));
    }
}

/// Hands each plain value on to the visitor's `plain`.
macro_rules! plain_values {
    () => {
        plain_values! {
            record_f64: f64;
            record_i64: i64;
            record_u64: u64;
            record_i128: i128;
            record_u128: u128;
            record_bool: bool;
            record_str: &str;
        }
    };
    ($($record:ident: $type:ty;)*) => {$(
        fn $record(&mut self, field: &Field, value: $type) {
            self.plain(field, &value);
        }
    )*};
}

impl Visit for EventFields<'_> {
    plain_values!();

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        if self.is_text(field) {
            self.text.write(format_args!("{}", value.escape_ascii()));
        } else {
            self.value(field, &Bytes(value));
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        if self.is_text(field) {
            self.text.write(format_args!("{value}"));
        } else {
            self.any(field, &value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if self.is_text(field) {
            self.text.write(format_args!("{value:?}"));
        } else {
            self.any(field, &AsDebug(value));
        }
    }
}

/// The values of a span's fields, as pairs.
pub(super) struct SpanFields<'a> {
    site: &'static Site,
    pairs: &'a mut Vec<Pair>,
}

impl<'a> SpanFields<'a> {
    pub(super) fn new(site: &'static Site, pairs: &'a mut Vec<Pair>) -> Self {
        Self { site, pairs }
    }

    fn put(&mut self, field: &Field, encode: impl FnOnce(&mut Scratch)) {
        let Some(key) = self.site.keys.get(field.index()) else { return };
        let mut scratch = Scratch::new();
        encode(&mut scratch);
        merge(self.pairs, [key.pair(scratch.bytes())]);
    }

    fn plain(&mut self, field: &Field, value: &impl Value) {
        self.put(field, |scratch| scratch.write(|out| value.encode(out)));
    }
}

impl Visit for SpanFields<'_> {
    plain_values!();

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.plain(field, &Bytes(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.put(field, |scratch| stage(scratch, &value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, |scratch| stage(scratch, &AsDebug(value)));
    }
}
