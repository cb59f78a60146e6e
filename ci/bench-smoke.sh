#!/usr/bin/env bash
# Runs every bench briefly. Fails when one fails, when the hot path or the drain takes more instructions
# than ci/bench-bounds.txt allows, or when a ratio to the machine's floor or ceiling is beyond it.
# Usage: ci/bench-smoke.sh [FOLDER]   results go there, default target/ci/bench
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-target/ci/bench}
mkdir -p "$out"
# Drains that this starts keep their ledgers here.
LOGRING_RUNTIME_DIR=$(mktemp -d)
export LOGRING_RUNTIME_DIR
bin=$PWD/target/release
cleanup() {
    # Of a run that was broken off; the names are this run's alone.
    # That there are none is no error: a trap that fails makes the script fail.
    "$bin/logring-drain" segments ls 2>/dev/null | sed -n "s/.*\(smoke-$$-[a-z0-9-]*\).*/\1/p" | sort -u |
        while read -r segment; do "$bin/logring-drain" segments rm "$segment" >/dev/null 2>&1 || true; done
    rm -rf "$LOGRING_RUNTIME_DIR"
}
trap cleanup EXIT

cargo build --release --locked -p logring-drain -p logring-bench --bins
failed=0 checked=0

# check KIND NAME VALUE: against the bound; ratios of the drain are the only ones that must not be less.
check() {
    local bound
    bound=$(awk -v kind="$1" -v name="$2" '$1 == kind && $2 == name { print $3 }' ci/bench-bounds.txt)
    checked=$((checked + 1))
    if [ -z "$bound" ]; then
        echo "bench: no bound for $1 $2"
        failed=1
    elif awk -v value="$3" -v bound="$bound" -v name="$2" \
        'BEGIN { bad = name == "drain-to-ceiling" ? value < bound : value > bound; exit !bad }'; then
        echo "bench: $1 $2 is $3, the bound $bound: FAILED"
        failed=1
    else
        echo "bench: $1 $2 is $3, the bound $bound"
    fi
}

# instructions FILE: the total that callgrind has written.
instructions() { awk '/^(summary|totals):/ { total = $2 } END { print total + 0 }' "$1"; }

# calls CASE FUNCTION NUMBER: instructions inside of the function that makes a call, so many calls.
calls() {
    local segment=smoke-$$-$1-$3
    valgrind --quiet --tool=callgrind --callgrind-out-file="$out/call-$1-$3.callgrind" \
        --toggle-collect="logring_bench::contender::$2" \
        "$bin/count" --case "$1" --calls "$3" --segment "$segment" >/dev/null 2>"$out/valgrind.log"
    "$bin/logring-drain" segments rm "$segment" >/dev/null
    instructions "$out/call-$1-$3.callgrind"
}

# drained FORM NUMBER: instructions of a drain from its start to its end, so many records. It is told to
# stop as soon as it listens: it writes what is there and ends, and waits for nothing meanwhile, which would
# count more on a busy machine.
drained() {
    local segment=smoke-$$-$1-$2 file=$LOGRING_RUNTIME_DIR/$1-$2 pid
    "$bin/count" --calls "$2" --segment "$segment"
    valgrind --quiet --tool=callgrind --callgrind-out-file="$out/drain-$1-$2.callgrind" \
        "$bin/logring-drain" run --segment "$segment" --sink "$1:$file" 2>"$out/valgrind.log" &
    pid=$!
    until [ -e "$file" ]; do
        kill -0 "$pid" || return 1
        sleep 0.1
    done
    kill -TERM "$pid"
    wait "$pid"
    [ "$(grep -c 'order placed' "$file")" = "$2" ] || return 1
    "$bin/logring-drain" segments rm "$segment" >/dev/null
    instructions "$out/drain-$1-$2.callgrind"
}

if command -v valgrind >/dev/null; then
    for case in numbers literal text context disabled; do
        # The context's call is that of two integers and a double.
        function=$case
        [ "$case" = context ] && function=numbers
        few=$(calls "$case" "$function" 1000)
        many=$(calls "$case" "$function" 3000)
        check call "$case" "$(awk -v few="$few" -v many="$many" 'BEGIN { print (many - few) / 2000 }')"
    done
    for form in json logfmt; do
        few=$(drained "$form" 20000)
        many=$(drained "$form" 60000)
        check drain "$form" "$(awk -v few="$few" -v many="$many" 'BEGIN { print (many - few) / 40000 }')"
    done
else
    echo "bench: no instructions counted, valgrind is not installed"
fi

# Every bench once, briefly; the lines of JSON are kept.
results=$out/results.jsonl
: >"$results"
run() { "$bin/$1" "${@:2}" | tee -a "$results" | grep -v '^{'; }
run latency --rounds 2 --windows 2 --bursts 100 --setting plain --contender logring
run latency --rounds 1 --windows 1 --bursts 50 --contender logring --setting threads-2 \
    --setting processes-2 --setting drain-busy --setting drain-absent
run throughput --records 200000 --rounds 3
run throughput --records 200000 --rounds 1 --form json --processes 4
run scale --processes 1,8 --idle-threads 50 --records 64000 --ring 16MiB
run attach --rounds 20
run idle --processes 0,20 --seconds 0.5 --records 20 --rare 1
run size
run demo --processes 50 --records 200 --rounds 1
"$bin/report" "$results" --html "$out/report.html" >"$out/goals"
# figure BENCH KEY BEST [MORE]: the least (or greatest) of a figure over the bench's lines that say MORE.
figure() {
    grep -F "\"bench\":\"$1\"" "$results" | grep -F "${4:-}" | grep -o "\"$2\":[0-9.]*" | cut -d: -f2 |
        sort -n | if [ "$3" = least ]; then head -1; else tail -1; fi
}
check ratio call-to-floor "$(figure latency ratio_mean least '"case":"numbers","setting":"plain"')"
check ratio drain-to-ceiling "$(figure throughput cpu_ratio greatest)"

echo "bench: $checked bounds checked, $(grep -c '^{' "$results") results in $results"
exit "$failed"
