"""The real structlog's half of the differential test: reads events as JSON lines, runs each through
every pipeline named in the first line, and prints a JSON list of what each gave; null where structlog
raised. `../differential.rs` writes the events and compares."""

import datetime as real
import json
import logging
import sys
import time
import types

import structlog
from structlog import dev, processors as p, stdlib
from values import EPOCH, instant, value

now = EPOCH
now_ns = 0


class Clock:
    """`datetime.datetime`, as far as structlog asks it."""

    @staticmethod
    def now(tz=None):
        # Which of two equal local times it is, is known of one made from a timestamp.
        local = real.datetime.fromtimestamp(now_ns // 10**9)
        return now if tz else local.replace(microsecond=now.microsecond)


p.datetime = types.SimpleNamespace(datetime=Clock, timezone=real.timezone)
p.time = types.SimpleNamespace(time=lambda: now_ns / 1e9)


def only(*steps):
    def run(logger, name, event):
        for step in steps:
            event = step(logger, name, event)
        return event

    return run


def without_record(logger, name, event):
    del event["_record"]
    return event


def as_tuple(logger, name, event):
    if "positional_args" in event:
        event["positional_args"] = tuple(event["positional_args"])
    return event


def with_record(logger, name, event):
    site = logger.site
    record = logging.LogRecord(logger.name, 20, site["file"], site["line"], "", (), None)
    record.process, record.thread = site["pid"], site["tid"]
    event["_record"] = record
    return event


LEVEL = p.add_log_level
ISO = p.TimeStamper(fmt="iso")
NAME = stdlib.add_logger_name
CALLSITE = [p.CallsiteParameter(name) for name in
            ["pathname", "filename", "module", "lineno", "thread", "process"]]
STRFTIME = "%a %A %b %B %c %C %d %D %e %f %F %g %G %H %I %j %m %M %p %r %R %S %T %u %U %V %w %W %x %X %y %Y %z %Z %% é"
ORDER = ["event", "missing", "level", "a", "event"]
STYLES = {"warning": "\033[1m\033[33m", "error": "\033[31m", "longest level": "\033[2m"}


def console(**options):
    options.setdefault("colors", False)
    options["exception_formatter"] = dev.plain_traceback
    return only(LEVEL, ISO, NAME, dev.ConsoleRenderer(**options))


def word(text):
    """As the default columns print texts."""
    special = isinstance(text, str) and not set(text) & set(" \t=\r\n\"'")
    return text if special else repr(text)


def columns(styles):
    def pair(key, key_style, value_style, value_repr, **options):
        key_style = key_style if key_style is None else styles(key_style)
        return dev.Column(key, dev.KeyValueColumnFormatter(
            key_style, styles(value_style), styles("\033[0m"), value_repr, **options))

    def level(width, **levels):
        levels = {name.replace("_", " "): styles(style) for name, style in levels.items()}
        return dev.Column("level", dev.LogLevelColumnFormatter(levels, styles("\033[0m"), width))

    return [
        pair("event", None, "\033[1m\033[31m", str, width=12, prefix="<", postfix=">"),
        level(None, info="\033[32m", much_longer="\033[2m"),
        pair("logger", "\033[4m", "", repr, prefix="@"),
        pair("timestamp", None, "", str, width=30),
        pair("a", "", "\033[36m", word),
        pair("missing", None, "", repr),
        level(0, info="\033[32m"),
        pair("", "\033[2m", "\033[33m", word),
    ]


def in_columns(styles, **options):
    options["exception_formatter"] = dev.plain_traceback
    return only(LEVEL, ISO, NAME, dev.ConsoleRenderer(columns=columns(styles), **options))


PIPELINES = {
    "json": p.JSONRenderer(),
    "json sorted": p.JSONRenderer(sort_keys=True),
    "json utf-8": p.JSONRenderer(ensure_ascii=False),
    "json compact": p.JSONRenderer(separators=(",", ":")),
    "json usual": only(LEVEL, NAME, ISO, p.format_exc_info, p.JSONRenderer()),
    "json level number": only(stdlib.add_log_level_number, p.JSONRenderer()),
    "json unix": only(p.TimeStamper(fmt=None), p.JSONRenderer()),
    "json maybe": only(p.MaybeTimeStamper(fmt="iso"), p.JSONRenderer()),
    "json strftime": only(p.TimeStamper(fmt=STRFTIME, key="at"), p.JSONRenderer()),
    "json strftime local": only(p.TimeStamper(fmt=STRFTIME, utc=False), p.JSONRenderer()),
    "json renamed": only(p.EventRenamer("msg"), p.JSONRenderer()),
    "json replaced": only(p.EventRenamer("msg", "_event"), LEVEL, p.JSONRenderer()),
    "json decoded": only(p.UnicodeDecoder(), p.JSONRenderer()),
    "json decoded ascii": only(p.UnicodeDecoder("ascii", "backslashreplace"), p.JSONRenderer()),
    "json encoded": only(p.UnicodeEncoder(), p.JSONRenderer()),
    "json encoded ascii": only(p.UnicodeEncoder("ascii"), p.JSONRenderer()),
    "json encoded latin-1": only(p.UnicodeEncoder("latin-1", "replace"), p.JSONRenderer()),
    "json tracebacks": only(p.dict_tracebacks, p.JSONRenderer()),
    "json callsite": only(
        with_record, p.CallsiteParameterAdder(CALLSITE), without_record, p.JSONRenderer()
    ),
    "json positional": only(
        as_tuple, stdlib.PositionalArgumentsFormatter(), p.JSONRenderer()
    ),
    "key-value": p.KeyValueRenderer(),
    "key-value sorted": p.KeyValueRenderer(sort_keys=True),
    "key-value ordered": only(LEVEL, p.KeyValueRenderer(key_order=ORDER)),
    "key-value ordered dropping": only(
        LEVEL, p.KeyValueRenderer(sort_keys=True, key_order=ORDER, drop_missing=True)
    ),
    "key-value native": only(LEVEL, ISO, p.KeyValueRenderer(repr_native_str=False)),
    "key-value exceptions": only(p.format_exc_info, p.KeyValueRenderer()),
    "logfmt": p.LogfmtRenderer(),
    "logfmt sorted": p.LogfmtRenderer(sort_keys=True, bool_as_flag=False),
    "logfmt ordered": only(LEVEL, p.LogfmtRenderer(key_order=ORDER)),
    "logfmt ordered dropping": only(
        LEVEL, ISO, p.LogfmtRenderer(sort_keys=True, key_order=ORDER, drop_missing=True)
    ),
    "console": console(),
    "console colors": console(colors=True),
    "console unsorted": console(sort_keys=False, repr_native_str=True),
    "console narrow": console(pad_event_to=5, pad_level=False),
    "console keys": console(event_key="msg", timestamp_key="at"),
    "console styles": console(colors=True, level_styles=STYLES),
    "console columns": in_columns(lambda style: style),
    "console columns plain": in_columns(lambda style: "", sort_keys=False),
    "console exceptions": only(
        p.format_exc_info, dev.ConsoleRenderer(colors=False, exception_formatter=dev.plain_traceback)
    ),
}


def run(pipeline, event, logger):
    event_dict = {key: value(v) for key, v in event["fields"]}
    event_dict["event"] = event["event"]
    try:
        return pipeline(logger, event["level"], event_dict)
    except Exception:
        return None


def main():
    global now, now_ns
    logging.raiseExceptions = False
    names = json.loads(sys.stdin.readline())
    assert sorted(names) == sorted(PIPELINES), "the two halves name other pipelines"
    for line in sys.stdin:
        event = json.loads(line)
        now_ns = event["t"]
        now = instant(now_ns)
        logger = types.SimpleNamespace(name=event["target"], site=event)
        print(json.dumps([run(PIPELINES[name], event, logger) for name in names]))


if __name__ == "__main__":
    time.tzset()
    print(json.dumps({"structlog": structlog.__version__, "python": sys.version.split()[0]}))
    main()
