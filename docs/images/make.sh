#!/usr/bin/env bash
# Remakes the pictures of terminals beside this file: runs the real commands on a terminal and draws
# what they print. Needs python3, rsvg-convert (package librsvg2-bin), the font DejaVu Sans Mono, and
# `unshare` as root, since the pictures are taken on a machine of their own.
#   docs/images/make.sh
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
if [ "${1-}" != isolated ]; then
    cd "$root"
    cargo build --locked -p logring-drain -p logring-examples -p http-service --bins --examples
    [ -x target/venv-images/bin/python ] || python3 -m venv target/venv-images
    target/venv-images/bin/pip install --quiet --disable-pip-version-check 'rich==15.*'
    exec unshare --mount --pid --fork --kill-child --mount-proc "$here/make.sh" isolated
fi
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
cd /run
PATH=$root/target/debug:$root/target/debug/examples:$PATH

# draw NAME COLUMNS SHOWN COMMAND: what COMMAND prints on a terminal that wide, under the line SHOWN.
draw() {
    script -qec "stty cols $2; $4" /dev/null </dev/null >"$1.txt"
    "$root/target/venv-images/bin/python" "$here/draw.py" "$3" "$2" "$1.txt" "$1.svg"
    rsvg-convert --width 1200 "$1.svg" --output "$here/$1.png"
}

draw console 126 "cargo run --example hello" hello

# A service of four processes under load, to be looked at.
export TMPDIR=/run
http-service --workers 4 --requests 10000000 --out service.jsonl >service.txt &
# Until it answers requests.
until [ "$(wc -l 2>/dev/null <service.jsonl)" -gt 20000 ]; do sleep 0.1; done
segment=$(basename "$(ls /dev/shm/*.lock)" .lock)
segment=${segment#logring-*-}
export LOGRING_RUNTIME_DIR=/run/$segment
draw tail 150 "logring-drain tail --segment $segment" "timeout -s INT 0.02 logring-drain tail --segment $segment -n 16 | head -16"
draw stats 100 "logring-drain stats --segment $segment" "logring-drain stats --segment $segment"
