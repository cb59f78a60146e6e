//! Producer processes of a round: this program again, started with other arguments. They attach and
//! then wait, so that their start is not measured; released together they work, and each says one thing.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use logring::Overflow;

use crate::Failure;

/// Producer processes that have attached; what is left of them is ended when this is dropped.
#[derive(Debug, Default)]
pub struct Producers(Vec<Producer>);

#[derive(Debug)]
struct Producer {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Producers {
    /// Starts one more with these arguments, and waits until it has called [`ready`].
    ///
    /// # Errors
    /// It cannot be started, or ends before.
    pub fn start(&mut self, arguments: &[&str]) -> Result<(), Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().ok_or("no pipe")?;
        self.0.push(Producer { child, lines: BufReader::new(out).lines() });
        self.0.last_mut().ok_or("no producer")?.answer()?;
        Ok(())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sends each of them a line.
    ///
    /// # Errors
    /// One has ended.
    pub fn tell(&mut self, line: &str) -> Result<(), Failure> {
        for producer in &mut self.0 {
            let pipe = producer.child.stdin.as_mut().ok_or("no pipe")?;
            pipe.write_all(format!("{line}\n").as_bytes())?;
        }
        Ok(())
    }

    /// The next line of each of them.
    ///
    /// # Errors
    /// One has ended.
    pub fn answers(&mut self) -> Result<Vec<String>, Failure> {
        self.0.iter_mut().map(Producer::answer).collect()
    }

    /// Waits until all have ended, which their stdin does too now; returns their process ids.
    ///
    /// # Errors
    /// One has failed.
    pub fn end(mut self) -> Result<Vec<u32>, Failure> {
        self.0.iter_mut().for_each(|producer| drop(producer.child.stdin.take()));
        let mut pids = Vec::new();
        for producer in &mut self.0 {
            if !producer.child.wait()?.success() {
                return Err("a producer failed".into());
            }
            pids.push(producer.child.id());
        }
        Ok(pids)
    }
}

impl Producer {
    fn answer(&mut self) -> Result<String, Failure> {
        Ok(self.lines.next().ok_or("a producer ended early")??)
    }
}

impl Drop for Producers {
    fn drop(&mut self) {
        // They end with their stdin; whoever has ended already is gone.
        for producer in &mut self.0 {
            drop(producer.child.stdin.take());
            let _ = producer.child.wait();
        }
    }
}

/// What a producer does first: joins the segment. What is measured is the way of every record, so none
/// may be dropped while the ring is full.
///
/// # Errors
/// It cannot be joined.
pub fn join(segment: &str) -> Result<logring::Guard, Failure> {
    Ok(logring::builder(segment).overflow(Overflow::BlockForever).install()?)
}

/// Says that this producer has attached, and waits for the first line.
///
/// # Errors
/// Whoever started it is gone.
pub fn ready() -> Result<(), Failure> {
    println!("ready");
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}
