"""Values of generated events as a Python program would have logged them."""

import datetime as real
import struct
import uuid

UTC = real.timezone.utc
EPOCH = real.datetime(1970, 1, 1, tzinfo=UTC)


class Error(Exception):
    """What an error of Rust is taken for: it does not tell its type."""


def instant(nanoseconds):
    return EPOCH + real.timedelta(microseconds=nanoseconds // 1000)


def error(messages):
    chain = [Error(message) for message in messages]
    for outer, inner in zip(chain, chain[1:]):
        outer.__cause__ = inner
    return chain[0]


def value(v):
    if isinstance(v, list):
        return [value(item) for item in v]
    if not isinstance(v, dict):
        return v
    ((tag, v),) = v.items()
    if tag == "i":
        return int(v)
    if tag == "f":
        return struct.unpack(">d", bytes.fromhex(v))[0]
    if tag == "b":
        return bytes.fromhex(v)
    if tag == "t":
        return instant(v)
    if tag == "d":
        return real.timedelta(microseconds=v // 1000)
    if tag == "u":
        return uuid.UUID(hex=v)
    if tag == "e":
        return error(v)
    return {key: value(item) for key, item in v}


Error.__module__ = "__main__"
