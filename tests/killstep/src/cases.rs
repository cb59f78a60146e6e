//! The log calls that are stepped, and the recovery of a copy at each step.

use std::fs;
use std::process::{Command, Stdio};

use logring::layout::header;
use logring::shm::Segment;
use logring::{Overflow, context, info, kv};

use crate::check::Expected;
use crate::image::Image;
use crate::recover::recover;
use crate::site::{COPY, GEOMETRY, Site};
use crate::step::{Stepped, be_stepped, mark};
use crate::{Failure, Tried};

/// A log call that is stepped.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Records before it.
    before: u64,
    /// Bytes of its string; none: numbers.
    pad: usize,
    /// Whether the ring is full when it comes, and so also some before it may be lost.
    full: bool,
    /// Whether the thread has bound a context of three fields.
    context: bool,
}

/// A case like this one.
const PLAIN: Case = Case { name: "scalars", before: 2, pad: 0, full: false, context: false };

const BLOCK: u64 = GEOMETRY.slots_per_block as u64;

/// All of them.
pub(crate) const CASES: [Case; 8] = [
    PLAIN,
    Case { name: "context", context: true, ..PLAIN },
    Case { name: "short", pad: 35, ..PLAIN },
    Case { name: "string", before: 1, pad: 300, ..PLAIN },
    Case { name: "blocks", before: 1, pad: 2_500, ..PLAIN },
    Case { name: "full", before: BLOCK * GEOMETRY.block_count as u64, full: true, ..PLAIN },
    Case { name: "first", before: 0, ..PLAIN },
    Case { name: "crossing", before: BLOCK, ..PLAIN },
];

/// The string of record `n`.
pub(crate) fn pad(n: u64, len: usize) -> String {
    let letters = (0..).map(|at| char::from(b'a' + ((n + at) % 26) as u8));
    letters.take(len).collect()
}

/// The child's part: what comes before, the marks, the call between them.
pub(crate) fn child(case: &str, segment: &str) -> Result<(), Failure> {
    let case = CASES.iter().find(|known| known.name == case).ok_or("no such case")?;
    be_stepped()?;
    let _guard = logring::builder(segment).overflow(Overflow::Drop).install()?;
    let _bound =
        case.context.then(|| context::bound(kv! { request = 7, path = "/cart", retry = false }));
    let text = pad(case.before + 1, case.pad);
    for n in 1..=case.before {
        if case.pad > 0 { log_text(n, &pad(n, case.pad)) } else { log_numbers(n) }
    }
    mark()?;
    let n = case.before + 1;
    if case.pad > 0 {
        log_text(n, &text)
    } else {
        log_numbers(n)
    }
    mark()
}

fn log_numbers(n: u64) {
    info!("numbers", n, twice = n * 2, half = n as f64 / 2.0);
}

fn log_text(n: u64, pad: &str) {
    info!("text", n, pad);
}

/// Steps the case's call and recovers a copy of the segment at each step.
pub(crate) fn run(case: &Case) -> Result<Tried, Failure> {
    let site = Site::new(case.name)?;
    let (segment, copy) = (site.segment("")?, site.segment(COPY)?);
    let mut child = Stepped::start(
        Command::new(std::env::current_exe()?)
            .args(["child", case.name, &site.name, ""])
            .env_remove("LOGRING")
            .stdin(Stdio::null()),
    )?;
    let mut tried = Tried::default();
    let (mut image, mut last) = (Image::default(), None);
    loop {
        let expected =
            Expected { acked: case.before, one_more: true, may_lose: case.full, may_tell: &[] };
        tried.states += 1;
        // The same bytes are recovered the same way.
        let is_new = image.take(segment);
        if is_new || last.is_none() {
            last = Some(attempt(&site, &image, child.pid(), copy, &expected));
        }
        if let Some(Err(failure)) = &last {
            tried.bad += 1;
            if is_new {
                println!("killstep: {} at step {}: {failure}", case.name, tried.states);
            }
        }
        if !child.step()? {
            break;
        }
    }
    let done =
        Expected { acked: case.before + 1, one_more: false, may_lose: case.full, may_tell: &[] };
    image.take(segment);
    attempt(&site, &image, child.pid(), copy, &done)
        .map_err(|failure| format!("{} when it was done: {failure}", case.name))?;
    child.end()?;
    Ok(tried)
}

/// Recovers `image` in `copy`, as if process `pid` had been killed at that moment.
fn attempt(
    site: &Site,
    image: &Image,
    pid: u32,
    copy: &'static Segment,
    expected: &Expected,
) -> Result<(), Failure> {
    let mut image = image.clone();
    image.kill(pid, site.gone, copy.offsets());
    // The copy has a header of its own: another name, another lock file.
    image.put(copy, header::SIZE);
    let folder = site.folder.join("state");
    fs::create_dir(&folder)?;
    let output = folder.join("out.jsonl");
    let recovered = recover(copy, &folder, &output, expected);
    fs::remove_dir_all(&folder)?;
    recovered
}
