#!/bin/sh
# `cargo` as the pages' commands find it: what cargo would build first has been built.
case "$1 $2" in
"run --example")
    program=PROFILE/examples/$3
    shift 3
    [ "${1-}" = -- ] && shift
    exec "$program" "$@"
    ;;
"run -p")
    [ "$3" = logring-drain ] || exit 101
    shift 3
    [ "${1-}" = -- ] && shift
    exec PROFILE/logring-drain "$@"
    ;;
"install --path") test -f "PROFILE/logring-drain" && [ "$3" = drain ] ;;
*)
    echo "the guide's test knows no cargo $*" >&2
    exit 101
    ;;
esac
