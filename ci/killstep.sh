#!/usr/bin/env bash
# ci/killstep.sh [CASE ...]: single-steps real log calls and a drain's batch (all cases: scalars, context,
# short, string, blocks, full, first, crossing, batch) and lets the real drain recover what stands in the
# segment at each instruction, as after a kill there. Prints how many states each case had and how many
# recovered badly.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --locked -p logring-killstep
target/release/logring-killstep "$@"
