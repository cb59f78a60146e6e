//! Claim: the file's order is that of cause and effect, across processes, and it comes about while
//! they run: nobody sorts at the end.

mod common;

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use common::drain::{Site, is_notice, lines, number};
use common::watch::{wait_until, watchdog};
use common::{Peer, hear, role, say};
use logring::{Overflow, info};

const PROCESSES: u64 = 8;
const ROUNDS: u64 = 20_000;

/// Process `n` of the ring of pipes: takes the token, logs it, passes it on.
fn pass_the_token(segment: &str, directory: &str, n: u64) {
    let pipe = |n| {
        let path = format!("{directory}/pipe-{}", n % PROCESSES);
        // Opened both ways, so that nobody waits for the other end.
        OpenOptions::new().read(true).write(true).open(path).expect("a pipe")
    };
    let (mut before, mut after) = (pipe(n), pipe(n + 1));
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let _guard = builder.install().expect("installed");
    say("ready");
    for round in 0..ROUNDS {
        let mut token = [0; 8];
        before.read_exact(&mut token).expect("a token");
        let hop = u64::from_le_bytes(token);
        assert_eq!(hop, round * PROCESSES + n, "the token itself");
        info!("token", hop = hop);
        after.write_all(&(hop + 1).to_le_bytes()).expect("passed on");
    }
}

#[test]
fn every_record_stands_after_the_one_before_it() {
    const TEST: &str = "every_record_stands_after_the_one_before_it";
    let _watchdog = watchdog();
    if let Some((n, argument)) = role() {
        let (segment, directory) = argument.split_once(' ').expect("two words");
        return pass_the_token(segment, directory, n.parse().expect("a number"));
    }
    let site = Site::new();
    let drain = site.start_drain();
    let directory = site.directory.0.to_str().expect("text");
    for n in 0..PROCESSES {
        let path = std::ffi::CString::new(format!("{directory}/pipe-{n}")).expect("no NUL");
        // SAFETY: a live C string.
        assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
    }
    let argument = format!("{} {directory}", site.segment());
    let mut peers: Vec<_> =
        (0..PROCESSES).map(|n| Peer::start(TEST, &n.to_string(), &argument)).collect();
    peers.iter_mut().for_each(|peer| assert_eq!(peer.hear(), "ready"));
    let first = OpenOptions::new().write(true).open(site.path("pipe-0"));
    first.expect("a pipe").write_all(&0u64.to_le_bytes()).expect("the token");
    peers.into_iter().for_each(Peer::end);
    drain.stop();

    let mut expected = 0;
    let mut pids = std::collections::HashSet::new();
    for line in lines(&site.output()) {
        assert_eq!((&line["event"], number(&line, "hop")), (&"token".into(), expected), "{line}");
        pids.insert(number(&line, "pid"));
        expected += 1;
    }
    assert_eq!(expected, ROUNDS * PROCESSES, "records in the file");
    assert_eq!(pids.len() as u64, PROCESSES);
}

#[test]
fn a_lone_record_is_in_the_file_while_others_go_on() {
    const TEST: &str = "a_lone_record_is_in_the_file_while_others_go_on";
    const LONE: u64 = 5;
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        let builder = logring::builder(segment).overflow(Overflow::BlockForever);
        let _guard = builder.install().expect("installed");
        let stop = AtomicBool::new(false);
        return std::thread::scope(|scope| {
            scope.spawn(|| {
                hear();
                stop.store(true, Ordering::Relaxed);
            });
            let mut n = 0u64;
            while !stop.load(Ordering::Relaxed) {
                info!("crowd", n);
                n += 1;
                std::thread::yield_now();
            }
            say(n);
        });
    }
    let site = Site::new();
    // On a busy machine its first record waits longer for room than the usual policy lets it.
    let builder = logring::builder(site.segment()).ring_bytes(1 << 20);
    let log = builder.overflow(Overflow::BlockForever).open().expect("opened");
    let drain = site.start_drain();
    let mut crowd: Vec<_> = (0..2).map(|_| Peer::start(TEST, "crowd", site.segment())).collect();
    let mut seen = Follower::new(&site);
    for n in 0..LONE {
        seen.text.clear();
        wait_until("the crowd to go on", || seen.read().matches("\"crowd\"").count() > 100);
        let logged = Instant::now();
        info!(logger: log, "lone", n);
        let wanted = format!(
            "\"lone\",\"target\":\"order_is_causal\",\"pid\":{},\"n\":{n}}}",
            std::process::id()
        );
        // The crowd logs on until it is told to stop, which comes after this.
        wait_until("the lone record in the file", || seen.read().contains(&wanted));
        println!("lone record {n} in the file after {:?}", logged.elapsed());
    }
    crowd.iter_mut().for_each(|peer| peer.say("stop"));
    let logged: u64 =
        crowd.iter_mut().map(|peer| peer.hear().parse::<u64>().expect("a count")).sum();
    crowd.into_iter().for_each(Peer::end);
    drain.stop();
    let records = lines(&site.output()).inspect(|line| assert!(!is_notice(line), "{line}"));
    assert_eq!(records.count() as u64, logged + LONE);
}

/// Reads on in the output.
struct Follower {
    path: std::path::PathBuf,
    read: u64,
    text: String,
}

impl Follower {
    fn new(site: &Site) -> Self {
        Self { path: site.output(), read: 0, text: String::new() }
    }

    /// What has come since the text was last cleared.
    fn read(&mut self) -> &str {
        let mut file = std::fs::File::open(&self.path).expect("the output");
        file.seek(SeekFrom::Start(self.read)).expect("a file");
        self.read += file.read_to_string(&mut self.text).expect("text") as u64;
        &self.text
    }
}
