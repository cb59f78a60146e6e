//! Mistakes in a log call are compile errors that name their cause (`tests/ui`).

#[test]
fn mistakes_are_named() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
