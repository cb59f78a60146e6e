//! Claim: `segments` lists, shows and removes what is there: each form of output, each refusal with its
//! sentence and exit code, and nothing is left of what was removed.

mod site;

use std::fs;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::process::{Child, Stdio};

use logring::layout::{Geometry, header};
use logring::shm::Segment;
use serde_json::Value;

use site::watch::{wait_until, watchdog};
use site::{Site, done, refused};

/// A process that has logged and lives until it is dropped.
struct Producer(Child);

impl Producer {
    fn start(site: &Site) -> Self {
        let mut command = site.command(&["log", "--segment", &site.name, "-"]);
        let child = command.stdin(Stdio::piped()).spawn();
        let mut child = child.expect("the binary starts");
        child.stdin.as_mut().expect("piped").write_all(b"hello\n").expect("it reads");
        site::watch::watch(child.id());
        wait_until("the process to log", || {
            let info = site.run(&["segments", "info", &site.name, "--json"]).stdout;
            let info = serde_json::from_slice::<Value>(&info).unwrap_or_default();
            info["processes"].as_array().is_some_and(|all| {
                all.iter().any(|process| process["pid"] == child.id() && process["threads"] == 1)
            }) && info["blocks"]["owned"].as_u64() > Some(0)
        });
        Self(child)
    }

    fn end(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().expect("our child").success());
        site::watch::unwatch(self.0.id());
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        if self.0.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = self.0.kill();
            let _ = self.0.wait();
            site::watch::unwatch(self.0.id());
        }
    }
}

/// The site's segment in the list.
fn listed(site: &Site) -> Option<Value> {
    let text = done(&site.run(&["segments", "ls", "--json"]));
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON object a line"))
        .collect();
    lines.into_iter().find(|line| line["name"] == *site.name)
}

/// The words of the site's row in the table.
fn row(site: &Site) -> Vec<String> {
    let text = done(&site.run(&["segments", "ls"]));
    let mut lines = text.lines();
    let headings = lines.next().expect("headings");
    let words: Vec<_> = headings.split_whitespace().collect();
    assert_eq!(words, ["NAME", "SIZE", "LAYOUT", "PROCESSES", "DRAIN", "CREATED", "RING", "USED"]);
    let row = lines.find(|line| line.split_whitespace().next() == Some(&*site.name));
    row.expect("a row").split_whitespace().map(str::to_owned).collect()
}

#[test]
fn ls_tells_who_uses_a_segment() {
    let _watchdog = watchdog();
    let site = Site::new();
    assert_eq!(listed(&site), None);
    site.create(8, 64);
    let size = fs::metadata(site.paths().segment).expect("created").len();
    let summary = listed(&site).expect("created");
    assert_eq!((summary["bytes"].as_u64(), &summary["layout"]), (Some(size), &0.into()));
    assert_eq!((&summary["processes"], &summary["drain"]), (&0.into(), &Value::Null));
    assert_eq!((&summary["ring_bytes_used"], &summary["ring_bytes"]), (&0.into(), &16384.into()));
    assert!(summary["created"].as_str().is_some_and(|time| time.ends_with('Z')));
    done(&site.log(&["from one that ended"]));
    let producer = Producer::start(&site);
    let summary = listed(&site).expect("there");
    assert_eq!((&summary["processes"], &summary["ring_bytes_used"]), (&1.into(), &4096.into()));
    let words = row(&site);
    assert_eq!(words[3..6], ["0", "1", "-"], "{words:?}");
    assert!(words.ends_with(&["4.0", "KiB", "of", "16.0", "KiB"].map(str::to_owned)), "{words:?}");
    let drain = site.drain();
    let summary = listed(&site).expect("there");
    assert_eq!(summary["drain"]["pid"], drain.0.id());
    assert!(
        row(&site).windows(2).any(|words| words == ["pid".to_owned(), drain.0.id().to_string()])
    );
    drain.stop();
    producer.end();
}

#[test]
fn info_shows_all_of_it() {
    let _watchdog = watchdog();
    let site = Site::new();
    site.create(8, 64);
    done(&site.log(&["from one that ended"]));
    let producer = Producer::start(&site);
    let info: Value =
        serde_json::from_str(&done(&site.run(&["segments", "info", &site.name, "--json"])))
            .expect("a JSON object");
    let segment = Segment::attach(&site.name).expect("there");
    assert_eq!(info["name"], *site.name);
    assert_eq!(info["path"], *site.paths().segment.to_str().expect("ASCII"));
    assert_eq!(info["bytes"].as_u64(), Some(segment.offsets().end as u64));
    let uuid: String = info["uuid"].as_str().expect("text").split('-').collect();
    assert_eq!(uuid, segment.uuid().map(|byte| format!("{byte:02x}")).concat());
    let Geometry { slot_size, slots_per_block, block_count, process_count, lane_count, .. } =
        *segment.geometry();
    for (key, expected) in [
        ("slot_size", slot_size),
        ("slots_per_block", slots_per_block),
        ("block_count", block_count),
        ("process_count", process_count),
        ("lane_count", lane_count),
    ] {
        assert_eq!(info["geometry"][key], expected, "{key}");
    }
    assert_eq!(info["blocks"]["free"].as_u64(), Some(6));
    assert_eq!(
        (&info["blocks"]["owned"], &info["blocks"]["owned_by_ended"]),
        (&2.into(), &1.into())
    );
    // The target and the site of the lines; the single record left nothing.
    assert_eq!(info["dictionary"]["entries"], 2);
    assert_eq!((&info["levels"]["used"], &info["drain"]), (&1.into(), &Value::Null));
    let processes = info["processes"].as_array().expect("a list");
    let of = |key: &str| processes.iter().map(|process| process[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("alive"), [Value::from(false), true.into()]);
    assert_eq!(of("threads"), [Value::from(0), 1.into()]);
    assert_eq!(of("name"), ["logring-drain", "logring-drain"]);
    assert_eq!(of("pid")[1], producer.0.id());

    let text = done(&site.run(&["segments", "info", &site.name]));
    for expected in [
        format!("name            {}\n", site.name),
        "ring            16.0 KiB: 8 blocks of 16 slots of 128 bytes\n".into(),
        "blocks          6 free, 2 owned, 1 of them by threads that ended, for a drain to read\n"
            .into(),
        "drain           none\n".into(),
        "processes       2 of 64, threads of at most 256\n".into(),
    ] {
        assert!(text.contains(&expected), "{expected} is not in {text}");
    }
    let last: Vec<_> = text.lines().last().expect("processes").split_whitespace().collect();
    assert_eq!(last, [&producer.0.id().to_string(), "logring-drain", "alive", "1", "0"]);
    let drain = site.drain();
    let text = done(&site.run(&["segments", "info", &site.name]));
    assert!(text.contains(&format!("drain           pid {} on ", drain.0.id())), "{text}");
    drain.stop();
    producer.end();
}

#[test]
fn rm_wants_proof_that_nobody_uses_it() {
    let _watchdog = watchdog();
    let site = Site::new();
    let [first, second] = [Producer::start(&site), Producer::start(&site)];
    let drain = site.drain();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").expect("it has a name");
    let cannot = format!("cannot remove segment {:?}: it is in use by", site.name);
    let processes = [first.0.id(), second.0.id()]
        .map(|pid| format!("process {pid} (logring-drain)"))
        .join(", ");
    let sentence = refused(&site.run(&["segments", "rm", &site.name]), 3);
    let holder = format!("a drain, pid {} on {:?}", drain.0.id(), host.trim());
    assert_eq!(sentence, format!("{cannot} {holder}, {processes}"));
    drain.stop();
    let sentence = refused(&site.run(&["segments", "rm", &site.name]), 3);
    assert_eq!(sentence, format!("{cannot} {processes}"));
    first.end();
    let sentence = refused(&site.run(&["segments", "rm", &site.name]), 3);
    assert_eq!(sentence, format!("{cannot} process {} (logring-drain)", second.0.id()));
    // What was refused goes on.
    let mut second = second;
    second.0.stdin.as_mut().expect("piped").write_all(b"still here\n").expect("it reads");
    second.end();
    let drain = site.drain();
    drain.stop();
    assert!(site.lines().any(|line| line["event"] == "still here"));
    assert_eq!(
        done(&site.run(&["segments", "rm", &site.name])),
        format!("removed segment {:?} (19.7 MiB)\n", site.name)
    );
}

#[test]
fn rm_leaves_nothing() {
    let _watchdog = watchdog();
    let site = Site::new();
    site.create(8, 64);
    site.drain().stop();
    let aside = site.directory.join("run").join(format!("{}.ledger.aside", site.name));
    fs::write(aside, "an old one").expect("the drain has made the directory");
    done(&site.log(&["unread"]));
    let said = done(&site.run(&["segments", "rm", &site.name]));
    assert!(said.ends_with(", and with it a block of records that no drain had freed\n"), "{said}");
    let paths = site.paths();
    for path in [paths.segment, paths.lock, paths.drain] {
        assert!(!path.exists(), "{}", path.display());
    }
    assert_eq!(fs::read_dir(site.directory.join("run")).expect("there").count(), 0);
    let sentence = refused(&site.run(&["segments", "rm", &site.name]), 6);
    assert!(sentence.starts_with(&format!("cannot remove segment {:?}: there is no ", site.name)));
    // Looking makes nothing either.
    let other = Site::new();
    refused(&other.run(&["segments", "rm", &other.name]), 6);
    refused(&other.run(&["segments", "info", &other.name]), 6);
    assert_eq!(fs::read_dir(&other.directory).expect("there").count(), 0);
    assert!(!other.paths().lock.exists());
}

#[test]
fn another_layout_is_listed_and_otherwise_refused() {
    let site = Site::new();
    site.create(8, 64);
    let file = fs::OpenOptions::new().write(true).open(site.paths().segment).expect("our segment");
    file.write_all_at(&7u32.to_le_bytes(), header::LAYOUT_VERSION as u64).expect("our segment");
    let summary = listed(&site).expect("there");
    let problem = "of another layout, this build reads 0";
    assert_eq!((&summary["layout"], &summary["problem"]), (&7.into(), &problem.into()));
    assert_eq!(summary["processes"], Value::Null);
    assert!(row(&site).join(" ").ends_with(&format!(" 7 - - - {problem}")), "{:?}", row(&site));
    for command in ["info", "rm"] {
        let sentence = refused(&site.run(&["segments", command, &site.name]), 4);
        assert!(sentence.ends_with(": it has layout version 7, this build reads 0"), "{sentence}");
        assert!(site.paths().segment.exists());
    }
}

#[test]
fn what_is_damaged_or_no_segment_is_listed_as_such() {
    let site = Site::new();
    site.create(8, 64);
    let file = fs::OpenOptions::new().write(true).open(site.paths().segment).expect("our segment");
    file.write_all_at(&[0xff; 4], header::BLOCK_COUNT as u64).expect("our segment");
    let problem = |site: &Site| listed(site).expect("there")["problem"].as_str().map(str::to_owned);
    let said = problem(&site).expect("a problem");
    assert!(said.starts_with("damaged: geometry: block_count is 4294967295"), "{said}");
    let sentence = refused(&site.run(&["segments", "rm", &site.name]), 6);
    assert!(sentence.contains("damaged: geometry: block_count"), "{sentence}");
    file.set_len(5).expect("our segment");
    assert_eq!(problem(&site).as_deref(), Some("it is 5 bytes long, a header alone takes 4096"));
    assert_eq!(listed(&site).expect("there")["layout"], Value::Null);
    fs::remove_file(site.paths().segment).expect("ours");
    fs::create_dir(site.paths().segment).expect("shared memory takes a directory");
    let said = problem(&site);
    fs::remove_dir(site.paths().segment).expect("ours");
    assert!(said.is_some_and(|said| said.ends_with("is not a file")));
}

#[test]
fn wrong_arguments_are_one_sentence() {
    let site = Site::new();
    for (arguments, expected) in [
        (&["segments", "info"][..], "the following required arguments were not provided: <NAME>"),
        (&["segments", "rm"], "the following required arguments were not provided: <NAME>"),
        (&["segments", "ls", "x"], "unexpected argument 'x' found"),
        (&["segments", "frob"], "unrecognized subcommand 'frob'"),
        (&["segments", "info", "a/b"], "segment name \"a/b\" cannot be"),
        (&["segments", "rm", ".."], "segment name \"..\" cannot be"),
    ] {
        let sentence = refused(&site.run(arguments), 2);
        assert!(sentence.starts_with(expected), "{arguments:?}: {sentence}");
    }
}

#[test]
fn help_has_an_example_for_each_command() {
    let site = Site::new();
    for (command, example) in [
        (&["segments", "--help"][..], "Examples:\n  logring-drain segments ls\n"),
        (&["segments", "ls", "--help"], "Example:\n  logring-drain segments ls\n"),
        (&["segments", "info", "--help"], "Example:\n  logring-drain segments info billing\n"),
        (&["segments", "rm", "--help"], "Example:\n  logring-drain segments rm billing\n"),
    ] {
        let help = done(&site.run(command));
        assert!(help.contains(example), "{command:?}: {help}");
    }
}
