//! Claim: what the README, the guide and the examples' list show is so: each command does what the
//! page says, each piece of Rust stands in a program that is run, each link leads somewhere.
//!
//! A page's blocks: `sh` is run, in order, in one directory; one that begins with `# terminal 2` runs
//! beside the rest. `output` (or `json`) is what the block before it prints, or with `terminal=2` what
//! that terminal shows by then; `varies` compares it without its numbers, `end` ends the terminal by
//! Ctrl-C. `sh exits=3` is expected to end so. `rust` stands word for word in an example, or
//! in the file of the drain that it shows. `text` is
//! for what cannot be run; there is nothing else.

#[path = "guide/compare.rs"]
mod compare;
#[path = "guide/page.rs"]
mod page;
#[path = "guide/session.rs"]
mod session;
#[path = "../../tests/common/watch.rs"]
#[allow(dead_code, unreachable_pub, reason = "a part of it is used here")]
mod watch;

use std::path::Path;
use std::process::Command;

use page::{Page, examples, pages, root, sources};
use session::{Session, isolated};

/// Names the page in the process that runs it.
const PAGE: &str = "LOGRING_TEST_PAGE";

/// Builds what the pages run, unless it is there and no older than its sources: cargo would else build
/// all of it once more where a test of the whole workspace has other features in effect.
fn build() {
    let exe = std::env::current_exe().expect("own path");
    let profile = exe.ancestors().nth(2).expect("three levels below target");
    let programs = examples().into_iter().map(|(name, _)| profile.join("examples").join(name));
    let changed = |path: &Path| path.metadata().and_then(|meta| meta.modified()).ok();
    let newest = sources().iter().filter_map(|path| changed(path)).max();
    if programs.chain([profile.join("logring-drain")]).all(|path| changed(&path) >= newest) {
        return;
    }
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--locked", "--quiet", "-p", "logring-examples", "--examples"]);
    build.args(["-p", "logring-drain", "--bins"]).current_dir(root());
    build.arg("--target-dir").arg(profile.parent().expect("the target directory"));
    if profile.ends_with("release") {
        build.arg("--release");
    }
    assert!(build.status().expect("cargo starts").success(), "the examples do not build");
}

#[test]
fn every_page_works_as_written() {
    let _watchdog = watch::watchdog();
    if let Ok(path) = std::env::var(PAGE) {
        Session::new().run(&Page::read(&path).blocks());
        return;
    }
    build();
    let mut failed = Vec::new();
    for page in pages() {
        let mut run = isolated();
        run.arg(std::env::current_exe().expect("own path"));
        run.args(["--exact", "every_page_works_as_written", "--nocapture", "--test-threads=1"]);
        let output =
            run.env(PAGE, &page.path).env("RUST_BACKTRACE", "0").output().expect("unshare starts");
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            failed.push(format!("-- {}\n{text}", page.path));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_block_is_of_a_kind_that_is_run() {
    let examples = examples();
    let flat =
        |text: &str| text.lines().map(|line| line.trim().to_owned() + "\n").collect::<String>();
    let sources = examples.iter().map(|(_, source)| flat(source));
    let sources: Vec<String> =
        sources.chain(page::drain_sources().iter().map(|source| flat(source))).collect();
    let mut faults = Vec::new();
    let mut rust = 0;
    for page in pages() {
        for block in page.blocks() {
            match block.language() {
                "sh" | "output" | "json" | "text" => {}
                "rust" => {
                    rust += 1;
                    let text = flat(&block.text);
                    if !sources.iter().any(|source| source.contains(&text)) {
                        faults.push(format!("{}: stands in no example:\n{}", block.at, block.text));
                    }
                }
                other => faults.push(format!("{}: nobody runs `{other}`", block.at)),
            }
        }
    }
    assert!(rust > 0 && faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_example_is_run_by_a_page() {
    let pages = pages();
    let runs = |name: &str| {
        let call = format!("cargo run --example {name}");
        let is_call = |line: &str| {
            line.split_once(&call)
                .is_some_and(|(_, rest)| rest.is_empty() || rest.starts_with([' ', ';']))
        };
        let commands = pages.iter().flat_map(Page::blocks).filter(|block| block.language() == "sh");
        commands.into_iter().any(|block| block.text.lines().any(is_call))
    };
    let examples = examples();
    let idle: Vec<_> =
        examples.iter().filter(|(name, _)| !runs(name)).map(|(name, _)| name).collect();
    assert!(!examples.is_empty() && idle.is_empty(), "no page runs {idle:?}");
}

#[test]
fn code_in_the_last_column_is_code_that_runs() {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let sources: String = examples().iter().map(|(_, source)| words(source) + "\n").collect();
    let (mut seen, mut faults) = (0, Vec::new());
    for page in pages() {
        let blocks = page.blocks();
        let commands = blocks.iter().filter(|block| block.language() == "sh");
        let run: String = commands.map(|block| words(&block.text) + "\n").collect();
        for code in page.code_in_tables() {
            seen += 1;
            let code = words(&code);
            if !sources.contains(&code) && !run.contains(&code) {
                faults.push(format!("{}: `{code}` stands in nothing that is run", page.path));
            }
        }
    }
    assert!(seen > 0 && faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_link_leads_somewhere_and_the_index_names_every_page() {
    let mut faults = Vec::new();
    for page in pages() {
        let folder = root().join(&page.path).parent().expect("a folder").to_owned();
        let dead = |to: &String| !folder.join(to).exists();
        let dead: Vec<_> = page.links().into_iter().filter(dead).collect();
        if !dead.is_empty() {
            faults.push(format!("{}: {dead:?} lead nowhere", page.path));
        }
    }
    let index = Page::read("docs/guide/README.md").links();
    for page in pages() {
        let name =
            Path::new(&page.path).file_name().expect("a name").to_string_lossy().into_owned();
        if page.path.starts_with("docs/guide/") && name != "README.md" && !index.contains(&name) {
            faults.push(format!("docs/guide/README.md does not name {name}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
