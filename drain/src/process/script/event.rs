//! An event as a script sees it: a copy, whose changes go into the event when the script is done.

use std::borrow::Cow;

use logring::record::{AnyValue, Event};
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, Map};

use super::super::text;

/// The copy, and what was changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Scripted {
    event: Event<'static>,
}

impl Scripted {
    pub(super) fn new(event: Event<'static>) -> Self {
        Self { event }
    }

    /// Gives the event what the script made of it.
    pub(super) fn put_into(self, event: &mut Event<'_>) {
        *event = self.event;
    }

    fn get(&mut self, key: ImmutableString) -> Dynamic {
        match self.event.get(&key) {
            Some(value) if text::is_mark(value) => text::filled(&self.event).into(),
            Some(value) => dynamic(value),
            None => Dynamic::UNIT,
        }
    }

    fn set(&mut self, key: ImmutableString, value: Dynamic) -> Result<(), Box<EvalAltResult>> {
        let value = any(value)?;
        text::pin(&mut self.event, |_| false);
        self.event.set(&key, value);
        Ok(())
    }

    fn remove(&mut self, key: ImmutableString) -> Dynamic {
        let value = self.get(key.clone());
        text::take(&mut self.event, &key);
        value
    }

    fn has(&mut self, key: ImmutableString) -> bool {
        self.event.get(&key).is_some()
    }

    fn keys(&mut self) -> rhai::Array {
        let fields = self.event.context.iter().chain(&self.event.fields);
        let mut keys: Vec<&str> = Vec::new();
        for field in fields {
            if !keys.contains(&&*field.key) {
                keys.push(&field.key);
            }
        }
        keys.into_iter().map(|key| Dynamic::from(key.to_owned())).collect()
    }

    fn set_level(&mut self, word: ImmutableString) -> Result<(), Box<EvalAltResult>> {
        self.event.level = word.parse().map_err(|error: logring::Error| error.to_string())?;
        Ok(())
    }
}

/// Tells the engine what a script can do with an event.
pub(super) fn register(engine: &mut Engine) {
    let number = i64::from;
    engine
        .register_type_with_name::<Scripted>("Event")
        .register_indexer_get(Scripted::get)
        .register_indexer_set(Scripted::set)
        .register_fn("remove", Scripted::remove)
        .register_fn("has", Scripted::has)
        .register_fn("keys", Scripted::keys)
        .register_get("text", |own: &mut Scripted| text::filled(&own.event))
        .register_set("text", |own: &mut Scripted, said: ImmutableString| {
            text::replace(&mut own.event, said.into_owned());
        })
        .register_get("level", |own: &mut Scripted| own.event.level.to_string())
        .register_set("level", Scripted::set_level)
        .register_get("level_number", move |own: &mut Scripted| {
            number(own.event.level.number().into())
        })
        .register_get("target", |own: &mut Scripted| own.event.target.to_string())
        .register_get("file", |own: &mut Scripted| own.event.file.to_string())
        .register_get("line", move |own: &mut Scripted| number(own.event.line))
        .register_get("pid", move |own: &mut Scripted| number(own.event.pid))
        .register_get("tid", move |own: &mut Scripted| number(own.event.tid));
}

/// Values of kinds that scripts do not have are texts to them.
fn dynamic(value: &AnyValue<'_>) -> Dynamic {
    match value {
        AnyValue::Null => Dynamic::UNIT,
        AnyValue::Bool(value) => (*value).into(),
        AnyValue::I64(value) => (*value).into(),
        AnyValue::U64(value) => match i64::try_from(*value) {
            Ok(value) => value.into(),
            Err(_) => (*value as f64).into(),
        },
        AnyValue::F64(value) => (*value).into(),
        AnyValue::List(items) => items.iter().map(dynamic).collect::<rhai::Array>().into(),
        AnyValue::Map(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| ((**key).into(), dynamic(value)));
            pairs.collect::<Map>().into()
        }
        other => crate::render::python::str(other).into(),
    }
}

fn any(value: Dynamic) -> Result<AnyValue<'static>, Box<EvalAltResult>> {
    if value.is_unit() {
        return Ok(AnyValue::Null);
    }
    if let Ok(value) = value.as_bool() {
        return Ok(AnyValue::Bool(value));
    }
    if let Ok(value) = value.as_int() {
        return Ok(AnyValue::I64(value));
    }
    if let Ok(value) = value.as_float() {
        return Ok(AnyValue::F64(value));
    }
    if value.is_string() || value.is_char() {
        return Ok(AnyValue::Str(Cow::Owned(value.to_string())));
    }
    let kind = value.type_name();
    if let Some(items) = value.read_lock::<rhai::Array>() {
        return items.iter().cloned().map(any).collect::<Result<_, _>>().map(AnyValue::List);
    }
    if let Some(pairs) = value.read_lock::<Map>() {
        let pairs =
            pairs.iter().map(|(key, value)| Ok((Cow::Owned(key.to_string()), any(value.clone())?)));
        return pairs.collect::<Result<_, Box<EvalAltResult>>>().map(AnyValue::Map);
    }
    Err(format!("a value of type {kind} is no field").into())
}
