#!/usr/bin/env bash
# Installs what the tests need beside Rust, and only what is missing.
#   ci/setup.sh tools    strace, objdump, and a real log for the tests of `log -`
#   ci/setup.sh rust     rustfmt and clippy
#   ci/setup.sh python   target/venv with structlog and loguru, for ci/seed1.sh and the tests that compare with them
set -euo pipefail
cd "$(dirname "$0")/.."

# Installs apt packages; says what is missing where that is not possible.
apt_install() {
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || {
            echo "setup: $* missing, and no root to install them: install them by hand" >&2
            exit 1
        }
        as_root=(sudo)
    fi
    command -v apt-get >/dev/null || {
        echo "setup: $* missing, and no apt-get here: install them by hand" >&2
        exit 1
    }
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y --no-install-recommends "$@" ||
        { "${as_root[@]}" apt-get update &&
            DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y --no-install-recommends "$@"; }
}

setup_tools() {
    local missing=()
    command -v strace >/dev/null || missing+=(strace)
    command -v objdump >/dev/null || missing+=(binutils)
    command -v cc >/dev/null || missing+=(gcc libc6-dev)
    if [ ${#missing[@]} -gt 0 ]; then apt_install "${missing[@]}"; fi
    setup_corpus
}

# The log of GDB's test suite, from the package `gdb`: slim machines have packages without their
# documents, so it is taken out of the package itself.
setup_corpus() {
    local log=usr/share/doc/gdb/check.log.gz work
    [ -e "/$log" ] || [ -e target/corpus/check.log.gz ] && return
    work=$(mktemp -d)
    # apt downloads as a user of its own.
    chmod 755 "$work"
    (cd "$work" && apt-get download gdb) || { apt_install gdb && (cd "$work" && apt-get download gdb); }
    mkdir -p target/corpus
    dpkg-deb --fsys-tarfile "$work"/gdb_*.deb | tar -xO "./$log" >"$work/log"
    mv "$work/log" target/corpus/check.log.gz
    rm -r "$work"
}

setup_rust() {
    cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
    cargo clippy --version >/dev/null 2>&1 || rustup component add clippy
}

setup_python() {
    local venv=target/venv
    "$venv/bin/python" -c 'import loguru, structlog' 2>/dev/null && return
    python3 -c 'import ensurepip, venv' 2>/dev/null || apt_install python3 python3-venv
    mkdir -p target
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check structlog loguru
}

[ $# -gt 0 ] || { sed -n '2,5p' "$0" >&2; exit 2; }
for what in "$@"; do
    case $what in
        tools | rust | python) "setup_$what" ;;
        *) echo "setup: unknown part '$what', expected tools, rust or python" >&2; exit 2 ;;
    esac
done
