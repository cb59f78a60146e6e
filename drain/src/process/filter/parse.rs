//! Expressions from text. Errors say at which character of the text they are.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::expression::{Comparison, Expression, Name, Part};
use crate::process::options::pattern;

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        parse(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// How deep parentheses and `not` may be nested.
const DEPTH_MAX: usize = 64;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Number(f64),
    Comparison(Comparison),
    Open,
    Close,
}

/// The expression that `text` says.
pub(super) fn parse(text: &str) -> Result<Expression, String> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, end: text.chars().count() + 1 };
    let expression = parser.or(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(expression),
        Some(_) => Err(parser.expected("`and`, `or` or the end")),
    }
}

struct Parser {
    /// Each with the number of its first character, from 1.
    tokens: Vec<(usize, Token)>,
    at: usize,
    end: usize,
}

impl Parser {
    fn expected(&self, what: &str) -> String {
        let (place, found) = match self.tokens.get(self.at) {
            Some((place, token)) => (*place, token.said()),
            None => (self.end, "the end".to_owned()),
        };
        format!("character {place}: found {found}, expected {what}")
    }

    fn is_word(&mut self, word: &str) -> bool {
        let is = matches!(self.tokens.get(self.at), Some((_, Token::Word(found))) if found == word);
        self.at += usize::from(is);
        is
    }

    fn or(&mut self, depth: usize) -> Result<Expression, String> {
        let mut all = vec![self.and(depth)?];
        while self.is_word("or") {
            all.push(self.and(depth)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expression::Or(all) })
    }

    fn and(&mut self, depth: usize) -> Result<Expression, String> {
        let mut all = vec![self.not(depth)?];
        while self.is_word("and") {
            all.push(self.not(depth)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expression::And(all) })
    }

    fn not(&mut self, depth: usize) -> Result<Expression, String> {
        if depth > DEPTH_MAX {
            return Err(self.expected("an expression that is nested less deeply"));
        }
        if self.is_word("not") {
            return self.not(depth + 1).map(|one| Expression::Not(Box::new(one)));
        }
        if let Some((_, Token::Open)) = self.tokens.get(self.at) {
            self.at += 1;
            let inner = self.or(depth + 1)?;
            if !matches!(self.tokens.get(self.at), Some((_, Token::Close))) {
                return Err(self.expected("`)`"));
            }
            self.at += 1;
            return Ok(inner);
        }
        self.condition()
    }

    fn condition(&mut self) -> Result<Expression, String> {
        let (key, is_quoted) = match self.tokens.get(self.at) {
            Some((_, Token::Word(word))) => (word.clone(), false),
            Some((_, Token::Quoted(text))) => (text.clone(), true),
            _ => return Err(self.expected("a name, `not`, `has` or `(`")),
        };
        self.at += 1;
        if !is_quoted && key == "has" {
            let key = self.key()?;
            return Ok(Expression::Has(key));
        }
        if !is_quoted && key == "level" {
            return self.level();
        }
        let name = if is_quoted { Name::Field(key) } else { Name::of(key) };
        match self.tokens.get(self.at).map(|(_, token)| token.clone()) {
            Some(Token::Comparison(comparison)) => {
                self.at += 1;
                self.comparison(name, comparison)
            }
            Some(Token::Word(word)) => {
                let part = match word.as_str() {
                    "starts_with" => Some(Part::Start),
                    "ends_with" => Some(Part::End),
                    "contains" => Some(Part::Anywhere),
                    "matches" => None,
                    _ => return Err(self.expected(OPERATORS)),
                };
                self.at += 1;
                let Some((place, Token::Quoted(text))) = self.tokens.get(self.at).cloned() else {
                    return Err(self.expected("a text in quotes"));
                };
                self.at += 1;
                match part {
                    Some(part) => Ok(Expression::Part(name, part, text)),
                    None => pattern(&text)
                        .map(|regex| Expression::Matches(name, regex))
                        .map_err(|why| format!("character {place}: {why}")),
                }
            }
            _ => Err(self.expected(OPERATORS)),
        }
    }

    fn key(&mut self) -> Result<String, String> {
        let key = match self.tokens.get(self.at) {
            Some((_, Token::Word(key) | Token::Quoted(key))) => key.clone(),
            _ => return Err(self.expected("a field's name")),
        };
        self.at += 1;
        Ok(key)
    }

    fn level(&mut self) -> Result<Expression, String> {
        let Some((_, Token::Comparison(comparison))) = self.tokens.get(self.at).cloned() else {
            return Err(self.expected("== != < <= > or >="));
        };
        self.at += 1;
        let text = match self.tokens.get(self.at) {
            Some((_, Token::Word(text) | Token::Quoted(text))) => text.clone(),
            Some((_, Token::Number(number))) => number.to_string(),
            _ => return Err(self.expected("a level")),
        };
        let level = text.parse().map_err(|_| self.expected("a level's word or number"))?;
        self.at += 1;
        Ok(Expression::Level(comparison, level))
    }

    fn comparison(&mut self, name: Name, comparison: Comparison) -> Result<Expression, String> {
        let is_text = matches!(name, Name::Target | Name::Event | Name::File);
        let is_number = matches!(name, Name::Pid | Name::Thread | Name::Line);
        let expected = match (is_text, is_number) {
            (true, _) => "a text in quotes",
            (_, true) => "a number",
            _ => "a number, a text in quotes, true or false",
        };
        let expression = match self.tokens.get(self.at).map(|(_, token)| token.clone()) {
            Some(Token::Number(number)) if !is_text => Expression::Number(name, comparison, number),
            Some(Token::Quoted(text)) if !is_number => Expression::Text(name, comparison, text),
            Some(Token::Word(word)) if !is_text && !is_number && is_truth(&word, comparison) => {
                let truth = (word == "true") == (comparison == Comparison::Equal);
                Expression::Truth(name, truth)
            }
            _ => return Err(self.expected(expected)),
        };
        self.at += 1;
        Ok(expression)
    }
}

const OPERATORS: &str = "== != < <= > >= starts_with, ends_with, contains or matches";

fn is_truth(word: &str, comparison: Comparison) -> bool {
    matches!(word, "true" | "false")
        && matches!(comparison, Comparison::Equal | Comparison::Unequal)
}

impl Name {
    fn of(word: String) -> Self {
        match word.as_str() {
            "target" => Self::Target,
            "event" => Self::Event,
            "pid" => Self::Pid,
            "thread" => Self::Thread,
            "file" => Self::File,
            "line" => Self::Line,
            _ => Self::Field(word),
        }
    }
}

impl Token {
    fn said(&self) -> String {
        match self {
            Self::Word(word) => format!("`{word}`"),
            Self::Quoted(text) => format!("\"{text}\""),
            Self::Number(number) => format!("`{number}`"),
            Self::Comparison(_) => "a comparison".to_owned(),
            Self::Open => "`(`".to_owned(),
            Self::Close => "`)`".to_owned(),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, String> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&char) = chars.get(at) {
        let place = at + 1;
        let next = chars.get(at + 1).copied();
        let token = match char {
            char if char.is_whitespace() => {
                at += 1;
                continue;
            }
            '(' => Token::Open,
            ')' => Token::Close,
            '=' | '!' if next == Some('=') => {
                at += 1;
                let equal = char == '=';
                Token::Comparison(if equal { Comparison::Equal } else { Comparison::Unequal })
            }
            '<' | '>' => {
                let or_equal = next == Some('=');
                at += usize::from(or_equal);
                Token::Comparison(match (char, or_equal) {
                    ('<', false) => Comparison::Less,
                    ('<', true) => Comparison::LessOrEqual,
                    (_, false) => Comparison::Greater,
                    (_, true) => Comparison::GreaterOrEqual,
                })
            }
            '"' | '\'' => {
                let mut quoted = String::new();
                loop {
                    at += 1;
                    match chars.get(at) {
                        None => return Err(format!("character {place}: the quote has no end")),
                        Some(end) if *end == char => break,
                        // A backslash stands for itself, as regular expressions need it, but
                        // before a quote.
                        Some('\\') if chars.get(at + 1) == Some(&char) => {
                            at += 1;
                            quoted.push(char);
                        }
                        Some(other) => quoted.push(*other),
                    }
                }
                Token::Quoted(quoted)
            }
            char if is_word(char) => {
                let end = chars[at..].iter().position(|char| !is_word(*char));
                let end = end.map_or(chars.len(), |length| at + length);
                let word: String = chars[at..end].iter().collect();
                at = end - 1;
                let is_number = word.starts_with(|char: char| char.is_ascii_digit() || char == '-');
                match word.parse() {
                    Ok(number) if is_number => Token::Number(number),
                    _ => Token::Word(word),
                }
            }
            other => return Err(format!("character {place}: found `{other}`, expected a name")),
        };
        tokens.push((place, token));
        at += 1;
    }
    Ok(tokens)
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | '.' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use logring::Level;
    use logring::record::{AnyValue, Event, Field};

    fn event() -> Event<'static> {
        let field = |key: &'static str, value| Field { key: key.into(), value };
        Event {
            level: Level::Warning,
            target: "billing::db".into(),
            event: "took {ms} of {{}}".into(),
            pid: 7,
            context: vec![field("http.status", AnyValue::U64(200))],
            fields: vec![
                field("ms", AnyValue::F64(2.5)),
                field("user name", AnyValue::Str("Zoë".into())),
                field("ok", AnyValue::Bool(false)),
                field("none", AnyValue::Null),
            ],
            ..Event::default()
        }
    }

    #[test]
    fn expressions_hold_as_they_say() {
        for (text, holds) in [
            ("level >= warning", true),
            ("level > 30", false),
            ("level == warn", true),
            ("target starts_with 'billing::'", true),
            ("target ends_with 'x' or pid == 7", true),
            ("event == 'took 2.5 of {}'", true),
            ("event matches '^took [0-9.]+ '", true),
            ("http.status >= 200 and http.status < 300", true),
            ("ms != 2.5", false),
            ("ms > -1", true),
            ("\"user name\" == 'Zoë'", true),
            ("\"user name\" contains 'x'", false),
            ("ok == false", true),
            ("ok != false", false),
            ("has none and not has nothing", true),
            ("nothing == 1 or nothing != 1", false),
            ("ms == '2.5'", false),
            ("not (level < error or pid == 7)", false),
            ("pid == 8 or pid == 7 and level == warning", true),
            ("not not has ms", true),
        ] {
            assert_eq!(parse(text).unwrap().holds(&event()), holds, "{text}");
        }
    }

    #[test]
    fn errors_say_where_and_what_was_expected() {
        for (text, error) in [
            ("", "character 1: found the end, expected a name, `not`, `has` or `(`"),
            ("level >= loud", "character 10: found `loud`, expected a level's word or number"),
            (
                "a == ",
                "character 6: found the end, expected a number, a text in quotes, true or false",
            ),
            ("pid == 'x'", "character 8: found \"x\", expected a number"),
            ("a b", "character 3: found `b`, expected == != <"),
            ("(a == 1", "character 8: found the end, expected `)`"),
            ("a == 1 b == 2", "character 8: found `b`, expected `and`, `or` or the end"),
            ("a == 'x", "character 6: the quote has no end"),
            ("a = 1", "character 3: found `=`"),
            ("a matches '('", "character 11: `(` is not a regular expression: unclosed group"),
        ] {
            let found = parse(text).unwrap_err();
            assert!(found.starts_with(error), "{text}: {found}");
        }
        let deep = format!("{}a == 1", "not ".repeat(DEPTH_MAX + 2));
        assert!(parse(&deep).unwrap_err().contains("less deeply"));
        assert!(parse(&"(".repeat(100_000)).is_err());
    }
}
