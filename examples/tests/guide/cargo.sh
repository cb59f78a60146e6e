#!/bin/sh
# `cargo` as the pages' commands find it: what cargo would build first has been built.
built=PROFILE
case "$*" in
"run --example "*)
    program=$built/examples/$3
    shift 3
    [ "${1-}" = -- ] && shift
    exec "$program" "$@"
    ;;
# All of it takes a release build: it is a job of .ci/run. Here a small one.
"run --release -p logring-drain -- demo") exec logring-drain demo --processes 20 --records 500 ;;
"install --path drain") test -x "$built/logring-drain" ;;
*)
    echo "the guide's test knows no cargo $*" >&2
    exit 101
    ;;
esac
