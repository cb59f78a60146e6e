#!/usr/bin/env bash
# ci/storm.sh [SEED [SECONDS [POLICY]]]: producers and drain are killed and stopped at random for SECONDS
# (60), by a schedule that SEED gives (random); then every acknowledged record must stand exactly once,
# whole and in time order, in both of two files; with POLICY `drop` or `overwrite` instead of `block`, but
# for those that the files say were lost. Prints the account as its last line. Without arguments and with LOGRING_LONG=1
# it takes ten minutes, and must have acknowledged 40 million records and killed 1,000 processes.
set -euo pipefail
cd "$(dirname "$0")/.."
seed=${1:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
long=$([ "${LOGRING_LONG:-}" = 1 ] && [ $# -lt 2 ] && echo 1 || true)
seconds=${2:-$([ "$long" ] && echo 600 || echo 60)}

cargo build --release --locked -p logring-drain -p logring-storm
mkdir -p target/ci
target/release/logring-storm "$seed" "$seconds" "${3:-block}" | tee target/ci/storm-account.txt
[ "$long" ] || exit 0
awk '/^storm seed .* blocks-leaked/ {
    for (i = 1; i < NF; i++) value[$i] = $(i + 1)
    kills = value["producer-kills"] + value["drain-kills"]
    enough = kills >= 1000 && value["acknowledged"] >= 40000000
} END {
    if (!enough) print "storm: fewer than 1,000 kills or 40,000,000 records" > "/dev/stderr"
    exit !enough
}' target/ci/storm-account.txt
