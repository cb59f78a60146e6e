//! D1: real kills: a process that writes through a cursor gets SIGKILL at moments it cannot know.

use super::model::{directory, read};
use crate::{
    cursor::{Batch, Cursor, Replayed, Step},
    ledger::{BlockMark, ClockLine, LaneMark, Ledger, Marks},
    sink::SinkSpec,
};
use std::{
    env,
    fmt::Write,
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Instant,
};

const DIR: &str = "LOGRING_TEST_KILLED_WRITER";
const BLOCKS: u32 = 4000;
const SLOTS: u32 = 8000;
const BATCH: u64 = 700;

fn line(number: u64, text: &mut String) {
    writeln!(text, "record {number:07} of a ring that has them all at hand").unwrap();
}

/// A ring that holds all numbers, block after block: what a mark means is plain.
fn mark(after: u64) -> Marks {
    let (block, slots) = ((after / u64::from(SLOTS)) as u32, (after % u64::from(SLOTS)) as u32);
    let full = (0..block).next_back().map(|b| BlockMark { block: b, generation: 1, slots: SLOTS });
    let open = BlockMark { block, generation: 1, slots };
    let lane = LaneMark { lane: 999, inc: 1, ordinal: block.into(), sequence: after, flags: 0 };
    Marks { blocks: full.into_iter().chain([open]).collect(), lanes: vec![lane] }
}

fn batch(from: u64, to: u64) -> Batch {
    let mut text = String::new();
    (from + 1..=to).for_each(|number| line(number, &mut text));
    let clock = ClockLine::default();
    Batch { bytes: text.into_bytes(), marks: mark(to), watermark: to, clock }
}

/// The killed process: writes until it ends.
#[test]
fn writer() {
    let Some(dir) = env::var_os(DIR) else { return };
    let dir = Path::new(&dir);
    let path = dir.join("out");
    let spec = SinkSpec::parse(&format!("json:{}", path.display()), &["json"]).unwrap();
    let names = [spec.cursor_name().unwrap()];
    let (ledger, _) = Ledger::open(&dir.join("ledger"), [1; 16], BLOCKS, 1000, &names).unwrap();
    let ledger = Arc::new(ledger);
    let mut cursor = Cursor::open(&ledger, 0, &spec).unwrap();
    let position = || ledger.lane(0, 999).map_or(0, |mark| mark.sequence);
    if let Some(replay) = cursor.replay() {
        let rendered = batch(position(), replay.marks.lanes[0].sequence);
        assert_eq!(replay.marks, rendered.marks);
        assert_eq!(cursor.finish_replay(Some(&rendered.bytes)).unwrap(), Replayed::Finishing);
        assert!(matches!(cursor.step(Instant::now()), Step::Done(_)));
    }
    let last = u64::from(BLOCKS - 1) * u64::from(SLOTS);
    while position() < last {
        cursor.submit(Arc::new(batch(position(), (position() + BATCH).min(last))));
        assert!(matches!(cursor.step(Instant::now()), Step::Done(_)));
    }
}

#[test]
fn a_killed_process_has_written_each_record_once() {
    let dir = directory();
    let out = dir.join("out");
    let mut torn = 0;
    for round in 0..40 {
        let before = fs::metadata(&out).map_or(0, |metadata| metadata.len());
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["cursor::tests::process::writer", "--exact", "--quiet"])
            .env(DIR, &dir)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Once it has got on by some bytes, a number of them that is different each time.
        let wanted = before + 1 + round * 4_999;
        while fs::metadata(&out).map_or(0, |metadata| metadata.len()) < wanted {
            assert!(child.try_wait().unwrap().is_none(), "the writer has ended by itself");
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        torn += u32::from(!read(&out).ends_with('\n'));
    }
    let text = read(&out);
    let whole = &text[..text.rfind('\n').map_or(0, |at| at + 1)];
    let mut expected = String::new();
    (1..=whole.lines().count() as u64).for_each(|number| line(number, &mut expected));
    assert!(whole == expected, "the file is not each record once");
    println!("{} records, {torn} of 40 kills in the middle of a line", whole.lines().count());
    fs::remove_dir_all(&dir).unwrap();
}
