//! S1, S5: what cannot be is told in one sentence with the values in it and the exit code of the
//! manual, and leaves nothing half-created.

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

use common::drain::{Drain, Site, drain_binary, drain_command, lines};
use common::watch::{wait_until, watchdog};
use common::{Peer, ROLE, role, say};
use logring::layout::{VERSION, header};
use logring::shm::Segment;
use logring::{Level, info, warn};

/// The user for what root may do and others may not.
const NOBODY: &str = "65534";

/// What the drain says on stderr, which is one line, when it ends with this code.
fn refused(mut command: Command, code: i32, parts: &[&str]) {
    let output = command.output().expect("it starts");
    sentence(&output, code, parts, &format!("{command:?}"));
}

fn sentence(output: &Output, code: i32, parts: &[&str], what: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{what}: {said}");
    assert_eq!(output.stdout, b"", "{what}");
    let line = said.strip_prefix("logring-drain: ").and_then(|rest| rest.strip_suffix('\n'));
    let line = line.unwrap_or_else(|| panic!("{what}: {said:?}"));
    assert!(!line.contains('\n') && !line.contains("panicked"), "{what}: {said}");
    for part in parts {
        assert!(line.contains(part), "{what}: no {part:?} in {line:?}");
    }
}

/// No file of this segment, and none that its drain would have made.
fn nothing_is_left(site: &Site) {
    let ours: Vec<_> = fs::read_dir("/dev/shm")
        .expect("/dev/shm")
        .map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned())
        .filter(|name| {
            name.ends_with(site.segment()) || name.contains(&format!("{}.", site.segment()))
        })
        .collect();
    assert_eq!(ours, [""; 0], "in /dev/shm");
    let kept = fs::read_dir(site.path("run")).map_or(0, Iterator::count);
    assert_eq!(kept, 0, "files in the runtime directory");
}

fn is_root() -> bool {
    // SAFETY: a call without arguments.
    let root = unsafe { libc::geteuid() } == 0;
    if !root {
        println!("not root: what other users own is not tried");
    }
    root
}

#[test]
fn a_name_that_cannot_be() {
    let _watchdog = watchdog();
    let site = Site::new();
    for name in ["", "../passwd", "a b", "a/b", ".hidden", "a.lock", "naïve", &"x".repeat(65)] {
        let mut command = drain_command();
        command.env("LOGRING_RUNTIME_DIR", site.path("run"));
        command.args(["run", "--segment", name, "--sink"]);
        command.arg(format!("json:{}", site.output().display()));
        refused(command, 2, &[&format!("segment name {name:?} cannot be")]);
    }
    assert!(!site.output().exists());
    nothing_is_left(&site);
}

#[test]
fn what_is_no_segment_of_ours() {
    let _watchdog = watchdog();
    let site = Site::new();
    let paths = site.name.paths();
    let path = &paths.segment;
    let shown = path.to_str().expect("text");
    let run = || site.command(&[&site.output()]);
    let builder = || logring::builder(site.segment()).open().expect_err("no segment");

    fs::write(path, vec![b'x'; 8192]).expect("a file");
    fs::set_permissions(path, Permissions::from_mode(0o600)).expect("ours");
    refused(run(), 6, &[site.segment(), shown]);
    assert!(builder().is_not_a_segment());
    fs::write(path, b"").expect("a file");
    refused(run(), 6, &[site.segment(), shown]);
    fs::set_permissions(path, Permissions::from_mode(0o644)).expect("ours");
    refused(run(), 6, &[shown, "0644", "0600"]);
    assert!(builder().is_not_permitted());
    fs::remove_file(path).expect("ours");
    fs::create_dir(path).expect("a directory");
    refused(run(), 6, &[shown]);
    fs::remove_dir(path).expect("ours");
    symlink("/dev/null", path).expect("a link");
    refused(run(), 6, &[shown, "symbolic link"]);
    fs::remove_file(path).expect("ours");

    drop(Segment::create(&site.name.spec()).expect("a segment"));
    let file = fs::OpenOptions::new().write(true).open(path).expect("ours");
    file.write_all_at(&7u32.to_le_bytes(), header::LAYOUT_VERSION as u64).expect("written");
    refused(run(), 4, &["version 7", &format!("reads {VERSION}")]);
    assert!(builder().is_foreign_layout());
    assert!(!site.output().exists(), "an output for what is not there");
    if is_root() {
        file.write_all_at(&VERSION.to_le_bytes(), header::LAYOUT_VERSION as u64).expect("written");
        std::os::unix::fs::chown(path, Some(12_345), None).expect("root");
        refused(run(), 6, &[shown, "uid 12345", "uid 0"]);
        assert!(builder().is_not_permitted());
    }
    drop(file);
    for path in [&paths.segment, &paths.lock, &paths.drain] {
        let _ = fs::remove_file(path);
    }
    nothing_is_left(&site);
}

#[test]
fn an_absent_segment_is_waited_for() {
    let _watchdog = watchdog();
    let site = Site::new();
    let mut command = site.command(&[&site.output()]);
    command.arg("--wait");
    let drain = Drain::spawn(command);
    wait_until("the drain to handle signals", || {
        let status = fs::read_to_string(format!("/proc/{}/status", drain.pid())).expect("it runs");
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:\t"));
        let caught = u64::from_str_radix(caught.expect("a mask"), 16).expect("hexadecimal");
        caught & 1 << (libc::SIGTERM - 1) != 0
    });
    drain.stop();
    nothing_is_left(&site);
    assert!(
        Segment::attach(site.segment()).expect_err("absent").to_string().contains(site.segment())
    );
}

#[test]
fn other_users_things() {
    let _watchdog = watchdog();
    if !is_root() {
        return;
    }
    let site = Site::new();
    fs::set_permissions(&site.directory.0, Permissions::from_mode(0o755)).expect("ours");
    // Where the sources stand may be closed to others.
    let binary = site.path("drain");
    fs::copy(drain_binary(), &binary).expect("copied");
    // A child that another test's thread started meanwhile may hold the copy open for writing until
    // its exec; till then it cannot be run.
    wait_until("the copy can be run", || Command::new(&binary).arg("--version").output().is_ok());
    let run = |runtime: &str, output: &Path| {
        let mut command = Command::new("setpriv");
        let ids = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")];
        command.args(ids).arg("--clear-groups").arg(&binary);
        command.env("LOGRING_RUNTIME_DIR", site.path(runtime)).env_remove("LOGRING");
        command.args(["run", "--segment", site.segment(), "--sink"]);
        command.arg(format!("json:{}", output.display()));
        command
    };
    let theirs = site.path("theirs");
    fs::create_dir(&theirs).expect("a directory");
    std::os::unix::fs::chown(&theirs, Some(65_534), Some(65_534)).expect("root");
    fs::set_permissions(&theirs, Permissions::from_mode(0o700)).expect("ours");
    let output = theirs.join("out.jsonl");

    // An output that this user must not write.
    let shown = site.output().display().to_string();
    refused(run("theirs/run", &site.output()), 5, &[&shown, "Permission denied"]);
    fs::write(site.output(), b"").expect("ours");
    refused(run("theirs/run", &site.output()), 5, &[&shown, "Permission denied"]);
    // A runtime directory that is not this user's.
    fs::create_dir(site.path("run")).expect("a directory");
    fs::set_permissions(site.path("run"), Permissions::from_mode(0o700)).expect("ours");
    let shown = site.path("run").display().to_string();
    refused(run("run", &output), 6, &[&shown, "uid 0", &format!("uid {NOBODY}")]);
    // A segment in this user's place that is not this user's.
    let segment = format!("/dev/shm/logring-{NOBODY}-{}", site.segment());
    fs::write(&segment, b"x").expect("root");
    fs::set_permissions(&segment, Permissions::from_mode(0o600)).expect("root");
    refused(run("theirs/run", &output), 6, &[&segment, "Permission denied"]);
    fs::remove_file(&segment).expect("root");

    assert!(!output.exists(), "an output for what is not there");
    assert_eq!(fs::read_dir(theirs.join("run")).map_or(0, Iterator::count), 0, "files left");
    nothing_is_left(&site);
}

#[test]
fn an_output_that_cannot_be_written() {
    let _watchdog = watchdog();
    let site = Site::new();
    let absent = site.path("absent/out.jsonl");
    refused(site.command(&[&absent]), 5, &[absent.to_str().expect("text"), "does not exist"]);
    let directory = &site.directory.0;
    refused(site.command(&[directory]), 5, &[directory.to_str().expect("text"), "directory"]);
    // The first one is fine, and is not left behind for the second one's sake.
    let fine = site.path("fine.jsonl");
    refused(site.command(&[&fine, &absent]), 5, &[absent.to_str().expect("text")]);
    assert!(!fine.exists());
    refused(site.command(&[&fine, &fine]), 2, &[fine.to_str().expect("text"), "two sinks"]);
    nothing_is_left(&site);

    let mut demo = drain_command();
    demo.args(["demo", "--processes", "1", "--records", "1", "--out"]).arg(&absent);
    refused(demo, 5, &[absent.to_str().expect("text")]);
}

#[test]
fn a_config_that_cannot_be() {
    let _watchdog = watchdog();
    let site = Site::new();
    let config = site.path("drain.toml");
    let shown = config.to_str().expect("text");
    for (text, place, said) in [
        ("segment = \"a\"\nmax_hold = \"soon\"\n", "2:12", "soon"),
        ("segment = 7\n", "1:11", "string"),
        ("segment = \"a\"\n\n[[sink]]\nkind = \"xml\"\npath = \"x\"\n", "4:8", "xml"),
        (
            "segment = \"a\"\n[[sink]]\nkind = \"json\"\npath = \"x\"\nlevel = \"loud\"\n",
            "5:9",
            "loud",
        ),
        ("segment = \"a\"\nring_bytes = \"1 parsec\"\n", "2:14", "1 parsec"),
        ("segment = \"a\n", "1:13", "string"),
        ("speed = 7\n", "1:1", "speed"),
    ] {
        fs::write(&config, text).expect("written");
        for verb in ["run", "check"] {
            let mut command = drain_command();
            command.env("LOGRING_RUNTIME_DIR", site.path("run"));
            command.args([verb, "--config", shown]);
            refused(command, 2, &[&format!("{shown}:{place}: "), said]);
        }
    }
    nothing_is_left(&site);
}

#[test]
fn a_filter_that_cannot_be() {
    const TEST: &str = "a_filter_that_cannot_be";
    let _watchdog = watchdog();
    if let Some((filter, name)) = role() {
        let builder = logring::builder(&*name);
        let builder = builder.filter(filter);
        let error = builder.clone().open().expect_err("a bad filter");
        assert!(error.is_invalid());
        say(&error);
        let error = builder.install().expect_err("a bad filter");
        assert!(error.is_invalid() && logring::early_calls() == 0);
        return say(error);
    }
    let site = Site::new();
    for (filter, parts) in [
        ("info,db=loud", &["filter \"info,db=loud\"", "\"db=loud\"", "loud"][..]),
        ("=info", &["\"=info\"", "expected"]),
    ] {
        let mut peer = Peer::start_under(&["env", "-u", "LOGRING"], TEST, filter, site.segment());
        for _ in 0..2 {
            let said = peer.hear();
            assert!(parts.iter().all(|part| said.contains(part)), "{said}: no {parts:?}");
        }
        peer.end();
        nothing_is_left(&site);
    }
    // What was refused has taken nothing away: the next try is fine.
    let bad = logring::builder(site.segment()).filter("a=b=c").install();
    assert!(bad.expect_err("a bad filter").is_invalid());
    let bad = logring::builder("no name").install();
    assert!(bad.expect_err("a bad name").to_string().contains("\"no name\""));
    nothing_is_left(&site);
    let _guard = logring::builder(site.segment()).filter("info").install().expect("installed");
}

/// A service starts all the same: an operator's slip costs neither it nor its records.
#[test]
fn a_part_of_the_environments_filter_that_cannot_be() {
    const TEST: &str = "a_part_of_the_environments_filter_that_cannot_be";
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        let _guard =
            logring::builder(&*segment).level(Level::Warning).install().expect("installed");
        info!("below the program's own level");
        info!(target: "db", "by the part that is well formed");
        return warn!("by the program's own level");
    }
    let site = Site::new();
    let drain = site.start_drain();
    let mut command = Command::new(std::env::current_exe().expect("own path"));
    command.args(["--exact", TEST, "--nocapture", "--test-threads=1"]);
    command.env("LOGRING", "web=loud,db=debug,=x").env(ROLE, format!("service {}", site.segment()));
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let start = "logring: environment variable LOGRING: filter \"web=loud,db=debug,=x\": in the part \"web=loud\": ";
    assert!(said.starts_with(start) && said.ends_with("; the other parts apply\n"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    drain.stop();
    let events: Vec<_> = lines(&site.output()).map(|line| line["event"].clone()).collect();
    assert_eq!(events, ["by the part that is well formed", "by the program's own level"]);
}

#[test]
fn a_full_dev_shm() {
    const TEST: &str = "a_full_dev_shm";
    let _watchdog = watchdog();
    if let Some((_, name)) = role() {
        let error = logring::builder(&*name).install().expect_err("no room");
        assert!(error.is_full());
        say(&error);
        let left: Vec<_> = fs::read_dir("/dev/shm").expect("/dev/shm").collect();
        return say(format!("{left:?}"));
    }
    if !common::has_namespaces() {
        return println!("no namespaces here: a full /dev/shm is not tried");
    }
    let site = Site::new();
    // In a mount namespace of its own, whose /dev/shm has room for less than a ring.
    let small = "mount -t tmpfs -o size=1m none /dev/shm && exec \"$@\"";
    let wrapper = ["unshare", "-m", "bash", "-c", small, "-"];
    let mut peer = Peer::start_under(&wrapper, TEST, "producer", site.segment());
    let said = peer.hear();
    assert!(said.contains(site.segment()) && said.contains("--shm-size"), "{said}");
    assert_eq!(peer.hear(), "[]", "files left in /dev/shm");
    peer.end();

    let small = "mount -t tmpfs -o size=1m none /dev/shm && { \"$@\"; code=$?; ls -A /dev/shm; exit $code; }";
    let within = |inner: &Command| {
        let mut command = Command::new("unshare");
        command.args(["-m", "bash", "-c", small, "-"]).arg(inner.get_program());
        command.args(inner.get_args()).env("LOGRING_RUNTIME_DIR", site.path("run"));
        command.env_remove("LOGRING");
        command
    };
    // What `ls` finds there would stand on stdout.
    let run = within(&site.command(&[&site.output()]));
    refused(run, 6, &[site.segment(), "MiB", "--shm-size"]);
    let mut demo = drain_command();
    demo.args(["demo", "--processes", "1", "--records", "1", "--out"]).arg(site.path("demo.jsonl"));
    refused(within(&demo), 6, &["MiB", "--shm-size"]);
    for file in ["out.jsonl", "demo.jsonl"] {
        assert!(!site.path(file).exists(), "{file} is left");
    }
    nothing_is_left(&site);
}
