#!/usr/bin/env bash
# ci/storm.sh [SEED [SECONDS]]: producers and drain are killed at random for SECONDS (60), by a
# schedule that SEED gives (random); then every acknowledged record must stand exactly once, whole and
# in time order, in both of two files. Prints the account as its last line. A run of the default length
# must have killed 200 producers and 50 drains and acknowledged 2 million records.
set -euo pipefail
cd "$(dirname "$0")/.."
seed=${1:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
seconds=${2:-60}

cargo build --release --locked -p logring-drain -p logring-storm
mkdir -p target/ci
target/release/logring-storm "$seed" "$seconds" | tee target/ci/storm-account.txt
[ "$seconds" -ge 60 ] || exit 0
awk '/^storm seed .* blocks-leaked/ {
    for (i = 1; i < NF; i++) value[$i] = $(i + 1)
    seen = 1
} END {
    enough = seen && value["producer-kills"] >= 200 && value["drain-kills"] >= 50 && value["acknowledged"] >= 2000000
    if (!enough) print "storm: fewer than 200 producer kills, 50 drain kills or 2000000 records" > "/dev/stderr"
    exit !enough
}' target/ci/storm-account.txt
