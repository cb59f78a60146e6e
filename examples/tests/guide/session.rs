//! A page's commands, run as a reader runs them: in order, in one directory, a terminal beside
//! another where the page says so, on a machine of their own: namespaces with empty `/dev/shm` and
//! `/run`, which are gone with everything in them when the page ends.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::compare::difference;
use crate::page::{Block, root};
use crate::watch::{signal, wait_for, wait_until};

/// Commands that may be repeated until a drain has caught up: they change nothing.
const READERS: [&str; 8] = ["cat", "grep", "head", "tail", "jq", "ls", "wc", "sort"];
const READING: [&str; 5] = ["stats", "segments ls", "segments info", "recover", "tail"];

/// A reader's desk.
pub(crate) struct Session {
    directory: PathBuf,
    path: String,
    terminals: BTreeMap<u32, Terminal>,
}

/// Commands that run beside the others.
struct Terminal {
    child: Child,
    output: PathBuf,
}

/// The command that starts another in namespaces of its own; the caller adds the program.
pub(crate) fn isolated() -> Command {
    let namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
    let works = |user: &[&str]| {
        let tried = Command::new("unshare").args(user).args(namespaces).arg("true").output();
        tried.is_ok_and(|output| output.status.success())
    };
    let user: &[&str] = if works(&[]) { &[] } else { &["--user", "--map-root-user"] };
    assert!(works(user), "the guide's commands need namespaces of their own: `unshare` must work");
    let mut command = Command::new("unshare");
    command.args(user).args(namespaces);
    let mount = "mount -t tmpfs tmpfs /dev/shm && mount -t tmpfs tmpfs /run && exec \"$@\"";
    command.args(["sh", "-c", mount, "-"]);
    command
}

impl Session {
    /// A desk for the commands of one page. Programs are those that cargo has built beside this test.
    pub(crate) fn new() -> Self {
        let exe = std::env::current_exe().expect("own path");
        // target/<profile>/deps/<test>
        let profile = exe.ancestors().nth(2).expect("three levels below target");
        let directory = Path::new("/run/page").to_owned();
        fs::create_dir_all(directory.join(".bin")).expect("an empty /run");
        let shim = directory.join(".bin/cargo");
        fs::write(
            &shim,
            include_str!("cargo.sh").replace("PROFILE", &profile.display().to_string()),
        )
        .expect("written");
        Command::new("chmod").arg("+x").arg(&shim).status().expect("chmod");
        let examples = root().join("examples");
        std::os::unix::fs::symlink(&examples, directory.join("examples")).expect("linked");
        let path = std::env::var("PATH").expect("a PATH");
        let path = format!("{}:{}:{path}", directory.join(".bin").display(), profile.display());
        Self { directory, path, terminals: BTreeMap::new() }
    }

    /// Does what the page says with its commands: `blocks` in reading order.
    pub(crate) fn run(&mut self, blocks: &[Block]) {
        for (index, block) in blocks.iter().enumerate() {
            match block.language() {
                "sh" if block.terminal() > 1 => self.start(block),
                "sh" => {
                    let next = blocks.get(index + 1);
                    self.run_block(
                        block,
                        next.filter(|next| is_output(next) && terminal_of(next) == 1),
                    );
                }
                _ if is_output(block) && terminal_of(block) > 1 => self.look(block),
                _ => {}
            }
        }
        let open: Vec<u32> = self.terminals.keys().copied().collect();
        open.into_iter().for_each(|number| self.end(number));
    }

    fn command(&self, block: &Block, output: &Path) -> Command {
        let out = File::create(output).expect("an empty /run");
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", &block.text]).current_dir(&self.directory);
        for name in ["LOGRING", "LOGRING_RUNTIME_DIR", "XDG_RUNTIME_DIR", "NO_COLOR"] {
            bash.env_remove(name);
        }
        bash.env("PATH", &self.path).stdin(Stdio::null());
        bash.stderr(out.try_clone().expect("a copy")).stdout(out);
        bash
    }

    fn run_block(&mut self, block: &Block, shown: Option<&Block>) {
        let attempt = || {
            let output = self.directory.join(".output");
            let status = self.command(block, &output).status().expect("bash starts");
            let printed = fs::read_to_string(&output).expect("text");
            let wanted = block.option("exits").map_or(0, |code| code.parse().expect("a number"));
            // As a shell tells it, also where the shell itself became the command.
            let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
            if code != Some(wanted) {
                return Err(format!("{}: ended with {status}: {printed}", block.at));
            }
            let wrong = |shown: &Block| difference(&shown.text, &printed, varies(shown));
            shown.and_then(wrong).map_or(Ok(()), |why| Err(format!("{}: {why}", block.at)))
        };
        if let Err(why) = attempt() {
            assert!(only_reads(&block.text) && !self.terminals.is_empty(), "{why}");
            wait_for(&why, || attempt().ok());
        }
    }

    /// Starts the commands in a terminal of their own, and waits until one of them has a segment.
    fn start(&mut self, block: &Block) {
        let number = block.terminal();
        self.end(number);
        let output = self.directory.join(format!(".terminal-{number}"));
        let child = self.command(block, &output).process_group(0).spawn().expect("bash starts");
        let group = child.id();
        self.terminals.insert(number, Terminal { child, output });
        if block.text.contains("logring-drain ") {
            wait_until(&format!("{}: a segment", block.at), || maps_a_segment(group));
        }
    }

    /// Waits until the terminal shows what the page shows.
    fn look(&mut self, block: &Block) {
        let number = terminal_of(block);
        let terminal = &self.terminals[&number];
        let printed = || fs::read_to_string(&terminal.output).expect("text");
        let wrong = || difference(&block.text, &printed(), varies(block));
        if let Some(why) = wrong() {
            wait_until(&format!("{}: {why}", block.at), || wrong().is_none());
        }
        if block.info.iter().any(|word| word == "end") {
            self.end(number);
        }
    }

    /// Ctrl-C.
    fn end(&mut self, number: u32) {
        let Some(mut terminal) = self.terminals.remove(&number) else { return };
        if terminal.child.try_wait().expect("our child").is_none() {
            for process in group(terminal.child.id()) {
                signal(process, libc::SIGINT);
            }
            terminal.child.wait().expect("our child");
        }
    }
}

fn is_output(block: &Block) -> bool {
    matches!(block.language(), "output" | "json")
}

fn terminal_of(output: &Block) -> u32 {
    output.option("terminal").map_or(1, |number| number.parse().expect("a number"))
}

fn varies(block: &Block) -> bool {
    block.info.iter().any(|word| word == "varies")
}

fn only_reads(commands: &str) -> bool {
    let lines = commands.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.into_iter().all(|line| {
        let drain = line.strip_prefix("logring-drain ");
        drain.map_or_else(
            || line.split(' ').next().is_some_and(|word| READERS.contains(&word)),
            |rest| READING.iter().any(|reading| rest.starts_with(reading)),
        )
    })
}

/// The living processes of a process group.
fn group(leader: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").expect("/proc").filter_map(|entry| {
        let pid = entry.ok()?.file_name().to_str()?.parse::<u32>().ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let words: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
        (words.first() != Some(&"Z") && words.get(2)?.parse() == Ok(leader)).then_some(pid)
    });
    processes.collect()
}

fn maps_a_segment(leader: u32) -> bool {
    let maps = |pid| fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    group(leader).into_iter().any(|pid| maps(pid).contains("/dev/shm/logring-"))
}
