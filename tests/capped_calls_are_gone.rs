//! Claim: with a cap (`max_level_info`) a call below it is not in the program: neither its text nor what
//! its fields call. The program is built here, since a feature holds for a whole build.

use std::path::Path;
use std::process::Command;

const PROGRAM: &str = r#"
#[inline(never)]
fn field_of_the_capped_call() -> u64 { eprintln!("evaluated-below-the-cap"); 1 }
fn main() {
    logring::debug!("text-below-the-cap {}", n = field_of_the_capped_call());
    logring::debug!(every_n: 10, "limited-below-the-cap");
    logring::info!("text-at-the-cap");
    assert_eq!(logring::level::CAP, 20);
}
"#;

#[test]
fn neither_text_nor_code_of_a_capped_call_is_in_the_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("capped");
    std::fs::create_dir_all(package.join("src")).expect("a directory");
    // Of its own workspace; optimised, since what is gone is so by optimisation, the rest quickly.
    let manifest = format!(
        "[package]\nname = \"capped\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n\
         [dependencies]\nlogring = {{ path = {root:?}, features = [\"release_max_level_info\"] }}\n\
         [profile.dev]\nopt-level = 1\ndebug-assertions = false\ndebug = false\n\
         [profile.dev.package.\"*\"]\nopt-level = 0\n"
    );
    std::fs::write(package.join("Cargo.toml"), manifest).expect("a manifest");
    std::fs::write(package.join("src/main.rs"), PROGRAM).expect("a source");
    std::fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock")).expect("the same versions");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--offline", "--quiet"]).current_dir(&package);
    let output =
        build.arg("--target-dir").arg(package.join("target")).output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let binary = package.join("target/debug/capped");
    let bytes = std::fs::read(&binary).expect("the program");
    let has = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(has("text-at-the-cap"));
    for gone in ["text-below-the-cap", "limited-below-the-cap", "evaluated-below-the-cap"] {
        assert!(!has(gone), "{gone:?} is in the program");
    }
    assert!(Command::new(&binary).status().expect("it starts").success());
}
