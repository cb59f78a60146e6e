//! Holds recovered lines against what had been acknowledged.

use std::path::Path;

use serde_json::Value;

use crate::Failure;

/// What must be there.
pub(crate) struct Expected {
    /// Records whose call had returned.
    pub(crate) acked: u64,
    /// Whether one more was being written.
    pub(crate) one_more: bool,
    /// Whether records may be lost, as long as they are counted.
    pub(crate) may_lose: bool,
    /// What else the drain may tell.
    pub(crate) may_tell: &'static [&'static str],
}

/// Reads the lines at `path`: each record of `1..=acked` once, in order, whole; at most one more.
pub(crate) fn check(path: &Path, expected: &Expected) -> Result<(), Failure> {
    let text = std::fs::read_to_string(path)?;
    if !text.is_empty() && !text.ends_with('\n') {
        return Err("the last line is cut".into());
    }
    let (mut last, mut found, mut lost, mut torn) = (0, 0, 0, 0);
    for line in text.lines() {
        let line: Value =
            serde_json::from_str(line).map_err(|error| format!("{error}: {line:?}"))?;
        let count = line["count"].as_u64().unwrap_or(1);
        match (line["target"].as_str(), line["kind"].as_str()) {
            (Some("logring"), Some("lost")) => lost += count,
            (Some("logring"), Some("torn")) => torn += count,
            (Some("logring"), Some(kind)) if expected.may_tell.contains(&kind) => {}
            (Some("logring"), _) => return Err(format!("unexpected: {line}").into()),
            _ => {
                let n = whole(&line).ok_or_else(|| format!("not what was written: {line}"))?;
                if n <= last {
                    return Err(format!("record {n} stands behind record {last}").into());
                }
                last = n;
                found += 1;
            }
        }
    }
    let Expected { acked, one_more, may_lose, .. } = *expected;
    let most = acked + u64::from(one_more);
    if last > most {
        return Err(format!("record {last} of {most}").into());
    }
    // One that was in flight is there, is torn, or had not been begun; or it was given up.
    let given_up = if may_lose { lost } else { 0 };
    if !(acked..=most).contains(&(found + given_up)) || (!may_lose && lost > 0) {
        return Err(format!("{found} of {acked} acknowledged records, {lost} lost").into());
    }
    if torn > most - found - given_up {
        return Err(format!("{torn} torn beside {found} of {most} records").into());
    }
    Ok(())
}

/// The number of a record whose fields are as [`crate::cases`] writes them.
fn whole(line: &Value) -> Option<u64> {
    let n = line["n"].as_u64()?;
    let good = match (line.get("pad"), line.get("half")) {
        (Some(pad), None) => pad.as_str()? == crate::cases::pad(n, pad.as_str()?.len()),
        (None, Some(half)) => half.as_f64()? == n as f64 / 2.0 && line["twice"] == n * 2,
        _ => false,
    };
    let context = [&line["request"], &line["path"], &line["retry"]];
    let is_bound = context[0] == 7 && context[1] == "/cart" && context[2] == false;
    (good && (is_bound || context.iter().all(|value| value.is_null()))).then_some(n)
}
