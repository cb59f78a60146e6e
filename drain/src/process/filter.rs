//! `filter`: keeps or drops events by an expression, as structlog's `filter_by_level` and the raising
//! of `DropEvent` do.

mod expression;
mod parse;

use logring::record::Event;
use serde::Deserialize;

use super::registry::Configured;
use super::{Flow, Processor};
use expression::Expression;

/// Keeps the events for which `keep` holds, or drops those for which `drop` holds.
///
/// | form | holds if |
/// |---|---|
/// | `level >= warning` | the level compares so; `== != < <= > >=`, a level's word or number |
/// | `target == "db"`, `order_id > 41` | the value compares so, numbers with numbers, texts with texts |
/// | `target starts_with "billing::"` | also `ends_with`, `contains` |
/// | `event matches "time.?out"` | the regular expression matches somewhere in the text |
/// | `has user` | there is a field of this name |
/// | `a and b`, `a or b`, `not a`, `(a)` | `not` binds most closely, then `and`, then `or` |
///
/// Names are `level`, `target`, `event` (the text, filled), `pid`, `thread`, `file`, `line`, or a
/// field's key, `"in quotes"` if it is not made of letters, digits, `_`, `.` and `-`. What compares an absent
/// field, or a text with a number, does not hold.
///
/// ```
/// # use logring_drain::tryout::tried;
/// let filter = r#"{ name = "filter", keep = 'level >= error or user == "admin"' }"#;
/// assert_eq!(tried(filter, r#"{"event":"x","user":"guest"}"#), "");
/// assert_eq!(tried(filter, r#"{"event":"x","user":"admin"}"#), r#"{"user": "admin", "event": "x"}"#);
/// ```
#[derive(Debug, Deserialize)]
#[serde(try_from = "Options")]
pub struct Filter {
    expression: Expression,
    /// Whether it keeps events for which it holds, or all others.
    keeps: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    keep: Option<Expression>,
    drop: Option<Expression>,
}

impl TryFrom<Options> for Filter {
    type Error = &'static str;

    fn try_from(options: Options) -> Result<Self, &'static str> {
        match (options.keep, options.drop) {
            (Some(expression), None) => Ok(Self { expression, keeps: true }),
            (None, Some(expression)) => Ok(Self { expression, keeps: false }),
            _ => Err("expected either `keep` or `drop`"),
        }
    }
}

impl Configured for Filter {}

impl Processor for Filter {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        if self.expression.holds(event) == self.keeps { Flow::Keep } else { Flow::Drop }
    }
}
