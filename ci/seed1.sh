#!/usr/bin/env bash
# Seed 1's own script (structlog, 1,000 processes x 1,000 messages) beside our demo of the same size,
# both into a file on the same disk, one after the other. Prints both times and their ratio, and fails
# when ours is not under a tenth of the script's, or when either did not write all its messages.
set -euo pipefail
cd "$(dirname "$0")/.."
ci/setup.sh python
cargo build --release --locked -p logring-drain

work=$(mktemp -d target/seed1.XXXXXX)
trap 'rm -rf "$work"' EXIT
export PYTHONDONTWRITEBYTECODE=1
python=$PWD/target/venv/bin/python

# Wall-clock seconds of the command, on stdout; the command's own output goes where it says.
seconds() {
    local begin end
    begin=$(date +%s%N)
    "$@" || return
    end=$(date +%s%N)
    awk -v ns=$((end - begin)) 'BEGIN { printf "%.2f", ns / 1e9 }'
}
script() { (cd tests/data/seed1 && exec "$python" playground.py) >"$work/structlog.log" 2>"$work/structlog.err"; }
demo() { target/release/logring-drain demo --out "$work/demo.jsonl" >"$work/demo.txt" 2>"$work/demo.err"; }

echo "seed 1's script runs: 1,000 processes x 1,000 messages through structlog (minutes)"
theirs=$(seconds script) || { cat "$work/structlog.err" >&2; exit 1; }
lines=$(wc -l <"$work/structlog.log")
[ "$lines" -eq 1000000 ] || { echo "seed1: the script wrote $lines lines, expected 1000000" >&2; exit 1; }
echo "structlog: $theirs s, $lines lines"

ours=$(seconds demo) || { cat "$work/demo.txt" "$work/demo.err" >&2; exit 1; }
tail -n 2 "$work/demo.txt"
grep -q '^records 1000000 delivered 1000000 ' "$work/demo.txt" || { echo "seed1: the demo did not deliver 1000000 records" >&2; exit 1; }

awk -v theirs="$theirs" -v ours="$ours" 'BEGIN {
    ratio = ours / theirs
    printf "seed1 structlog %.2f s demo %.2f s ratio %.4f bound 0.1000\n", theirs, ours, ratio
    exit !(ratio < 0.1)
}' || { echo "seed1: the demo took more than a tenth of the script's time" >&2; exit 1; }
