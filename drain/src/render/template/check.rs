//! Whether an event's text and its fields fit each other, for texts that nobody has compiled: the
//! command line asks before it logs.

use super::parse::{Pick, Piece, pieces};

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A brace without its like, or a format spec that is none.
    Malformed,
    /// The placeholder, as it was written, has no field.
    Missing(Box<str>),
}

/// Checks that `text` parses and that each placeholder has its field among `names`, which are in the
/// order of the call.
///
/// # Errors
/// The first fault.
pub fn check(text: &str, names: &[&str]) -> Result<(), Fault> {
    for piece in pieces(text).ok_or(Fault::Malformed)? {
        let Piece::Placeholder { source, pick, .. } = piece else { continue };
        let has_field = match &pick {
            Pick::Nth(index) => *index < names.len(),
            Pick::Named(name) => names.contains(&&**name),
        };
        if !has_field {
            return Err(Fault::Missing(source));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_want_their_fields() {
        let names = ["pct", "host"];
        for text in ["", "plain", "{pct}% of {host:>8}", "{} {}", "{{pct", "}} {{}}", "{host:?}"] {
            assert_eq!(check(text, &names), Ok(()), "{text}");
        }
        for (text, missing) in
            [("{a} {b}", "{a}"), ("{} {} {:5}", "{:5}"), ("{pct} {x:?}", "{x:?}")]
        {
            assert_eq!(check(text, &names), Err(Fault::Missing(missing.into())), "{text}");
        }
        for text in ["{", "}", "{pct", "{pct:wat}", "{pct{}"] {
            assert_eq!(check(text, &names), Err(Fault::Malformed), "{text}");
        }
    }
}
