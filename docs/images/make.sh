#!/usr/bin/env bash
# Remakes the pictures of terminals beside this file: runs the real commands on a terminal, and draws
# what they print. Needs python3, rsvg-convert (librsvg2-bin), a monospace font, and namespaces
# (`unshare`), so that the pictures show a machine of their own.
#   docs/images/make.sh
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
built=$root/target/release
if [ -z "${LOGRING_PICTURES-}" ]; then
    cd "$root"
    cargo build --release --locked -p logring-drain -p http-service
    cargo build --release --locked -p logring-examples --examples
    [ -x target/venv-images/bin/python ] || python3 -m venv target/venv-images
    target/venv-images/bin/pip install --quiet --disable-pip-version-check 'rich==15.*'
    export LOGRING_PICTURES=1
    exec unshare --mount --pid --fork --kill-child --mount-proc "$here/make.sh"
fi
mount -t tmpfs tmpfs /dev/shm && mount -t tmpfs tmpfs /run && cd /run
PATH=$built:$built/examples:$PATH

# draw NAME COLUMNS SHOWN COMMAND: what COMMAND prints on a terminal so wide, under the line SHOWN.
draw() {
    # A command that follows is ended by the clock.
    script -qec "stty cols $2; timeout 5 $4" /dev/null </dev/null >"$1.raw" || true
    "$root/target/venv-images/bin/python" "$here/draw.py" "$3" "$2" "$1.raw" "$1.svg"
    rsvg-convert --width 1200 "$1.svg" --output "$here/$1.png"
}

draw console 126 "cargo run --example hello" hello
