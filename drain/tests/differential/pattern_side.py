"""The real halves of the comparison of patterns: Python's logging, and loguru. Reads the formats from
the first line and events from the others, and prints for each event a JSON list of what each format
gave; null where logging or loguru raised. `../patterns.rs` writes the events and compares."""

import datetime as real
import json
import logging
import sys
import time

import loguru
from loguru._datetime import datetime as LoguruDatetime
from loguru._logger import Core, Logger
from loguru._recattrs import RecordFile, RecordProcess, RecordThread
from values import value

NO_ATTRIBUTES = set(logging.LogRecord("", 0, "", 0, "", (), None).__dict__)
NO_ATTRIBUTES |= {"message", "asctime", "taskName", "extra"}


class Parts:
    """An event, taken apart as the pattern renderer does."""

    def __init__(self, event):
        self.event = event
        self.ns = event["t"]
        self.extra = {key: value(v) for key, v in event["fields"]}
        self.stack = self.extra.pop("stack", None)
        self.text = self.extra.pop("exception", None)
        exc_info = self.extra.pop("exc_info", None)
        self.error = exc_info if isinstance(exc_info, Exception) else None


def told(parts, key):
    return parts.extra.get(key, "-")


class PythonFormat:
    def __init__(self, said):
        self.formatter = logging.Formatter(
            said["format"], said.get("datefmt"), said["style"], defaults=said.get("defaults")
        )
        self.formatter.converter = lambda _: time.localtime(self.second)

    def __call__(self, parts):
        event = parts.event
        error = parts.error
        exc_info = (type(error), error, None) if error else None
        record = logging.LogRecord(
            event["target"], 20, event["file"], event["line"], event["event"], (), exc_info
        )
        record.levelname = event["level"].upper()
        record.levelno = event["levelno"]
        record.created = parts.ns / 1e9
        record.msecs = float(parts.ns % 10**9 // 10**6)
        record.process, record.thread = event["pid"], event["tid"]
        record.processName = told(parts, "process_name")
        record.threadName = told(parts, "thread_name")
        record.taskName = told(parts, "task_name")
        record.funcName = told(parts, "func_name")
        record.extra = parts.extra
        for key, v in parts.extra.items():
            if key not in NO_ATTRIBUTES:
                record.__dict__[key] = v
        self.second = parts.ns // 10**9
        if error is None and parts.text is not None:
            record.exc_text = str(parts.text)
        if parts.stack is not None:
            record.stack_info = str(parts.stack)
        return self.formatter.format(record)


class LoguruFormat:
    def __init__(self, said):
        self.lines = []
        self.logger = Logger(Core(), None, 0, False, False, False, False, True, [], {})
        self.logger.add(
            self.lines.append,
            format=said["format"],
            colorize=said.get("colors", False),
            backtrace=False,
            diagnose=False,
            catch=False,
            level=0,
        )
        for name, number, color, icon in [
            ("NOTICE", 22, "<bold>", "ℹ️"),
            ("FAIL", 45, "<red><bold>", "❌"),
            ("FATAL", 60, "<RED><bold>", "☠️"),
        ]:
            self.logger.level(name, no=number, color=color, icon=icon)

    def __call__(self, parts):
        event = parts.event
        local = real.datetime.fromtimestamp(parts.ns // 10**9).astimezone()
        micros = parts.ns % 10**9 // 1000
        at = LoguruDatetime.combine(local.date(), local.timetz()).replace(microsecond=micros)
        name = event["file"].rsplit("/", 1)[-1]

        def patch(record):
            record["time"] = at
            record["file"] = RecordFile(name, event["file"])
            record["module"] = name.rsplit(".", 1)[0]
            record["name"] = event["target"]
            record["line"] = event["line"]
            record["function"] = told(parts, "func_name")
            record["process"] = RecordProcess(event["pid"], told(parts, "process_name"))
            record["thread"] = RecordThread(event["tid"], told(parts, "thread_name"))
            record["extra"] = parts.extra

        self.lines.clear()
        logger = self.logger.patch(patch).opt(exception=parts.error)
        logger.log(event["level"].upper(), event["event"])
        (line,) = self.lines
        line = str(line).removesuffix("\n")
        # What loguru has no place for.
        if parts.error is None and parts.text is not None and str(parts.text):
            line += "\n" + str(parts.text)
        if parts.stack is not None and str(parts.stack):
            line += "\n" + str(parts.stack)
        return line


def formatter(said):
    try:
        return LoguruFormat(said) if said["style"] == "loguru" else PythonFormat(said)
    except Exception as error:
        raise SystemExit(f"{said}: {error}")


def run(format, event):
    try:
        line = format(Parts(event))
        # Half of a surrogate pair, by `%c`: no file could hold it.
        line.encode()
        return line
    except Exception:
        return None


def main():
    formats = [formatter(said) for said in json.loads(sys.stdin.readline())]
    for line in sys.stdin:
        event = json.loads(line)
        print(json.dumps([run(format, event) for format in formats]))


if __name__ == "__main__":
    time.tzset()
    versions = {"loguru": loguru.__version__, "python": sys.version.split()[0]}
    print(json.dumps(versions))
    main()
