//! P4: a child that was forked and has not called exec logs as itself: its records carry its own pid,
//! and it touches nothing of its parent's.

mod common;

use common::acks::Acks;
use common::drain::{Site, is_notice, lines, number};
use common::fork::{fork, wait};
use common::watch::{wait_until, watchdog};
use common::{Peer, role};
use logring::sync::Ordering::{Acquire, Relaxed, Release};
use logring::{Logger, Overflow, info, kv};

const EACH: u64 = 700;

fn log(part: &'static str, log: &Logger, numbers: std::ops::Range<u64>) {
    for n in numbers {
        info!(logger: log, "from", part, n, own = std::process::id());
    }
}

fn family(segment: &str, acks: &Acks) {
    let builder = logring::builder(segment).overflow(Overflow::BlockForever);
    let _guard = builder.install().expect("installed");
    let bound = logring::logger().bind(kv! { bound = "before the fork" });
    // The parent stands in the middle of a block when it forks.
    log("parent", &bound, 0..100);
    let first = fork(|| log("child", &bound, 0..EACH));
    log("parent", &bound, 100..EACH);
    let second = fork(|| {
        log("child of many", &bound, 0..10);
        let grandchild = fork(|| log("grandchild", &bound, 0..EACH));
        log("child of many", &bound, 10..EACH);
        assert_eq!(wait(grandchild), 0);
    });
    assert_eq!((wait(first), wait(second)), (0, 0));

    // Threads that fork while others log.
    std::thread::scope(|scope| {
        for part in ["thread 0", "thread 1", "thread 2"] {
            let bound = &bound;
            scope.spawn(move || {
                log(part, bound, 0..50);
                let child = fork(|| log("child of a thread", bound, 0..EACH));
                log(part, bound, 50..EACH);
                assert_eq!(wait(child), 0);
            });
        }
    });

    // A child that is killed takes nothing of its parent along.
    for victim in 0..5 {
        let acked = acks.of(victim);
        let child = fork(|| {
            for n in 0.. {
                log("victim", &bound, n..n + 1);
                acked.store(n + 1, Release);
            }
        });
        wait_until("the victim to log", || acked.load(Relaxed) > 500);
        log("parent", &bound, EACH + victim as u64..EACH + victim as u64 + 1);
        // SAFETY: a call without memory, to our own child.
        assert_eq!(unsafe { libc::kill(child, libc::SIGKILL) }, 0);
        assert_eq!(wait(child), libc::SIGKILL);
    }
    log("parent", &bound, EACH + 5..EACH + 100);
}

#[test]
fn children_log_as_themselves() {
    const TEST: &str = "children_log_as_themselves";
    let _watchdog = watchdog();
    if let Some((_, argument)) = role() {
        let (segment, acks) = argument.split_once(' ').expect("two words");
        return family(segment, &Acks::open(acks.as_ref()));
    }
    let site = Site::new();
    let drain = site.start_drain();
    let path = site.path("acks");
    let acks = Acks::create(&path, 5);
    let argument = format!("{} {}", site.segment(), path.display());
    let family = Peer::start(TEST, "family", &argument);
    let parent = u64::from(family.pid());
    family.end();
    drain.stop();

    let mut next = std::collections::HashMap::new();
    for line in lines(&site.output()) {
        if is_notice(&line) {
            // Whoever was killed may have been in the middle of a record.
            assert!(line["kind"] == "torn" && number(&line, "count") == 1, "{line}");
            continue;
        }
        let (pid, part) = (number(&line, "pid"), line["part"].as_str().expect("text").to_owned());
        assert_eq!(pid, number(&line, "own"), "{line}");
        let of_parent = part == "parent" || part.starts_with("thread ");
        assert_eq!(pid == parent, of_parent, "{line}");
        assert_eq!(line["bound"], "before the fork", "{line}");
        let next = next.entry((part, pid)).or_insert(0);
        assert_eq!(number(&line, "n"), *next, "the next one: {line}");
        *next += 1;
    }
    let mut victims = Vec::new();
    let mut parts = Vec::new();
    for ((part, _), count) in next {
        match &*part {
            "victim" => victims.push(count),
            "parent" => parts.push((part, count - 100)),
            _ => parts.push((part, count)),
        }
    }
    parts.sort();
    let names = [
        "child",
        "child of a thread",
        "child of a thread",
        "child of a thread",
        "child of many",
        "grandchild",
        "parent",
        "thread 0",
        "thread 1",
        "thread 2",
    ];
    assert_eq!(parts, names.map(|name| (name.to_owned(), EACH)));
    let mut acked: Vec<_> = (0..5).map(|victim| acks.of(victim).load(Acquire)).collect();
    victims.sort_unstable();
    acked.sort_unstable();
    let fits = |(found, acked): (&u64, &u64)| *found == *acked || *found == *acked + 1;
    assert!(victims.len() == 5 && victims.iter().zip(&acked).all(fits), "{victims:?} of {acked:?}");
}
