//! `logring-drain level`: the levels in force in a segment, shown or set. Called by the command line.
//!
//! To set them this process joins the segment like one that logs, and leaves no record. It never makes
//! a segment: one that is absent is an error.

use std::io::Write;

use logring::call::filter::word;
use logring::levels::{rules, words};
use logring::record::callsite::decode_level;
use logring::shm::Segment;
use logring::{Error, Filter, Level, Result};

use crate::cli::exit::{Exit, Failure};

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Options {
    /// The segment's name.
    pub segment: String,
    /// Specifications to lay over the rules; with `reset`, targets.
    pub specs: Vec<String>,
    /// Take rules back.
    pub reset: bool,
}

/// Shows or sets.
///
/// # Errors
/// A segment that is absent or not permitted; a specification that is malformed, and nothing is
/// changed then; no room for the rules.
pub fn run(options: &Options) -> Result<Exit, Failure> {
    let text = if options.specs.is_empty() && !options.reset {
        let segment = Segment::observe(&options.segment)?;
        names(&segment);
        show(&segment)
    } else {
        set(options)?
    };
    // Who does not read it any more has what it wanted.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(Exit::Ok)
}

fn set(options: &Options) -> Result<String> {
    let segment = Segment::attach_static(&options.segment)?;
    names(segment);
    let log = logring::builder(&options.segment).filter("all").open()?;
    let mut asked = Filter::nothing();
    let rules = log.change_levels(|rules| {
        for spec in &options.specs {
            if options.reset {
                forget(rules, spec)?;
            } else {
                rules.take(spec).map_or(Ok(()), Err)?;
                asked.take(spec).map_or(Ok(()), Err)?;
            }
        }
        if options.reset && options.specs.is_empty() {
            *rules = Filter::nothing();
        }
        Ok(())
    })?;
    Ok(format!("{}{}{}", set_line(&rules), unknown(segment, &asked), full(segment)))
}

/// Learns the names of programs' own levels.
pub(crate) fn names(segment: &Segment) {
    let mut content = Vec::new();
    for id in segment.dictionary_ids() {
        content.clear();
        if segment.dictionary_get(id, &mut content)
            && let Some((level, name)) = decode_level(&content)
        {
            // One that cannot be, or comes second, is none.
            let _ = level.set_name(name);
        }
    }
}

fn forget(rules: &mut Filter, target: &str) -> Result<()> {
    if rules.forget(target) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "no rule is set for {target:?}: the rules are \"{rules}\"; `--reset` takes targets of them, or all \
         without any"
    )))
}

fn set_line(rules: &Filter) -> String {
    if rules.is_nothing() {
        "rules: none, each process's own filter is in force\n".to_owned()
    } else {
        format!("rules: {}\n", clean(&rules.to_string()))
    }
}

/// Targets that nobody has logged for: right for a program that is to start, or a slip.
fn unknown(segment: &Segment, asked: &Filter) -> String {
    let words = words(segment);
    let below = |target: &str, known: &str| {
        known.strip_prefix(target).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    let is_known = |target: &str| {
        words.iter().any(|(known, _)| known.as_deref().is_some_and(|known| below(target, known)))
    };
    let new: Vec<&str> = asked.targets().filter(|target| !is_known(target)).collect();
    let line = |target| format!("note: nothing has logged for {target:?} yet\n");
    new.into_iter().map(line).collect()
}

fn full(segment: &Segment) -> String {
    let count = segment.geometry().level_count as usize;
    if words(segment).len() < count {
        return String::new();
    }
    format!(
        "note: all {count} level words are taken; log calls for further targets obey as well, but look \
         their level up each time (about a microsecond, disabled ones too)\n"
    )
}

fn show(segment: &Segment) -> String {
    let mut rows: Vec<[String; 3]> = words(segment)
        .into_iter()
        .map(|(target, at)| {
            let target = target.unwrap_or_else(|| "?".to_owned());
            [shown(at.threshold), shown(at.base), clean(&target)]
        })
        .collect();
    rows.sort_by(|a, b| (&a[2], &a[1]).cmp(&(&b[2], &b[1])));
    let mut text = set_line(&rules(segment));
    if rows.is_empty() {
        text.push_str("nothing has logged yet\n");
    } else {
        rows.insert(0, ["level", "own filter", "target"].map(str::to_owned));
    }
    for [level, own, target] in rows {
        text.push_str(&format!("{level:9} {own:11} {target}\n"));
    }
    text + full(segment).as_str()
}

/// A threshold for people: an own level by its name.
fn shown(threshold: u8) -> String {
    let level = Level::new(threshold);
    if level.is_own() && level.name().is_some() { level.to_string() } else { word(threshold) }
}

/// Text of others without what could deceive a reader.
fn clean(text: &str) -> String {
    text.escape_debug().to_string()
}
