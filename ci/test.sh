#!/usr/bin/env bash
# Does all the set-up and runs all tests: everything in debug, then in release the tests that only
# mean something in optimised code (their names begin with `release_only_`), and the comparison with
# structlog, logging and loguru over all their events.
# Between the two the drain with the feature rhai. Fails when any of these ran no test at all.
set -euo pipefail
cd "$(dirname "$0")/.."

ci/setup.sh tools python
mkdir -p target/ci

# The number of tests that passed according to the cargo output in file $1.
passed() {
    awk '/^test result: ok\./ { sum += $4 } END { print sum + 0 }' "$1"
}

echo "-- tests, debug"
cargo test --workspace --locked --no-fail-fast 2>&1 | tee target/ci/test-debug.log
debug=$(passed target/ci/test-debug.log)

echo "-- tests, debug, scripts"
cargo test -p logring-drain --locked --features rhai --test scripts 2>&1 | tee target/ci/test-scripts.log
scripts=$(passed target/ci/test-scripts.log)
[ "$scripts" -gt 0 ] || { echo "test.sh: no script ran" >&2; exit 1; }

echo "-- tests, release"
# Only the files that have such tests are built: optimised code takes its time.
release_only='fn (release_only_|the_same_bytes_as)'
in_release() {
    local package=$1 folder=$2 file arguments=()
    for file in $(grep -lE "$release_only" "$folder"/*.rs); do
        arguments+=(--test "$(basename "$file" .rs)")
    done
    cargo test -p "$package" --locked --release "${arguments[@]}" -- release_only_ the_same_bytes_as
}
{ in_release logring tests && in_release logring-drain drain/tests; } 2>&1 | tee target/ci/test-release.log
release=$(passed target/ci/test-release.log)

echo "tests passed: debug $debug, release $release"
[ "$debug" -gt 0 ] || { echo "test.sh: no test ran in debug" >&2; exit 1; }
[ "$release" -gt 0 ] || { echo "test.sh: no release_only_ test ran in release" >&2; exit 1; }
