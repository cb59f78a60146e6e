//! Somebody else moves, replaces, cuts, lengthens or removes the file between two drains, the first
//! of which was killed anywhere: what is not ours is never cut, no NUL is written, nothing is lost.

use super::model::{End, Record, World, read};
use crate::{
    seam::hooks::Script,
    sink::{TroubleKind, TroubleKind::*},
};
use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::Write,
    path::Path,
};

/// What somebody does to the file at the path; `other` is a path in the same directory.
type Act = fn(path: &Path, other: &Path);

/// Kills the first drain at each point, acts, lets a second drain finish, and hands what the file
/// had, what it has and what `other` has to `check`.
fn between_drains(act: Act, check: impl Fn(&World, &str, &str, &str)) {
    let mut world = World::new(&["a"]);
    let mut seen = 0;
    for kill_at in 1.. {
        world.reset();
        let end = world.live(Script { kill_at, ..Script::default() });
        let path = world.setup.sinks[0].clone();
        let other = world.dir.join("other");
        if path.exists() {
            seen += 1;
            act(&path, &other);
            let had = read(&path);
            world.ring_goes_on();
            assert_eq!(world.live(Script::default()), End::Finished, "killed at {kill_at}");
            let (has, moved) = (read(&path), read(&other));
            assert!(!has.contains('\0') && !moved.contains('\0'), "killed at {kill_at}");
            check(&world, &had, &has, &moved);
        }
        if end == End::Finished {
            break;
        }
    }
    assert!(seen > 100, "only {seen} points");
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// How often each number stands there as a whole line, and the lines that are not records.
fn count(texts: &[&str]) -> (BTreeMap<u64, u32>, Vec<String>) {
    let (mut numbers, mut others) = (BTreeMap::new(), Vec::new());
    for line in texts.iter().flat_map(|text| text.split_inclusive('\n')) {
        let number = line.get(7..11).and_then(|number| number.parse().ok());
        match number.filter(|&number| line == Record::line(number)) {
            Some(number) => *numbers.entry(number).or_default() += 1,
            None => others.push(line.to_owned()),
        }
    }
    (numbers, others)
}

/// Every record at least once in all texts; in one text twice only when the drain has said that
/// this can be.
fn nothing_is_lost(world: &World, texts: &[&str]) {
    let (all, _) = count(texts);
    let lost: Vec<u64> = (1..=world.setup.total).filter(|n| !all.contains_key(n)).collect();
    assert!(lost.is_empty(), "{lost:?} are lost: {texts:#?}");
    let most = if has(world, Unknown) { 2 } else { 1 };
    for text in texts {
        let twice = count(&[text]).0.into_iter().find(|&(_, times)| times > most);
        assert_eq!(twice, None, "{text} {:?}", world.troubles);
    }
}

fn has(world: &World, kind: TroubleKind) -> bool {
    world.troubles.iter().any(|trouble| trouble.kind == kind)
}

#[test]
fn a_moved_file_is_repaired_where_it_is() {
    let act: Act = |path, other| fs::rename(path, other).unwrap();
    between_drains(act, |world, _, has, moved| world.check_text(&format!("{moved}{has}")));
}

#[test]
fn a_file_that_stands_in_the_place_of_a_moved_one_is_kept() {
    let act: Act = |path, other| {
        fs::rename(path, other).unwrap();
        append(path, "not ours\nunfinished");
    };
    between_drains(act, |world, had, has, moved| {
        let ours = has.strip_prefix(had).unwrap();
        world.check_text(&format!("{moved}{}", ours.strip_prefix('\n').unwrap_or(ours)));
    });
}

#[test]
fn a_file_that_was_copied_and_cut_to_nothing_goes_on_from_there() {
    let act: Act = |path, other| {
        fs::copy(path, other).unwrap();
        OpenOptions::new().write(true).open(path).unwrap().set_len(0).unwrap();
    };
    between_drains(act, |world, _, has, copy| {
        nothing_is_lost(world, &[copy, has]);
        assert!(count(&[has]).1.is_empty(), "{has}");
    });
}

#[test]
fn a_file_that_was_cut_in_a_line_goes_on_with_a_line_of_its_own() {
    let act: Act = |path, other| {
        fs::copy(path, other).unwrap();
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    };
    between_drains(act, |world, had, has, copy| {
        assert!(has.starts_with(had));
        nothing_is_lost(world, &[copy, has]);
        // The line that was cut, unless it could be finished.
        let (_, others) = count(&[has]);
        assert!(others.len() <= 1, "{others:?}");
        assert!(others.iter().all(|line| had.ends_with(line.trim_end_matches('\n'))), "{others:?}");
    });
}

#[test]
fn what_somebody_appends_is_kept() {
    for text in ["not ours\n", "not ours, unfinished", &"a long text of somebody else\n".repeat(9)]
    {
        let mut world = World::new(&["a"]);
        for kill_at in 1.. {
            world.reset();
            let end = world.live(Script { kill_at, ..Script::default() });
            let path = world.setup.sinks[0].clone();
            if path.exists() {
                append(&path, text);
                world.ring_goes_on();
                assert_eq!(world.live(Script::default()), End::Finished);
                let found = read(&path);
                assert!(!found.contains('\0'));
                let unfinished = has(&world, Unknown);
                assert!(found.contains(text.trim_end()), "{kill_at}: {found}");
                assert!(!has(&world, Rewritten), "{kill_at}: {found}");
                let (_, others) = count(&[&found]);
                let torn = usize::from(unfinished);
                assert!(others.len() <= text.lines().count() + torn, "{others:?}");
                nothing_is_lost(&world, &[&found]);
            }
            if end == End::Finished {
                break;
            }
        }
    }
}

#[test]
fn a_removed_file_is_begun_anew() {
    // The link is in another directory, where the drain does not look.
    let act: Act = |path, other| {
        let away = other.with_extension("directory");
        _ = fs::create_dir(&away);
        let link = away.join("kept");
        _ = fs::remove_file(&link);
        fs::rename(path, &link).unwrap();
    };
    let dir = |world: &World| world.dir.join("other.directory");
    let mut world = World::new(&["a"]);
    for kill_at in 1.. {
        world.reset();
        let end = world.live(Script { kill_at, ..Script::default() });
        let path = world.setup.sinks[0].clone();
        if path.exists() {
            act(&path, &world.dir.join("other"));
            world.ring_goes_on();
            assert_eq!(world.live(Script::default()), End::Finished);
            let (found, kept) = (read(&path), read(&dir(&world).join("kept")));
            nothing_is_lost(&world, &[&kept, &found]);
            assert!(count(&[&found]).1.is_empty(), "{found}");
            fs::remove_dir_all(dir(&world)).unwrap();
        }
        if end == End::Finished {
            break;
        }
    }
}

#[test]
fn a_copy_in_the_place_of_the_file_is_never_cut() {
    // As `sed -i` does; the original is gone.
    let act: Act = |path, other| {
        fs::copy(path, other).unwrap();
        fs::rename(other, path).unwrap();
    };
    between_drains(act, |world, had, has, _| {
        assert!(has.starts_with(had));
        nothing_is_lost(world, &[has]);
        let (_, others) = count(&[has]);
        assert!(others.len() <= 1, "{others:?}");
    });
}
