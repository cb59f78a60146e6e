#!/bin/sh
# Logs from a shell script: each call attaches, logs one record, and is gone.
set -eu
log() { logring-drain log --segment backup "$@"; }

log "backup began" host=db1
log --level warning "disk {pct}% full" pct=91
printf '%s\n' "copied /etc" "copied /home" | log -
log --level success "backup done" files=2
