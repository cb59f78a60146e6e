#!/usr/bin/env bash
# ci/sanitize.sh [thread|address ...]: the tests in which threads share memory, under ThreadSanitizer, and
# those that read what nobody vouches for, under AddressSanitizer. Prints how many tests ran under each;
# fails when a test fails, a sanitizer has something to say, or nothing ran. The standard library is not
# instrumented, so what only its code orders is named in ci/tsan-suppressions.txt, with the reason.
set -euo pipefail
cd "$(dirname "$0")/.."
repo=$PWD
target=x86_64-unknown-linux-gnu
mkdir -p target/ci
export RUSTC_BOOTSTRAP=1

# sanitized NAME COMMAND...: cargo test under the sanitizer, appending to its log. A target is given so
# that build scripts and macros are compiled without it.
sanitized() {
    local name=$1
    shift
    RUSTFLAGS="-Zsanitizer=$name -Cunsafe-allow-abi-mismatch=sanitizer" \
        setarch -R cargo test --locked --target "$target" --target-dir "target/sanitize-$name" "$@" 2>&1 |
        tee -a "target/ci/sanitize-$name.log"
}

[ $# -gt 0 ] || set -- thread address
for name in "$@"; do
    log=target/ci/sanitize-$name.log
    : >"$log"
    case $name in
        thread)
            export TSAN_OPTIONS="suppressions=$repo/ci/tsan-suppressions.txt halt_on_error=0 exitcode=66"
            # Threads that write into one ring, one that reads it, all in one process.
            sanitized thread -p logring --lib -- --test-threads=2
            sanitized thread -p logring-drain --test embedded_threads
            ;;
        address)
            # What is mapped for ever, and what lives as long as the process, is no leak.
            export ASAN_OPTIONS="detect_leaks=0"
            sanitized address -p logring --lib
            # Not those that enumerate kills of the ledger's code, which has no unsafe code and takes
            # many times as long here.
            sanitized address -p logring-drain --lib -- --skip cursor::tests::kills
            sanitized address -p logring-drain --test embedded_threads --test forged_words_do_no_harm
            ;;
        *) echo "sanitize.sh: unknown sanitizer '$name', expected thread or address" >&2; exit 2 ;;
    esac
    if grep -Eq 'WARNING: ThreadSanitizer|ERROR: AddressSanitizer' "$log"; then
        echo "sanitize.sh: the $name sanitizer has something to say, see $log" >&2
        exit 1
    fi
    ran=$(awk '/^test result: ok\./ { sum += $4 } END { print sum + 0 }' "$log")
    echo "sanitizer $name: $ran tests passed"
    [ "$ran" -gt 0 ] || { echo "sanitize.sh: no test ran under the $name sanitizer" >&2; exit 1; }
done
