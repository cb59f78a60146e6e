//! S7, P17: processes of two containers that share `/dev/shm` share a segment, also under one pid; one
//! with a `/dev/shm` of its own has a segment of its own. One that has ended is seen so from outside.
#![expect(unsafe_code, reason = "descriptors that others use are closed")]

mod common;

use common::drain::{Site, is_notice, lines, number};
use common::fork::fork;
use common::watch::{wait_until, watchdog};
use common::{Peer, has_namespaces, hear, role, say};
use logring::layout::lane::LaneWord;
use logring::shm::Segment;
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
    // Their pid is that of another process here, which has another start time.
    let segment = Segment::attach(site.segment()).expect("there");
    for process in 0..segment.geometry().process_count {
        assert!(!segment.process_is_dead(process), "all live");
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

/// Logs on a thread that ends, and closes every descriptor: neither a lane nor a lock says that it
/// lives. Then leaves a child behind.
fn member_without_marks(segment: &str) {
    let guard = logring::builder(segment).install().expect("installed");
    std::thread::spawn(|| info!("counted", n = 0)).join().expect("it ends well");
    // SAFETY: whoever uses one of them is to notice.
    assert_eq!(unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) }, 0);
    say("logged");
    hear();
    fork(|| {
        hear();
        say("the child lives");
        hear();
    });
    drop(guard);
}

#[test]
fn one_that_has_ended_in_another_namespace_is_given_back() {
    const TEST: &str = "one_that_has_ended_in_another_namespace_is_given_back";
    let _watchdog = watchdog();
    if let Some((_, segment)) = role() {
        return member_without_marks(&segment);
    }
    if !has_namespaces() {
        println!("this machine lets nobody make namespaces: nothing was tried");
        return;
    }
    let site = Site::new();
    let segment = Segment::create(&site.name.spec()).expect("created");
    let drain = site.start_drain();
    let runtime = format!("LOGRING_RUNTIME_DIR={}", site.path("run").display());
    // Ends when nobody has its output any more: neither the process nor its child.
    let shell = "\"$@\" | cat";
    let wrapper = ["env", "-u", "LOGRING", &runtime, "unshare", "-m", "-p", "-f"];
    let wrapper = [&wrapper[..], &["--kill-child", "--mount-proc", "sh", "-c", shell, "sh"]];
    let mut peer = Peer::start_under(&wrapper.concat(), TEST, "member", site.segment());
    assert_eq!(peer.hear(), "logged");
    let processes = 0..segment.geometry().process_count;
    let living = || {
        let is_live = |at: &u32| segment.process_info(*at).is_some_and(|info| info.is_live());
        processes.clone().filter(is_live).collect::<Vec<_>>()
    };
    let lanes = 0..segment.geometry().lane_count;
    let word = |at| segment.lane_info(at).and_then(|info| info.word);
    let is_live = |at| matches!(word(at), Some(LaneWord::Live { .. }));
    wait_until("its lanes to be given back", || !lanes.clone().any(is_live));
    let [process] = living()[..] else { panic!("{:?}", living()) };
    assert!(!segment.process_is_dead(process), "it lives, whatever it has closed");
    let observed = Segment::observe(site.segment()).expect("there");
    assert!(!observed.process_is_dead(process), "the same for who only looks");
    // A drain that believes in its death has given the entry back by then.
    drain.stop();
    assert_eq!(living(), [process]);

    peer.say("end");
    wait_until("its end to be proven", || segment.process_is_dead(process));
    assert!(observed.process_is_dead(process));
    peer.say("and you?");
    assert_eq!(peer.hear(), "the child lives");
    let drain = site.start_drain();
    wait_until("its entry to be given back", || living().is_empty());
    peer.end();
    drain.stop();
    Segment::remove(site.segment()).expect("nobody uses it");
}
