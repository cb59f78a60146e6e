//! Fields of the command line: `key=value`, checked before anything is logged. Called by `log`.

use logring::{Error, Result};

use super::value::Json;

/// A field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) key: String,
    pub(crate) value: Json,
}

/// Keys that a line has of its own, and what to do instead.
const RESERVED: [(&str, &str); 3] = [
    ("timestamp", "it is the moment of the call"),
    ("level", "give `--level`"),
    ("event", "it is the text before the fields"),
];

/// The fields of these arguments.
///
/// # Errors
/// One that is not `key=value`, a key that cannot be, is the line's own, or comes twice; the sentence
/// has the argument.
pub(crate) fn parse(arguments: &[String]) -> Result<Vec<Field>> {
    let mut fields: Vec<Field> = Vec::new();
    for argument in arguments {
        let Some((key, value)) = argument.split_once('=') else {
            return Err(Error::invalid(format!("{argument:?} is not a field, expected KEY=VALUE")));
        };
        check(key).map_err(|error| error.within(format!("{argument:?} is not a field")))?;
        if fields.iter().any(|field| field.key == key) {
            return Err(Error::invalid(format!("the key {key:?} is given twice")));
        }
        fields.push(Field { key: key.to_owned(), value: Json::scalar(value) });
    }
    Ok(fields)
}

fn check(key: &str) -> Result<()> {
    let is_wrong = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '{' | '}' | '"');
    if key.is_empty() {
        return Err(Error::invalid("there is no key before the `=`"));
    }
    if let Some(wrong) = key.chars().find(|c| is_wrong(*c)) {
        return Err(Error::invalid(format!("there is {wrong:?} in its key")));
    }
    match RESERVED.iter().find(|(reserved, _)| *reserved == key) {
        Some((_, instead)) => {
            Err(Error::invalid(format!("each line has a {key:?} of its own, {instead}")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(arguments: &[&str]) -> String {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        parse(&arguments).expect_err("wrong").to_string()
    }

    #[test]
    fn a_wrong_field_is_named() {
        for (arguments, expected) in [
            (&["a=1", "b"][..], "\"b\" is not a field, expected KEY=VALUE"),
            (&["=1"], "\"=1\" is not a field: there is no key before the `=`"),
            (&["a b=1"], "\"a b=1\" is not a field: there is ' ' in its key"),
            (&["{a}=1"], "\"{a}=1\" is not a field: there is '{' in its key"),
            (&["a\u{1b}=1"], "\"a\\u{1b}=1\" is not a field: there is '\\u{1b}' in its key"),
            (&["a=1", "b=2", "a=3"], "the key \"a\" is given twice"),
            (
                &["level=3"],
                "\"level=3\" is not a field: each line has a \"level\" of its own, give `--level`",
            ),
        ] {
            assert_eq!(refused(arguments), expected);
        }
    }

    #[test]
    fn values_may_be_empty_and_hold_anything() {
        let arguments = ["a=".to_owned(), "http.status=200".into(), "é=x=y\n".into()];
        let fields = parse(&arguments).expect("right");
        let texts: Vec<_> = fields.iter().map(|field| (&*field.key, &field.value)).collect();
        assert_eq!(
            texts,
            [
                ("a", &Json::Text(String::new())),
                ("http.status", &Json::I64(200)),
                ("é", &Json::Text("x=y\n".into())),
            ]
        );
    }
}
