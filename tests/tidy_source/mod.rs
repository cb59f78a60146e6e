//! The sources as `tests/tidy.rs` looks at them: each line's code apart from its comments, strings
//! blanked, product apart from tests. A small reader of Rust's lexical form, not a parser.

use std::fs;
use std::path::{Path, PathBuf};

/// A Rust file.
pub(crate) struct Source {
    /// Its path from the root of the tree.
    pub(crate) path: String,
    /// Its lines.
    pub(crate) raw: Vec<String>,
    /// Its lines without comments, and without what stands in strings and character literals.
    pub(crate) code: Vec<String>,
    /// What stands in comments, line by line.
    pub(crate) comments: Vec<String>,
    /// The first line that belongs to tests; the number of lines when none does.
    tests_from: usize,
    /// Part of the library or the drain, rather than of their tests, benchmarks and examples.
    product: bool,
}

/// All Rust files of the tree.
pub(crate) fn load() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(root, &mut files);
    files.sort();
    let read = |file: &PathBuf| {
        let path = file.strip_prefix(root).expect("found below the root").to_string_lossy();
        Source::new(&path, &fs::read_to_string(file).expect("a readable source"))
    };
    // Samples that must not compile are no sources.
    let is_source = |source: &Source| !source.path.starts_with("tests/ui/");
    files.iter().map(read).filter(is_source).collect()
}

/// The number of lines of a text at the root of the tree.
pub(crate) fn markdown_lines(path: &str) -> usize {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).lines().count()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect(&path, files);
            }
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
}

impl Source {
    /// A file of this path and text.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let (code, comments) = split(text);
        let raw: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut tests_from = raw.iter().position(|line| line.starts_with("#[cfg(test)]"));
        // `#[cfg(test)] mod tests;` names another file; what follows it is product again.
        if let Some(at) = tests_from
            && raw.get(at + 1).is_some_and(|line| line.ends_with(';'))
        {
            tests_from = None;
        }
        let product = (path.starts_with("src/") || path.starts_with("drain/src/"))
            && !path.ends_with("/tests.rs")
            && !path.contains("/tests/");
        Self {
            path: path.to_owned(),
            tests_from: tests_from.unwrap_or(raw.len()),
            raw,
            code,
            comments,
            product,
        }
    }

    /// A fault at a line, counted from 0.
    pub(crate) fn at(&self, index: usize, fault: &str) -> String {
        format!("{}:{}: {fault}", self.path, index + 1)
    }

    /// The lines of code that are part of the product.
    pub(crate) fn product_code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = if self.product { self.tests_from } else { 0 };
        self.code[..lines].iter().map(String::as_str).enumerate()
    }

    /// The lines of code that are part of tests.
    pub(crate) fn test_code(&self) -> impl Iterator<Item = (usize, &str)> {
        let in_tests = ["tests/", "drain/tests/"].iter().any(|at| self.path.starts_with(at))
            || self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs");
        let from = if in_tests { 0 } else { self.tests_from.min(self.code.len()) };
        self.code.iter().map(String::as_str).enumerate().skip(from)
    }

    /// Whether a comment on this line, or above it in the same statement, has `word`.
    pub(crate) fn said_above(&self, index: usize, word: &str) -> bool {
        if self.comments[index].contains(word) {
            return true;
        }
        for above in (index.saturating_sub(12)..index).rev() {
            if self.comments[above].contains(word) {
                return true;
            }
            let code = self.code[above].trim_end();
            let ended =
                code.ends_with([';', '}']) || code.ends_with('{') && !code.contains("match");
            if ended || self.raw[above].trim().is_empty() {
                return false;
            }
        }
        false
    }

    /// The part of the tree below `root` that this product file belongs to.
    pub(crate) fn part_of(&self, root: &str) -> Option<&str> {
        if !self.product {
            return None;
        }
        let rest = self.path.strip_prefix(root)?;
        Some(rest.split('/').next().unwrap_or(rest).trim_end_matches(".rs"))
    }

    /// The paths below the crate's root that the product part of the file names, with their lines:
    /// what follows `crate::`, or as many `super::` as lead to the root. Of a group at the top
    /// (`use crate::{a, b::c}`) each member counts.
    pub(crate) fn imports(&self) -> Vec<(usize, String)> {
        let text: Vec<&str> = self.product_code().map(|(_, code)| code).collect();
        let text = text.join("\n");
        let to_root = "super::".repeat(self.depth());
        let mut found = Vec::new();
        for prefix in ["crate::", &to_root] {
            for (at, _) in text.match_indices(prefix) {
                if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == ':' || c == '_') {
                    continue;
                }
                let line = text[..at].matches('\n').count();
                let rest = &text[at + prefix.len()..];
                match rest.strip_prefix('{') {
                    None => found.push((line, path_at(rest))),
                    Some(group) => {
                        let group = members(group).into_iter();
                        found.extend(group.map(|member| (line, path_at(member))));
                    }
                }
            }
        }
        found
    }

    /// How many modules deep the file stands below its crate's root.
    fn depth(&self) -> usize {
        let below = self.path.split_once("src/").map_or("", |(_, below)| below);
        let folders = below.matches('/').count();
        if below.ends_with("/mod.rs") { folders } else { folders + 1 }
    }
}

/// The path (`a::b::C`) that `text` begins with.
fn path_at(text: &str) -> String {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    text.trim_start().chars().take_while(|c| part(*c)).collect()
}

/// The members of a brace group whose opening brace has been taken, nested groups left whole.
fn members(group: &str) -> Vec<&str> {
    let (mut depth, mut from, mut found) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                found.push(&group[from..at]);
                from = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    found
}

/// Splits a file's lines into code and comments; strings and character literals are emptied.
fn split(text: &str) -> (Vec<String>, Vec<String>) {
    let chars: Vec<char> = text.chars().collect();
    let (mut code, mut comment) = (String::new(), String::new());
    let (mut codes, mut comments) = (Vec::new(), Vec::new());
    let mut at = 0;
    // In a block comment: its depth. In a string: how it ends (quote and hashes), and whether `\` escapes.
    let (mut depth, mut string) = (0, None::<(usize, bool)>);
    let mut line_comment = false;
    while at < chars.len() {
        let c = chars[at];
        let next = chars.get(at + 1).copied().unwrap_or('\n');
        let mut step = 1;
        if c == '\n' {
            codes.push(std::mem::take(&mut code));
            comments.push(std::mem::take(&mut comment));
            line_comment = false;
        } else if line_comment {
            comment.push(c);
        } else if depth > 0 {
            match (c, next) {
                ('*', '/') => (depth, step) = (depth - 1, 2),
                ('/', '*') => (depth, step) = (depth + 1, 2),
                _ => comment.push(c),
            }
        } else if let Some((hashes, escapes)) = string {
            if escapes && c == '\\' && next != '\n' {
                step = 2;
            } else if c == '"' && chars[at + 1..].iter().take(hashes).all(|h| *h == '#') {
                (string, step) = (None, 1 + hashes);
                code.push('"');
            }
        } else {
            match (c, next) {
                ('/', '/') => (line_comment, step) = (true, 2),
                ('/', '*') => (depth, step) = (1, 2),
                ('"', _) => {
                    let hashes = code.chars().rev().take_while(|c| *c == '#').count();
                    let raw = code.trim_end_matches('#').ends_with('r');
                    string = Some(if raw { (hashes, false) } else { (0, true) });
                    code.push('"');
                }
                ('\'', '\\') => {
                    step = 3 + chars[at + 3..].iter().take_while(|c| **c != '\'').count() + 1;
                    code.push('\'');
                }
                ('\'', _) if chars.get(at + 2) == Some(&'\'') => {
                    step = 3;
                    code.push('\'');
                }
                _ => code.push(c),
            }
        }
        at += step;
    }
    if !text.ends_with('\n') {
        codes.push(code);
        comments.push(comment);
    }
    (codes, comments)
}
