//! D2: one drain per segment: who holds the lock keeps it for its life and no longer.

mod common;

use common::watch::watchdog;
use common::{Directory, Name, Peer, hear, role, say, small};
use logring::shm::{DrainLock, Segment, SegmentSpec};

fn play(name: &str) {
    let segment = Segment::attach_static(name).expect("there");
    let lock = DrainLock::acquire(segment);
    match &lock {
        Ok(_) => say("held"),
        Err(error) => say(format!("refused {} {error}", error.is_held())),
    }
    match hear().as_str() {
        "close" => {
            for fd in 3..100 {
                // SAFETY: nothing in this test uses a descriptor from 3 on after this.
                unsafe { libc::close(fd) };
            }
            say("closed");
            hear();
        }
        "fork" => {
            // SAFETY: the child drops what it inherited and ends.
            match unsafe { libc::fork() } {
                0 => {
                    drop(lock);
                    // SAFETY: ends the child at once.
                    unsafe { libc::_exit(0) }
                }
                child => {
                    // SAFETY: our own child; the status is not asked for.
                    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
                    say("forked");
                    hear();
                }
            }
        }
        _ => {}
    }
}

#[test]
fn a_second_drain_is_refused_with_the_first_ones_pid() {
    let _watchdog = watchdog();
    const TEST: &str = "a_second_drain_is_refused_with_the_first_ones_pid";
    if let Some((_, name)) = role() {
        return play(&name);
    }
    let name = Name::new();
    let segment = name.create();
    assert!(!segment.drain_is_alive());
    let lock = DrainLock::acquire(segment).expect("free");
    assert!(segment.drain_is_alive());
    let own_pid = std::process::id().to_string();
    let again = DrainLock::acquire(segment).expect_err("held by this thread");
    assert!(again.is_held() && again.to_string().contains(&own_pid), "{again}");
    let other = std::thread::scope(|scope| {
        scope.spawn(|| DrainLock::acquire(segment).err()).join().expect("thread")
    });
    assert!(other.expect("held by another thread").is_held());
    let mut peer = Peer::start(TEST, "second", &name.0);
    let refused = peer.hear();
    assert!(refused.starts_with("refused true") && refused.contains(&own_pid), "{refused}");
    peer.end();
    drop(lock);
    assert!(!segment.drain_is_alive());
    drop(DrainLock::acquire(segment).expect("free again"));
}

#[test]
fn a_killed_drains_lock_is_free_and_a_living_ones_is_not() {
    let _watchdog = watchdog();
    const TEST: &str = "a_killed_drains_lock_is_free_and_a_living_ones_is_not";
    if let Some((_, name)) = role() {
        return play(&name);
    }
    let name = Name::new();
    let segment = name.create();
    for order in ["close", "fork", "stay"] {
        let mut peer = Peer::start(TEST, "holder", &name.0);
        assert_eq!(peer.hear(), "held", "after the one before was killed");
        if order != "stay" {
            peer.say(order);
            peer.hear();
        }
        let pid = peer.pid().to_string();
        let refused = DrainLock::acquire(segment).expect_err("it lives");
        assert!(refused.is_held() && refused.to_string().contains(&pid), "{order}: {refused}");
        assert!(segment.drain_is_alive());
        peer.kill();
        assert!(!segment.drain_is_alive(), "{order}");
    }
    drop(DrainLock::acquire(segment).expect("inherited"));
}

#[test]
fn a_thread_that_ends_without_giving_it_back_frees_it() {
    let _watchdog = watchdog();
    let name = Name::new();
    for segment in [Segment::heap(small()).expect("memory").leak(), name.create()] {
        let forget = || std::mem::forget(DrainLock::acquire(segment).expect("free"));
        std::thread::spawn(forget).join().expect("thread");
        assert!(!segment.drain_is_alive());
        drop(DrainLock::acquire(segment).expect("inherited"));
    }
}

#[test]
fn a_lock_from_before_a_restart_of_the_machine_is_nobodys() {
    let _watchdog = watchdog();
    const BOOT: u64 = 64;
    let directory = Directory::new();
    let path = directory.0.join("ring");
    let spec = SegmentSpec { geometry: small(), ..SegmentSpec::new("x") };
    let segment = Segment::create_file(&path, &spec).expect("made");
    drop(DrainLock::acquire(&segment).expect("free"));
    let file = std::fs::OpenOptions::new().write(true).open(&segment.paths().expect("file").drain);
    let file = file.expect("there");
    let write = |offset, value: u32| {
        std::os::unix::fs::FileExt::write_all_at(&file, &value.to_le_bytes(), offset)
            .expect("write");
    };
    // As a machine leaves it that lost power: locked by some thread, marked by no kernel.
    write(0, 4711);
    assert!(segment.drain_is_alive());
    assert!(DrainLock::acquire(&segment).expect_err("no proof yet").is_held());
    write(BOOT, 1);
    let lock = DrainLock::acquire(&segment).expect("another boot's");
    assert!(segment.drain_is_alive());
    assert!(DrainLock::acquire(&segment).expect_err("held").is_held());
    drop(lock);
}
