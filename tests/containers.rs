//! S7, P17: processes of two containers that share `/dev/shm` share a segment, also under one pid; one
//! with a `/dev/shm` of its own has a segment of its own.

mod common;

use common::drain::{Site, is_notice, lines, number};
use common::watch::watchdog;
use common::{Peer, has_namespaces, hear, role, say};
use logring::{Overflow, info};

const EACH: u64 = 300;

/// Logs once it is told to, and says its pid and which segment it has.
fn member(id: &str, segment: &str) {
    let builder = logring::builder(segment).ring_bytes(1 << 20).overflow(Overflow::BlockForever);
    let guard = builder.install().expect("installed");
    say(format!("{} {}", std::process::id(), guard.segment().tag()));
    hear();
    for n in 0..EACH {
        info!("counted", from = id, n);
    }
    say("done");
    hear();
}

#[test]
fn who_shares_memory_shares_a_segment() {
    const TEST: &str = "who_shares_memory_shares_a_segment";
    let _watchdog = watchdog();
    if let Some((id, segment)) = role() {
        return member(&id, &segment);
    }
    if !has_namespaces() {
        println!("this machine lets nobody make namespaces: nothing was tried");
        return;
    }
    let site = Site::new();
    let builder = logring::builder(site.segment()).ring_bytes(1 << 20);
    let own = builder.open().expect("opened");
    let drain = site.start_drain();
    let runtime = format!("LOGRING_RUNTIME_DIR={}", site.path("run").display());
    let start = |shell: &str, id: &str| {
        let wrapper = ["env", "-u", "LOGRING", &runtime, "unshare", "-m", "-p", "-f"];
        let wrapper = [&wrapper[..], &["--kill-child", "--mount-proc", "sh", "-c", shell, "sh"]];
        let mut peer = Peer::start_under(&wrapper.concat(), TEST, id, site.segment());
        let said = peer.hear();
        let (pid, tag) = said.split_once(' ').expect("two numbers");
        (pid.parse::<u64>().expect("a pid"), tag.parse::<u32>().expect("a tag"), peer)
    };
    let shared = "exec \"$@\"";
    let private = "mount -t tmpfs none /dev/shm && exec \"$@\"";
    let mut members = vec![start(shared, "a"), start(shared, "b"), start(private, "alone")];
    assert_eq!(members[0].1, members[1].1, "one segment");
    assert_ne!(members[0].1, members[2].1, "a segment of its own");
    assert_eq!((members[0].0, members[1].0), (1, 1), "both are the first of their namespace");
    info!(logger: own, "counted", from = "here", n = 0);
    for (_, _, peer) in &mut members {
        peer.say("log");
    }
    for (_, _, peer) in &mut members {
        assert_eq!(peer.hear(), "done");
    }
    members.into_iter().for_each(|(_, _, peer)| peer.end());
    drain.stop();
    let mut next = std::collections::HashMap::new();
    for line in lines(&site.output()) {
        assert!(!is_notice(&line), "{line}");
        let from = line["from"].as_str().expect("a name").to_owned();
        assert_eq!(number(&line, "pid") == 1, from != "here", "{line}");
        let next = next.entry(from).or_insert(0);
        assert_eq!(number(&line, "n"), *next, "{line}");
        *next += 1;
    }
    assert_eq!((next["a"], next["b"], next["here"], next.len()), (EACH, EACH, 1, 3));
}
