//! Claim: the sources keep the rules of the house: who may import whom, how long a file may be, where
//! `unsafe`, orderings and atomics may stand, what must not stand anywhere.
//!
//! Each rule is a function from sources to faults, run over the tree by one test and over a sample
//! that breaks it by another, so that a rule that sees nothing is seen. `tidy_source/mod.rs` reads the
//! files and tells code from comments and strings.

mod tidy_source;

use tidy_source::{Source, load, markdown_lines};

/// A rule: its name, what it looks at, and a sample (path, text) that breaks it.
struct Rule {
    name: &'static str,
    check: fn(&Source, &mut Vec<String>),
    broken: &'static [(&'static str, &'static str)],
}

/// Product files that may contain `unsafe`, and for what.
const UNSAFE: &[(&str, &str)] = &[
    ("src/sys.rs", "the operating system"),
    ("src/sys/file.rs", "the operating system: files"),
    ("src/sys/guard.rs", "the operating system: locks that a mapping holds"),
    ("src/sys/identity.rs", "the operating system: who is who"),
    ("src/sys/robust.rs", "the operating system: robust mutexes"),
    ("src/sys/truncation.rs", "the operating system: files that are cut"),
    ("src/sys/apart.rs", "the operating system: a private copy over shared pages"),
    ("src/sys/thread_word.rs", "the operating system: a word of each thread"),
    ("src/sys/signal.rs", "the operating system: signal masks"),
    ("src/shm/backing.rs", "maps"),
    ("src/shm/view.rs", "bytes at offsets"),
    ("src/record/writer.rs", "raw slot pointers of a record being written"),
    ("src/record/writer/scratch.rs", "the buffer under a writer while it grows"),
    ("src/bridge/leaked.rs", "from a bridge to what it remembers"),
    ("src/call/callsite.rs", "the dictionary's id of this callsite"),
    ("src/call/captured.rs", "the memory of a captured record"),
    ("src/call/context/local.rs", "from a thread to its context"),
    ("src/call/context/process.rs", "from a log call to the process's context"),
    ("src/call/aside.rs", "a call that the compiler is not told of"),
    ("src/call/emit/cold.rs", "the same for records that are not in one slot"),
    ("src/call/emit.rs", "from a checked range to a writer"),
    ("src/call/emit/words.rs", "a record of known length into its slot"),
    ("src/call/emit/text.rs", "the same with a text"),
    ("src/call/producer.rs", "the pages of thread states"),
    ("src/call/thread.rs", "the thread's state in wiped pages"),
    ("src/call/forked.rs", "states of calls that a fork came into"),
    ("drain/src/ledger/words.rs", "the mapped ledger"),
    ("drain/src/demo/os.rs", "fork, kill, file maps"),
];

/// Product files that name an ordering other than relaxed themselves, and why.
const ORDERINGS: &[(&str, &str)] = &[
    ("src/sync.rs", "the one door"),
    ("src/ring/mod.rs", "the compiler fence between mark and clock"),
    ("src/ring/writer.rs", "the compiler fences around the cell"),
    ("src/call/overflow.rs", "pair:waiting, sequentially consistent on both sides"),
    ("src/shm/wake.rs", "pair:waiting, sequentially consistent on both sides"),
    (
        "src/call/context/local.rs",
        "the compiler fence between new pointers and the end of old ones",
    ),
    ("src/call/thread.rs", "a thread's state changes hands within the process"),
    ("drain/src/ledger/words.rs", "the order of stores to a mapped file"),
];

/// Product files with other atomics than those of `logring::sync`, and why.
const ATOMICS: &[(&str, &str)] = &[
    ("src/sync.rs", "the one door"),
    ("drain/src/embed.rs", "the stop flag, as the service takes it"),
    ("drain/src/run.rs", "the stop flag, which signal handlers set"),
    ("drain/src/service.rs", "the stop flag, which signal handlers set"),
    ("drain/src/tail.rs", "the flag by which signal handlers end it"),
];

/// Test files that may sleep, and why waiting for a condition does not do there.
const SLEEPS: &[(&str, &str)] = &[
    ("tests/common/watch.rs", "the one wait for a condition: it looks every two milliseconds"),
    ("tests/storm/src/producer.rs", "its bursts have pauses of random length"),
    (
        "tests/storm/src/supervisor.rs",
        "its kills come at random times, and its waits have a watchdog",
    ),
];

/// What each part of the library may import of the others. Files at the top of `src/` count by name.
const LIBRARY: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("sync", &[]),
    ("sys", &["error", "sync"]),
    ("level", &["error"]),
    ("layout", &["error"]),
    ("value", &["error", "level", "layout", "record"]),
    ("record", &["error", "level", "layout", "sync", "sys", "value"]),
    ("ring", &["error", "level", "layout", "sync", "sys"]),
    ("shm", &["error", "level", "layout", "sync", "sys", "ring::Memory", "ring::memory"]),
    ("call", &["error", "level", "layout", "sync", "sys", "value", "record", "ring", "shm"]),
    ("bridge", &["error", "level", "layout", "sync", "value", "record", "call"]),
];

/// What each part of the drain may import of the others. The stages stand in the order of the data:
/// one may know what came before it, never what comes after.
const DRAIN: &[(&str, &[&str])] = &[
    ("sink", &["ledger"]),
    ("ledger", &["sink::hash_word"]),
    ("lane", &["ledger"]),
    ("lanes", &["lane"]),
    ("merge", &["lane", "lanes"]),
    ("process", &["render::python", "render::template", "render::zone"]),
    ("render", &[]),
    ("cursor", &["ledger", "sink"]),
];

/// The parts of the drain that join others, and that no part above may know.
const JOINTS: &[&str] = &[
    "drain", "pipeline", "outlets", "restart", "service", "demo", "observe", "recover", "stats",
    "tail", "cli",
];

const RULES: &[Rule] = &[
    Rule {
        name: "each file begins with what it is",
        check: |source, faults| {
            if !source.raw.first().is_some_and(|line| line.starts_with("//! ")) {
                faults.push(source.at(0, "no `//!` head"));
            }
        },
        broken: &[("src/ring/x.rs", "use std::fs;\n")],
    },
    Rule {
        name: "no file is longer than 500 lines",
        check: |source, faults| {
            let lines = source.raw.len();
            if lines > 500 {
                faults.push(source.at(500, &format!("{lines} lines: cut it by its ideas")));
            } else if lines > 400 {
                println!("hint: {} has {lines} lines", source.path);
            }
        },
        broken: &[],
    },
    Rule {
        name: "unsafe stands behind few doors",
        check: |source, faults| {
            let listed = UNSAFE.iter().any(|(path, _)| *path == source.path);
            let found = source.product_code().find(|(_, code)| has_word(code, "unsafe"));
            match found {
                Some((index, _)) if !listed => {
                    faults.push(source.at(index, "`unsafe` in a file that is not listed"));
                }
                None if listed => faults.push(source.at(0, "listed for `unsafe` and has none")),
                _ => {}
            }
        },
        broken: &[(
            "src/call/x.rs",
            "//! X.\nfn f() {\n    // SAFETY: none.\n    unsafe { g() }\n}\n",
        )],
    },
    Rule {
        name: "each unsafe block says why it is sound",
        check: |source, faults| {
            for (index, code) in source.code.iter().enumerate() {
                let block = ["unsafe {", "unsafe impl", "unsafe extern"];
                if block.iter().any(|form| code.contains(form))
                    && !source.said_above(index, "SAFETY:")
                {
                    faults.push(source.at(index, "no `// SAFETY:` above it"));
                }
            }
        },
        broken: &[
            ("src/sys.rs", "//! X.\nfn f() {\n    let x = 1;\n    unsafe { g(x) }\n}\n"),
            ("tests/x.rs", "//! X.\nunsafe impl Send for X {}\n"),
        ],
    },
    Rule {
        name: "orderings have names",
        check: |source, faults| {
            let listed = ORDERINGS.iter().any(|(path, _)| *path == source.path);
            for (index, code) in source.product_code() {
                let strong = ["Acquire", "Release", "AcqRel", "SeqCst"];
                if !listed && strong.iter().any(|name| has_word(code, name)) {
                    faults.push(source.at(index, "an ordering without a name in `sync::order`"));
                }
            }
        },
        broken: &[("src/ring/x.rs", "//! X.\nfn f() {\n    word.load(Ordering::Acquire);\n}\n")],
    },
    Rule {
        name: "each named ordering names its pair",
        check: |source, faults| {
            if source.path == "src/sync.rs" {
                return;
            }
            for (index, code) in source.product_code() {
                if code.contains("order::")
                    && code.contains("()")
                    && !source.said_above(index, "pair:")
                {
                    faults.push(source.at(index, "no `// pair:` comment"));
                }
            }
        },
        broken: &[("src/ring/x.rs", "//! X.\nfn f() {\n    word.load(order::commit_load());\n}\n")],
    },
    Rule {
        name: "atomics come through one door",
        check: |source, faults| {
            for (index, code) in source.product_code() {
                let listed = ATOMICS.iter().any(|(path, _)| *path == source.path);
                if code.contains("sync::atomic") && !listed {
                    faults.push(source.at(index, "atomics other than those of `logring::sync`"));
                }
            }
        },
        broken: &[("drain/src/x.rs", "//! X.\nuse std::sync::atomic::AtomicBool;\n")],
    },
    Rule {
        name: "nothing is left undone",
        check: |source, faults| {
            for (index, code) in source.code.iter().enumerate() {
                for word in ["todo!", "unimplemented!", "dbg!"] {
                    if code.contains(word) {
                        faults.push(source.at(index, word));
                    }
                }
            }
            for (index, comment) in source.comments.iter().enumerate() {
                for word in [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")] {
                    if has_word(comment, word) {
                        faults.push(source.at(index, word));
                    }
                }
            }
        },
        broken: &[
            ("src/x.rs", "//! X.\nfn f() {\n    todo!()\n}\n"),
            ("tests/x.rs", concat!("//! X.\n// TO", "DO: think\n")),
        ],
    },
    Rule {
        name: "the product does not unwrap",
        check: |source, faults| {
            for (index, code) in source.product_code() {
                if code.contains(".unwrap()") {
                    faults.push(source.at(index, "`.unwrap()` outside tests"));
                }
            }
        },
        broken: &[(
            "drain/src/x.rs",
            "//! X.\nfn f() {\n    g().unwrap();\n}\n#[cfg(test)]\nmod tests {}\n",
        )],
    },
    Rule {
        name: "tests wait for conditions",
        check: |source, faults| {
            let listed = SLEEPS.iter().any(|(path, _)| *path == source.path);
            for (index, code) in source.test_code() {
                if has_word(code, "sleep") && !listed {
                    faults.push(source.at(index, "a test that sleeps"));
                }
            }
        },
        broken: &[
            ("tests/x.rs", "//! X.\nfn f() {\n    std::thread::sleep(SECOND);\n}\n"),
            (
                "src/x.rs",
                "//! X.\n#[cfg(test)]\nmod tests {\n    fn f() {\n        sleep(1);\n    }\n}\n",
            ),
        ],
    },
    Rule {
        name: "imports in the library run one way",
        check: |source, faults| {
            let Some(part) = source.part_of("src/") else { return };
            imports_fit(source, part, LIBRARY, &[], faults);
        },
        broken: &[
            ("src/record/x.rs", "//! X.\nuse crate::ring::Memory;\n"),
            ("src/ring/x.rs", "//! X.\nuse crate::{error::Result, record::Event};\n"),
            ("src/layout/x.rs", "//! X.\nuse crate::sync::AtomicU64;\n"),
            ("src/shm/x.rs", "//! X.\nuse crate::ring::writer::Writer;\n"),
            ("src/call/x.rs", "//! X.\nuse crate::bridge::log::Bridge;\n"),
            ("src/bridge/x.rs", "//! X.\nuse crate::shm::Segment;\n"),
        ],
    },
    Rule {
        name: "imports in the drain run one way",
        check: |source, faults| {
            let Some(part) = source.part_of("drain/src/") else { return };
            imports_fit(source, part, DRAIN, JOINTS, faults);
        },
        broken: &[
            ("drain/src/sink/x.rs", "//! X.\nuse crate::render::Json;\n"),
            ("drain/src/sink/x.rs", "//! X.\nuse super::super::merge::Merge;\n"),
            ("drain/src/lanes.rs", "//! X.\nuse super::merge::Merge;\n"),
            ("drain/src/render/json/mod.rs", "//! X.\nuse crate::pipeline::Pipeline;\n"),
        ],
    },
    Rule {
        name: "sinks see bytes",
        check: |source, faults| {
            if source.part_of("drain/src/") != Some("sink") {
                return;
            }
            for (index, code) in source.product_code() {
                if has_word(code, "Event") || code.contains("logring::record") {
                    faults.push(source.at(index, "a sink that sees events"));
                }
            }
        },
        broken: &[("drain/src/sink.rs", "//! X.\nuse logring::record::Event;\n")],
    },
];

#[test]
fn the_sources_keep_the_rules_of_the_house() {
    let sources = load();
    assert!(sources.len() > 20, "only {} sources found", sources.len());
    let mut faults = Vec::new();
    for rule in RULES {
        let mut found = Vec::new();
        for source in &sources {
            (rule.check)(source, &mut found);
        }
        faults.extend(found.into_iter().map(|fault| format!("{fault} ({})", rule.name)));
    }
    for (path, _) in UNSAFE.iter().chain(ORDERINGS).chain(ATOMICS).chain(SLEEPS) {
        if !sources.iter().any(|source| source.path == *path) {
            faults.push(format!("{path}: listed in tests/tidy.rs and absent"));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn each_rule_sees_the_sample_that_breaks_it() {
    for rule in RULES {
        for (path, text) in rule.broken {
            let mut faults = Vec::new();
            (rule.check)(&Source::new(path, text), &mut faults);
            assert_eq!(faults.len(), 1, "{:?} on {path}: {faults:?}\n{text}", rule.name);
        }
    }
    let long = "//! X.\n".to_owned() + &"\n".repeat(500);
    let source = Source::new("src/x.rs", &long);
    let sizes = RULES.iter().filter(|rule| rule.broken.is_empty());
    for rule in sizes {
        let mut faults = Vec::new();
        (rule.check)(&source, &mut faults);
        assert_eq!(faults.len(), 1, "{:?}: {faults:?}", rule.name);
    }
}

#[test]
fn the_front_pages_stay_short() {
    for (path, most) in [("README.md", 150), ("ARCHITECTURE.md", 200)] {
        let lines = markdown_lines(path);
        assert!((20..=most).contains(&lines), "{path} has {lines} lines, expected 20 to {most}");
    }
}

/// Looks whether what a file of `part` imports is what `table` allows it.
fn imports_fit(
    source: &Source,
    part: &str,
    table: &[(&str, &[&str])],
    joints: &[&str],
    faults: &mut Vec<String>,
) {
    let Some((_, allowed)) = table.iter().find(|(name, _)| *name == part) else { return };
    for (index, path) in source.imports() {
        let top = path.split("::").next().unwrap_or_default();
        let known = table.iter().any(|(name, _)| *name == top) || joints.contains(&top);
        let fits = |rule: &&str| *rule == top || path.starts_with(*rule);
        if known && top != part && !allowed.iter().any(fits) {
            faults.push(source.at(index, &format!("`{part}` imports `{path}`")));
        }
    }
}

/// Whether `text` has `word` standing alone.
fn has_word(text: &str, word: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.match_indices(word).any(|(at, _)| {
        let bytes = text.as_bytes();
        !at.checked_sub(1).is_some_and(|before| part(bytes[before]))
            && !bytes.get(at + word.len()).is_some_and(|after| part(*after))
    })
}
