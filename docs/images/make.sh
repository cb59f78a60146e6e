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
    cargo build --locked --quiet -p logring-drain -p logring-examples -p http-service --bins --examples
    [ -x target/venv-images/bin/python ] || python3 -m venv target/venv-images
    target/venv-images/bin/pip install --quiet --disable-pip-version-check 'rich==15.*'
    exec unshare --mount --pid --fork --kill-child --mount-proc "$here/make.sh" isolated
fi
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
cd /run
PATH=$root/target/debug:$root/target/debug/examples:$PATH

# draw NAME COLUMNS COMMAND: what COMMAND prints on a terminal that wide; one that follows is ended.
draw() {
    # What cargo would build first has been built.
    script -qc "stty cols $2; timeout -s INT 4 ${3#cargo run --example }" /dev/null </dev/null >"$1.txt"
    "$root/target/venv-images/bin/python" "$here/draw.py" "$3" "$2" "$1.txt" "$1.svg"
    rsvg-convert --zoom 0.74 "$1.svg" --output "$here/$1.png"
}

draw console 132 "cargo run --example hello"

# structlog's console in colours, with exceptions and a stack beneath lines; and a pattern of loguru's.
cat >renderers.toml <<'END'
processors = [{ name = "timestamp", fmt = "%H:%M:%S", key = "at" }]
[[sink]]
processors = ["level", "logger_name"]
renderer = { name = "console", colors = true, timestamp_key = "at" }
END
cat >pattern.toml <<'END'
[[sink]]
renderer = { name = "pattern", style = "loguru", colors = true, utc = true }
END
cat >shop.jsonl <<'END'
{"timestamp":"2026-11-22T08:14:03.123456Z","level":"info","event":"service started","line":41,"target":"shop","port":8080,"workers":4}
{"timestamp":"2026-11-22T08:14:05.004217Z","level":"debug","event":"pool has 3 idle connections","line":78,"target":"db","idle":3}
{"timestamp":"2026-11-22T08:14:07.311908Z","level":"success","event":"order paid","line":115,"target":"shop::billing","order_id":42,"customer":"Ann Lee","total_cents":1999}
{"timestamp":"2026-11-22T08:14:09.870011Z","level":"warning","event":"stock is low","line":152,"target":"shop::stock","item":"tea","left":2}
{"timestamp":"2026-11-22T08:14:11.422150Z","level":"error","event":"charge failed","line":189,"target":"shop::billing","order_id":43,"exception":"Traceback (most recent call last):\n  File \"shop/billing.py\", line 88, in charge\n    return bank.post(order)\n  File \"shop/bank.py\", line 31, in post\n    raise TimeoutError(\"no answer within 3 s\")\nTimeoutError: no answer within 3 s"}
{"timestamp":"2026-11-22T08:14:12.000391Z","level":"critical","event":"connection is lost","line":226,"target":"db","host":"db1","sent by a user":"\u001b[31mred\nforged line"}
END
draw renderers 126 "logring-drain render --config renderers.toml <shop.jsonl"
draw pattern 132 "logring-drain render --config pattern.toml <shop.jsonl"

# Scripts that log while somebody looks.
log() { logring-drain log --segment shop --target "$@"; }
log shop "service started" port=8080 workers=4
{
    sleep 1
    log shop::cart "item added" request_id=7f3a item=tea count=2
    log shop::cart "item added" request_id=91c0 item=rice count=1
    log shop::stock --level warning "stock of {item} is low" item=tea left=2
    log shop::billing --level success "order {order_id} paid" order_id=42 request_id=7f3a total_cents=1999
    log db --level debug "pool has {idle} idle connections" idle=3
    log shop::billing --level error "charge of {order_id} failed" order_id=43 request_id=91c0 reason="no answer"
    log db --level critical "connection to {host} is lost" host=db1
    log db "connected" host=db2 after_ms=311
    log shop::billing --level success "order {order_id} paid" order_id=43 request_id=91c0 total_cents=450
} &
draw tail 142 "logring-drain tail --segment shop -n 1"

# A service of four processes under load.
export TMPDIR=/run
http-service --workers 4 --requests 10000000 --out service.jsonl >service.txt &
# Until it has answered some requests.
until [ "$(cat service.jsonl 2>/dev/null | wc -l)" -gt 20000 ]; do sleep 0.1; done
segment=$(basename /dev/shm/logring-*-http-service-*.lock .lock)
segment=${segment#logring-*-}
LOGRING_RUNTIME_DIR=/run/$segment draw stats 88 "logring-drain stats --segment $segment"
