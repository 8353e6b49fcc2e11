"""Logging: one line an event on standard error, from us and from every library.

A terminal gets text for people, anything else JSON. Text from mails can forge no line: what is not
printable is escaped. Bodies, tokens and secrets are not logged: by key where a caller names them,
by shape where a text carries them. To log: `structlog.get_logger("work").info("parked", mail=7)`.
"""

import json
import logging
import os
import re
import sys
import threading
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict

from gateway.processes.stderr import LINE_BYTES, StandardErrorHandler, open_standard_streams

_VALUE_CHARS = 600
_TRACE_CHARS = 1800
_ITEMS = 100
_UNSAID = frozenset(
    {"authorization", "body", "content", "password", "raw", "secret", "sig", "text", "token"}
)
_TOKEN = re.compile(r"(?<![a-zA-Z0-9])[a-zA-Z2-7]{37}(?![a-zA-Z0-9])|(?<=sig=)[0-9a-fA-F]+")
_TOKEN_CHARS = 37
_QUIET = (  # libraries' own
    "mail", "mail.log", "uvicorn", "apscheduler", "alembic", "asyncio", "httpx2", "httpcore2",
)  # fmt: skip


def configure_logging(level: str = "INFO", **context: Any) -> None:
    """Send all logging from `level` on to standard error; `context` stands on each line.

    Call it first in each process. Libraries below WARNING stay silent: they log what clients say.
    """
    open_standard_streams()

    def add_context(_logger: Any, _method: str, event: EventDict) -> EventDict:
        return {**context, **event}

    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        add_context,
        _make_safe,
    ]
    handler = StandardErrorHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _write_for_people if os.isatty(2) else _write_for_programs,
            ],
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # loggers of modules exist before this call
    )
    logging.raiseExceptions = False  # a log that fails says nothing about it
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False  # not shown
    logging._srcfile = None  # noqa: SLF001 - the manual's way to look for no caller
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def _make_safe(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Leave out what is not to be logged, and bound each value."""
    return {
        key: "[not logged]" if key.lower() in _UNSAID else _bounded(key, value)
        for key, value in event.items()
    }


def _bounded(key: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float) or key.startswith("_"):
        return value  # _record and _from_structlog are structlog's own
    if isinstance(value, Mapping):
        pairs = list(value.items())[:_ITEMS]
        return _make_safe(None, "", {str(name): item for name, item in pairs})
    if isinstance(value, list | tuple | set | frozenset):
        return [_bounded("", item) for item in list(value)[:_ITEMS]]
    if isinstance(value, datetime):
        return value.isoformat()
    text = value if isinstance(value, str) else repr(value)
    if len(text) >= _TOKEN_CHARS or "sig=" in text:
        text = _TOKEN.sub("[token]", text)
    if key == "exception":
        return text if len(text) <= _TRACE_CHARS else "... " + text[-_TRACE_CHARS:]
    return text if len(text) <= _VALUE_CHARS else text[:_VALUE_CHARS] + " ..."


def _write_for_programs(_logger: Any, _method: str, event: EventDict) -> str:
    """Return one line of JSON in ASCII, so that no control character and no surrogate is left."""
    first = {key: event.get(key, "") for key in ("timestamp", "level", "event")}
    line = json.dumps({**first, **event}, default=repr)
    if len(line) >= LINE_BYTES:
        line = json.dumps({**first, "event": str(first["event"])[:300], "cut": True})
    return line.replace("\x7f", "\\u007f")


def _write_for_people(_logger: Any, _method: str, event: EventDict) -> str:
    """Return a line of text; a traceback follows in lines that begin with a bar."""
    time = str(event.pop("timestamp", ""))[11:19]
    level, said = str(event.pop("level", "")), str(event.pop("event", ""))
    name, trace = str(event.pop("logger", "")), str(event.pop("exception", ""))
    pairs = [f"{key}={_printable(_words(value))}" for key, value in event.items()]
    line = " ".join([time, f"{level:<8}", f"{name}:", _printable(said), *pairs])
    bars = ["  | " + _printable(part) for part in trace.split("\n") if part]
    return "\n".join([line[: LINE_BYTES // 4], *bars])


def _words(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=repr)


def _printable(text: str) -> str:
    """Escape what is not printable: controls, line and paragraph ends, directions, surrogates."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    logging.getLogger("process").critical("ends by an error", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        trace = (args.exc_type, args.exc_value, args.exc_traceback)
        logging.getLogger("process").critical("a thread ends by an error", exc_info=trace)
