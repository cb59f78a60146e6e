import logging.config
import sys
from typing import IO

import structlog

from logging import DEBUG


def configure_structured_logging(
        console_stream: IO[str] = sys.stdout
):
    """
    Configures the standard logging to log the given IO stream and log file path.
    If called without parameters this will only configure output to sys.stdout.

    @param console_stream: The stream to output the live console logs to.
    @param log_file_path: Path to the log file to write. Defaults to "log.jsonl".
    """
    min_log_level = DEBUG

    # TODO: Patch the timezone into the timestamper
    timestamper_no_tz = structlog.processors.TimeStamper(
        fmt="%Y-%m-%dT%H:%M:%S.%f", utc=False
    )

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.StackInfoRenderer(),
            structlog.dev.set_exc_info,
            timestamper_no_tz,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        context_class=dict,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )

    pre_formatter_chain = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
    ]

    # std logging configuration dict
    formatters = {
        "console": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": pre_formatter_chain,
            "processors": [
                timestamper_no_tz,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.dev.ConsoleRenderer(
                    colors=True,
                    force_colors=True,
                    exception_formatter=structlog.dev.plain_traceback
                ),
            ],
        },
    }

    handlers = {
        "console_handler": {
            "()": logging.StreamHandler,
            "level": min_log_level,
            "formatter": "console",
            "stream": console_stream,
        },
    }

    logging_config = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": formatters,
        "handlers": handlers,
        "loggers": {
            "root": {"level": min_log_level, "handlers": list(handlers.keys())}
        },
    }

    logging.config.dictConfig(logging_config)
