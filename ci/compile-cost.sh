#!/usr/bin/env bash
# What a log call costs a program's build: 1,000 statements with four fields, beside the same through
# tracing. Builds both crates in turn, three times each, debug and release, in a temporary directory;
# prints the least processor time of each and their ratio, and fails above 1.3.
set -euo pipefail

repo=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/logring-compile-cost.XXXXXX")
trap 'rm -rf "$work"' EXIT
statements=1000
rounds=3
limit=1.3

# crate NAME DEPENDENCY FORMAT: 100 functions of ten statements each; FORMAT is printf's for one
# statement, its argument the statement's number.
crate() {
    mkdir -p "$work/$1/src"
    cat > "$work/$1/Cargo.toml" <<TOML
[package]
name = "$1"
version = "0.0.0"
edition = "2024"

[lib]
name = "cost_$1"

[dependencies]
$2
TOML
    awk -v count="$statements" -v format="$3" 'BEGIN {
        for (n = 0; n < count; n++) {
            if (n % 10 == 0) {
                if (n > 0) print "}"
                printf "pub fn f%d(id: u64, delta: i32, ratio: f64, path: &str, name: String) {\n", n / 10
            }
            printf "    " format "\n", n
        }
        print "}"
    }' > "$work/$1/src/lib.rs"
}

printf '[workspace]\nresolver = "3"\nmembers = ["ours", "theirs"]\n' > "$work/Cargo.toml"
crate ours "logring = { path = \"$repo\" }" \
    'logring::info!("request %d served", id, delta = delta + 1, ratio, path = path);'
crate theirs 'tracing = "0.1"' \
    'tracing::info!(id, delta = delta + 1, ratio, path = path, "request %d served");'
# Half of the statements carry a string that is owned, and a fourth a `Debug`.
for crate in ours theirs; do
    awk '/info!/ { n++; if (n % 2) sub(/path = path/, "name = name.as_str()");
                   if (n % 4 == 0) sub(/ratio,/, "ratio = ?ratio,") } { print }' \
        "$work/$crate/src/lib.rs" > "$work/lib.rs" && mv "$work/lib.rs" "$work/$crate/src/lib.rs"
done

export CARGO_TARGET_DIR="$work/target" CARGO_INCREMENTAL=0
cd "$work"
fail=0
for profile in dev release; do
    cargo build --quiet --profile "$profile" # the dependencies, and that it compiles at all
    for crate in ours theirs; do : > "$work/$profile-$crate"; done
    round=0
    while [ "$round" -lt "$rounds" ]; do
        for crate in ours theirs; do
            touch "$crate/src/lib.rs"
            # Processor time, which other work on the machine hardly changes.
            TIMEFORMAT='%3U %3S'
            { time cargo build --quiet --profile "$profile" --package "$crate"; } 2> "$work/time"
            awk 'END { printf "%d\n", ($1 + $2) * 1000 }' "$work/time" >> "$work/$profile-$crate"
        done
        round=$((round + 1))
    done
    ours=$(sort -n "$work/$profile-ours" | head -n 1)
    theirs=$(sort -n "$work/$profile-theirs" | head -n 1)
    awk -v profile="$profile" -v ours="$ours" -v theirs="$theirs" -v limit="$limit" 'BEGIN {
        ratio = ours / theirs
        printf "compile cost %s: logring %d ms, tracing %d ms, ratio %.2f (limit %s)\n",
            profile, ours, theirs, ratio, limit
        exit ratio > limit
    }' || fail=1
done
exit "$fail"
