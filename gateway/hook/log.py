"""The hook's log: the system's log, one line each, and standard error where a person looks on.

Rule: it never fails and never waits for a reader. It never holds an address of `reply_to`, which
is a secret.
Standard library only.
"""

import logging
import sys
import syslog

MAX_LINE_CHARS = 900
LOG = logging.getLogger("ticketgate-hook")


class _SystemLog(logging.Handler):
    """Hands lines to syslog; where none listens they vanish."""

    def emit(self, record: logging.LogRecord) -> None:
        """Send one line."""
        level = syslog.LOG_ERR if record.levelno >= logging.ERROR else syslog.LOG_INFO
        syslog.syslog(level | syslog.LOG_MAIL, self.format(record))


class _OneLine(logging.Formatter):
    """A line that no text from a mail can break in two or colour."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the message, printable, and the traceback behind it."""
        text = " | ".join(super().format(record).splitlines())
        shown = "".join(char if char.isprintable() else " " for char in text)
        return shown.encode("ascii", "backslashreplace").decode()[:MAX_LINE_CHARS]


def open_log(*, aloud: bool) -> None:
    """Send the log to syslog, and to standard error when `aloud`."""
    logging.raiseExceptions = False
    LOG.setLevel(logging.INFO)
    LOG.propagate = False
    LOG.handlers.clear()
    syslog.openlog("ticketgate-hook", syslog.LOG_PID, syslog.LOG_MAIL)
    handlers: list[logging.Handler] = [_SystemLog()]
    if aloud and sys.stderr is not None:
        handlers.append(logging.StreamHandler())
    for handler in handlers:
        handler.setFormatter(_OneLine())
        LOG.addHandler(handler)
