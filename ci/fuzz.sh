#!/usr/bin/env bash
# ci/fuzz.sh [SECONDS [SEED]]: feeds changed real inputs for SECONDS (60) to what reads bytes that nobody
# vouches for: records, segments, ledgers, config files. The compiler counts the edges of the code that
# an input runs through, and the address sanitizer looks on. Prints the executions of each target; fails
# when an input breaks something (it stays in target/fuzz/) or a target ran nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
seed=${2:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
target=x86_64-unknown-linux-gnu

# A target is given so that build scripts are compiled without any of this.
export RUSTC_BOOTSTRAP=1
export RUSTFLAGS="-Zsanitizer=address -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=3 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cdebug-assertions -Coverflow-checks -Ccodegen-units=1"
cargo build --locked --release --quiet --target "$target" --target-dir target/fuzz-build -p logring-fuzz
log=target/fuzz-run.log
"target/fuzz-build/$target/release/logring-fuzz" "$seconds" "$seed" 2>&1 | tee "$log"
ran=$(grep -c '^fuzz [a-z]*: executions [1-9]' "$log" || true)
[ "$ran" -eq 4 ] || { echo "fuzz.sh: $ran of 4 targets ran" >&2; exit 1; }
awk '/^fuzz [a-z]*: executions/ { sum += $4 } END { printf "fuzz total executions %d\n", sum }' "$log"
