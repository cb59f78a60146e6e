//! D1: killed at the n-th store or call for n = 1, 2, 3 ... until the run succeeds, and killed again
//! while it recovers: each record stands once in each file, in whole lines. And each wrong order of
//! the protocol is found by the very same runs.

use super::model::{End, Record, Rendering, World, describe};
use crate::seam::{
    Mutation,
    hooks::{self, Script},
};
use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// The wrong orders, and the runs that must find each. `ci/loom.sh` prints the last line of
/// [`ledger_mutations`].
const MUTATIONS: &[(Mutation, Scene)] = &[
    (Mutation::ConsumedBeforeCommitted, Scene::Plain),
    (Mutation::BatchIdReused, Scene::FullThenMoved),
    (Mutation::ErasedAfterFirstPending, Scene::Plain),
    (Mutation::PendingKeepsItsId, Scene::Plain),
    (Mutation::PreparedBeforeItsNote, Scene::Plain),
    (Mutation::WrittenBeforePrepared, Scene::Plain),
    (Mutation::CommittedBeforeWritten, Scene::Plain),
    (Mutation::ConsumedNotRedone, Scene::Plain),
    (Mutation::ForgottenBeforeCut, Scene::NotRendered),
];

/// How the runs differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scene {
    Plain,
    /// Few bytes per write.
    Trickle,
    /// What a kill left cannot be rendered again.
    NotRendered,
    /// It is rendered otherwise.
    OtherRendered,
    /// The disk is full in the middle of a batch, and then the file is moved.
    FullThenMoved,
}

const SCENES: &[Scene] =
    &[Scene::Plain, Scene::Trickle, Scene::NotRendered, Scene::OtherRendered, Scene::FullThenMoved];

fn moved(path: &Path) -> std::path::PathBuf {
    path.with_extension("moved")
}

impl Scene {
    fn world(self) -> World {
        let mut world = World::new(&["a", "b"]);
        match self {
            Self::Plain | Self::Trickle => {}
            Self::NotRendered => world.setup.rendering = Rendering::None,
            Self::OtherRendered => world.setup.rendering = Rendering::Other,
            Self::FullThenMoved => {
                world.setup.on_stuck = Some(|path| fs::rename(path, moved(path)).unwrap());
            }
        }
        world
    }

    fn script(self, mutation: Option<Mutation>, kill_at: u64) -> Script {
        let script = Script { mutation, kill_at, ..Script::default() };
        match self {
            Self::Trickle => Script { write_max: 11, ..script },
            // In the middle of a batch.
            Self::FullThenMoved => Script { room: Some(100), ..script },
            _ => script,
        }
    }

    fn check(self, world: &World) {
        if self == Self::FullThenMoved {
            for sink in 0..world.setup.sinks.len() {
                let before = super::model::read(&moved(&world.setup.sinks[sink]));
                world.check_text(&format!("{before}{}", world.read(sink)));
            }
        } else {
            world.check();
        }
    }
}

/// Runs with a kill at point n, for each n. Returns how many kills there were.
fn killed_once(scene: Scene, mutation: Option<Mutation>) -> u64 {
    let mut world = scene.world();
    let mut kills = 0;
    loop {
        world.reset();
        let end = world.live(scene.script(mutation, kills + 1));
        if end == End::Killed {
            kills += 1;
            let end = world.live(scene.script(mutation, 0));
            assert_eq!(end, End::Finished, "{scene:?}, after a kill at {kills}");
        }
        scene.check(&world);
        if end == End::Finished {
            return kills;
        }
    }
}

/// The same, with a second kill at each point of the recovery and the first batch after it, for
/// these first kills.
fn killed_twice(scene: Scene, mutation: Option<Mutation>, firsts: &[u64]) -> u64 {
    let mut world = scene.world();
    let mut kills = 0;
    for &first in firsts {
        for second in 1..=RECOVERY {
            world.reset();
            let end = world.live(scene.script(mutation, first));
            assert_eq!(end, End::Killed, "{scene:?}, at {first}");
            let end = world.live(scene.script(mutation, second));
            if end == End::Killed {
                kills += 1;
                let end = world.live(scene.script(mutation, 0));
                assert_eq!(end, End::Finished, "{scene:?}, after kills at {first} and {second}");
            }
            scene.check(&world);
            if end == End::Finished {
                break;
            }
        }
    }
    kills
}

/// The points of a run in the middle of a write: there a recovery has most to do.
fn points_in_writes(scene: Scene) -> Vec<u64> {
    let mut world = scene.world();
    assert_eq!(world.live(scene.script(None, 0)), End::Finished);
    hooks::points_in_writes()
}

/// Each how-manieth point is tried as the first of two kills. Each one: a few minutes.
const EVERY: usize = 61;

/// How many points a recovery with one batch after it has at most.
const RECOVERY: u64 = 90;

fn fault_of(run: impl FnOnce()) -> Option<String> {
    let outcome = catch_unwind(AssertUnwindSafe(run));
    hooks::play(Script::default());
    outcome.err().map(describe)
}

#[test]
fn each_record_stands_once_after_a_kill_at_any_point() {
    for &scene in SCENES {
        let mut kills = 0;
        let fault = fault_of(|| kills = killed_once(scene, None));
        assert_eq!(fault, None, "{scene:?}");
        println!("{scene:?}: {kills} kills");
        assert!(kills > 100, "{scene:?}: only {kills} points");
    }
}

#[test]
fn each_record_stands_once_after_a_kill_in_the_recovery_too() {
    for &scene in SCENES {
        let mut kills = 0;
        let mut firsts = points_in_writes(scene);
        // Each scene begins elsewhere.
        firsts.extend((1 + scene as u64..500).step_by(EVERY));
        let fault = fault_of(|| kills = killed_twice(scene, None, &firsts));
        assert_eq!(fault, None, "{scene:?}");
        println!("{scene:?}: {kills} double kills");
        assert!(kills > 1000, "{scene:?}: only {kills} pairs");
    }
}

#[test]
fn ledger_mutations() {
    let mut failed = 0;
    for &(mutation, scene) in MUTATIONS {
        let once = fault_of(|| _ = killed_once(scene, Some(mutation)));
        let firsts = points_in_writes(scene);
        let twice = || fault_of(|| _ = killed_twice(scene, Some(mutation), &firsts));
        let fault = once.or_else(twice);
        println!("{mutation:?}: {}", fault.as_deref().unwrap_or("nothing is wrong"));
        failed += usize::from(fault.is_some());
    }
    println!("{failed} of {} mutations failed as they must", MUTATIONS.len());
    assert_eq!(failed, MUTATIONS.len());
}

/// Every call refused once, for each call: it is tried again, at once or by the next drain.
#[test]
fn each_record_stands_once_when_any_call_is_refused() {
    for (errno, write_max) in [(libc::EIO, 0), (libc::ENOSPC, 7)] {
        let mut world = World::new(&["a", "b"]);
        let mut refused = 0;
        for fail_at in 1.. {
            world.reset();
            let script = Script { fail_at, errno, write_max, ..Script::default() };
            let end = world.live(script);
            let is_over = hooks::calls() < fail_at;
            if let End::Refused(why) = &end {
                refused += 1;
                assert!(why.contains("cannot"), "{why}");
                assert_eq!(world.live(Script::default()), End::Finished);
            }
            let fault = fault_of(|| world.check());
            assert_eq!(fault, None, "call {fail_at} with errno {errno}");
            if is_over {
                assert!(fail_at > 30 && refused > 5, "{fail_at} calls, {refused} refusals");
                break;
            }
        }
    }
}

/// A sink that fails in the middle of a batch and heals: no line twice, none torn, the missed ones
/// counted; the other sink has all. With a kill at each point.
#[test]
fn a_failed_sink_misses_records_and_tells_how_many() {
    let mut world = World::new(&["a", "b"]);
    world.setup.fail = Some((1, 6));
    let mut kills = 0;
    let fault = fault_of(|| {
        loop {
            world.reset();
            let end = world.live(Script { kill_at: kills + 1, ..Script::default() });
            if end == End::Killed {
                kills += 1;
                assert_eq!(world.live(Script::default()), End::Finished);
            }
            world.check_text(&world.read(0));
            let text = world.read(1);
            let numbers: Vec<u64> = text.lines().map(|line| line[7..11].parse().unwrap()).collect();
            let lines: String = numbers.iter().map(|&number| Record::line(number)).collect();
            assert_eq!(text, lines, "whole lines");
            assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
            let known = world.missed + numbers.len() as u64;
            assert!(known <= world.setup.total, "{} missed", world.missed);
            if end == End::Finished {
                assert_eq!(known, world.setup.total);
                assert!(world.missed >= 4, "{} missed", world.missed);
                break;
            }
        }
    });
    assert_eq!(fault, None, "after {kills} kills");
    assert!(kills > 100, "only {kills} points");
}
