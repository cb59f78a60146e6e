//! loguru's colour markup in a format: `<red>…</red>`, `<bold>`, `<fg 208>`, `<bg #102030>`, `<level>`,
//! `</>`; `\<` is no markup. Only formats are read by it, never what somebody logged.

use super::Piece;

/// Tags that are open, and what they print.
#[derive(Default)]
pub(super) struct Markup {
    open: Vec<(String, Piece)>,
}

const RESET: &str = "\x1b[0m";

const STYLES: [(&str, &str, u8); 9] = [
    ("b", "bold", 1),
    ("d", "dim", 2),
    ("i", "italic", 3),
    ("u", "underline", 4),
    ("l", "blink", 5),
    ("v", "reverse", 7),
    ("h", "hide", 8),
    ("s", "strike", 9),
    ("n", "normal", 22),
];

const COLORS: [(&str, &str, u8); 8] = [
    ("k", "black", 0),
    ("r", "red", 1),
    ("g", "green", 2),
    ("y", "yellow", 3),
    ("e", "blue", 4),
    ("m", "magenta", 5),
    ("c", "cyan", 6),
    ("w", "white", 7),
];

impl Markup {
    /// Reads one stretch of a format between its fields.
    pub(super) fn read(&mut self, text: &str, pieces: &mut Vec<Piece>) -> Result<(), String> {
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('<') {
            let (before, here) = rest.split_at(at);
            let Some(tag) = tag(here) else {
                plain.push_str(before);
                plain.push('<');
                rest = &here[1..];
                continue;
            };
            let bare = before.trim_end_matches('\\');
            let backslashes = before.len() - bare.len();
            plain.push_str(bare);
            plain.extend(std::iter::repeat_n('\\', backslashes / 2));
            rest = &here[tag.len() + 2..];
            if backslashes % 2 == 1 {
                plain.extend(["<", tag, ">"]);
                continue;
            }
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            self.tag(tag, pieces)?;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(())
    }

    /// Wants all tags closed.
    pub(super) fn end(&self) -> Result<(), String> {
        match self.open.first() {
            Some((tag, _)) => Err(format!("`<{tag}>` is not closed, expected `</{tag}>`")),
            None => Ok(()),
        }
    }

    fn tag(&mut self, tag: &str, pieces: &mut Vec<Piece>) -> Result<(), String> {
        if let Some(closed) = tag.strip_prefix('/') {
            match self.open.last() {
                Some((open, _)) if closed.is_empty() || closed == open => {}
                Some((open, _)) => return Err(format!("`<{tag}>`, expected `</{open}>`")),
                None => return Err(format!("`<{tag}>` closes nothing")),
            }
            self.open.pop();
            pieces.push(Piece::Color(RESET.to_owned()));
            // What is still open goes on.
            pieces.extend(self.open.iter().map(|(_, piece)| piece.clone()));
            return Ok(());
        }
        let piece = match tag {
            "level" | "lvl" => Piece::LevelColor,
            tag => Piece::Color(sequence(tag).ok_or_else(|| {
                format!("unknown colour `<{tag}>`, expected one like <red>, <bold>, <level>, or \\<{tag}>")
            })?),
        };
        pieces.push(piece.clone());
        self.open.push((tag.to_owned(), piece));
        Ok(())
    }
}

/// What stands between `<` and `>`, if that is a tag: no space in it, but behind `fg` and `bg`.
fn tag(here: &str) -> Option<&str> {
    let end = here[1..].find(['<', '>']).filter(|end| here[1 + end..].starts_with('>'))?;
    let tag = &here[1..=end];
    let name = tag.strip_prefix('/').unwrap_or(tag);
    let name = match name.strip_prefix("fg").or_else(|| name.strip_prefix("bg")) {
        Some(color) => color.strip_prefix(char::is_whitespace).unwrap_or(name),
        None => name,
    };
    (!name.contains(char::is_whitespace)).then_some(tag)
}

/// The control sequence of a tag.
fn sequence(tag: &str) -> Option<String> {
    let style = STYLES.iter().find(|(short, long, _)| tag == *short || tag == *long);
    if let Some((_, _, code)) = style {
        return Some(format!("\x1b[{code}m"));
    }
    if let Some(code) = named(tag, 30).or_else(|| background(tag)) {
        return Some(format!("\x1b[{code}m"));
    }
    let (kind, color) = tag.split_at_checked(3)?;
    let (code, direct) = match kind {
        "fg " => (38, named(&color.to_lowercase(), 30)),
        "bg " => (48, background(&color.to_uppercase())),
        _ => return None,
    };
    if let Some(direct) = direct {
        return Some(format!("\x1b[{direct}m"));
    }
    let small = |text: &str| -> Option<u8> {
        text.chars().all(|char| char.is_ascii_digit()).then(|| text.parse().ok())?
    };
    if let Some(number) = small(color) {
        return Some(format!("\x1b[{code};5;{}m", if color == "0" { 0 } else { number }));
    }
    let rgb = match color.strip_prefix('#') {
        Some(hex) => hexadecimal(hex)?,
        None => {
            let parts: Option<Vec<u8>> = color.split(',').map(small).collect();
            parts?.try_into().ok()?
        }
    };
    let [red, green, blue]: [u8; 3] = rgb;
    Some(format!("\x1b[{code};2;{red};{green};{blue}m"))
}

/// The code of a colour's name, short or long, light ones too.
fn named(name: &str, base: u8) -> Option<u8> {
    let (light, name) = match name.strip_prefix("light-") {
        Some(name) if name.len() > 1 => (60, name),
        _ => match name.strip_prefix('l').filter(|name| name.len() == 1) {
            Some(name) => (60, name),
            None => (0, name),
        },
    };
    let found = COLORS.iter().find(|(short, long, _)| name == *long || name == *short)?;
    Some(base + light + found.2)
}

/// A background's name is the colour's in capitals.
fn background(name: &str) -> Option<u8> {
    let is_upper = !name.chars().any(char::is_lowercase) && name.contains(char::is_uppercase);
    is_upper.then(|| named(&name.to_lowercase(), 40))?
}

fn hexadecimal(hex: &str) -> Option<[u8; 3]> {
    let digits: Option<Vec<u8>> = hex
        .chars()
        .map(|char| char.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    match digits?[..] {
        // As loguru: three digits are said twice, `#abc` is `#abcabc`.
        [a, b, c] => Some([a * 16 + b, c * 16 + a, b * 16 + c]),
        [a, b, c, d, e, f] => Some([a * 16 + b, c * 16 + d, e * 16 + f]),
        _ => None,
    }
}
