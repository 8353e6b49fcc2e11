"""Alarms fetched instead of piped: from a maildir, or from a mailbox on a server (IMAP over TLS).

Rule: a mail is marked, or moved, only after it is in the spool. A kill in between spools it twice,
and the second copy is a duplicate. A mail that is too long is spooled as far as we look at one.
Standard library only.
"""

import imaplib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gateway.hook.config import PollWay
from gateway.hook.log import LOG
from gateway.hook.mail import MAX_MAIL_BYTES
from gateway.hook.mailway import read_password, tls_context
from gateway.hook.spool import keep
from parsers.errors import Deferred

MAX_MAILS = 200  # of one visit; the rest is for the next
_SEEN = "S"


def poll(way: PollWay, directory: Path) -> int:
    """Spool what is new and return how many mails that were; raises Deferred, OSError."""
    return from_maildir(way.maildir, directory) if way.maildir else _from_server(way, directory)


def from_maildir(maildir: Path, directory: Path) -> int:
    """Spool the mails of `new` and the unseen ones of `cur`; they stay in `cur`, seen."""
    count = 0
    unseen = [path for path in sorted((maildir / "cur").iterdir()) if _SEEN not in _flags(path)]
    for path in [*sorted((maildir / "new").iterdir()), *unseen][:MAX_MAILS]:
        if path.name[0] == "." or not path.is_file():
            continue
        with path.open("rb") as stream:
            keep(directory, stream.read(MAX_MAIL_BYTES + 1))
        count += 1
        base, flags = path.name.partition(":")[0], _flags(path)
        path.rename(maildir / "cur" / f"{base}:2,{''.join(sorted({*flags, _SEEN}))}")
    return count


def open_mailbox(way: PollWay) -> imaplib.IMAP4_SSL:
    """Return the connection, logged in, the folder open; raises OSError, IMAP4.error."""
    context = tls_context(way.ca_file)
    server = imaplib.IMAP4_SSL(way.host, way.port, ssl_context=context, timeout=way.timeout_s)
    try:
        server.login(way.user, read_password(way.password_file))
        _ok(server.select(_quoted(way.folder)))
    except BaseException:
        server.shutdown()
        raise
    return server


def _from_server(way: PollWay, directory: Path) -> int:
    try:
        with open_mailbox(way) as server:
            uids = _ok(server.uid("SEARCH", "UNSEEN", "UNDELETED"))[0].split()
            for uid in uids[:MAX_MAILS]:
                keep(directory, _fetched(server, uid))
                _mark(server, uid.decode("ascii"), way.move_to)
    except (imaplib.IMAP4.error, OSError, ValueError, IndexError) as error:
        raise Deferred("Not now.", f"{way.host}:{way.port}: {error!r}") from error
    return min(len(uids), MAX_MAILS)


def _fetched(server: imaplib.IMAP4_SSL, uid: bytes) -> bytes:
    answer = _ok(server.uid("FETCH", uid.decode("ascii"), f"(BODY.PEEK[]<0.{MAX_MAIL_BYTES + 1}>)"))
    for part in answer:
        if isinstance(part, tuple) and b"BODY[]" in part[0]:
            return bytes(part[1])
    raise ValueError("the server sent no mail")


def _mark(server: imaplib.IMAP4_SSL, uid: str, move_to: str) -> None:
    """Move the mail, or flag it where no folder is named; the flag comes first in any case."""
    _ok(server.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen)"))
    if not move_to:
        return
    if "MOVE" in server.capabilities:
        _ok(server.uid("MOVE", uid, _quoted(move_to)))
        return
    _ok(server.uid("COPY", uid, _quoted(move_to)))
    _ok(server.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"))
    _ok(server.uid("EXPUNGE", uid) if "UIDPLUS" in server.capabilities else server.expunge())


def _ok(answer: tuple[str, Sequence[Any]]) -> Sequence[Any]:
    status, data = answer
    if status != "OK":
        raise ValueError(f"the server says {status}: {str(data)[:200]}")
    return data


def _quoted(folder: str) -> str:
    return '"' + re.sub(r'([\\"])', r"\\\1", folder) + '"'


def _flags(path: Path) -> str:
    return path.name.partition(":2,")[2]


def log_poll(way: PollWay, directory: Path) -> int:
    """Poll, and say in the log what went wrong instead of raising; return how many came."""
    try:
        count = poll(way, directory)
    except (Deferred, OSError) as error:
        LOG.warning("poll: %s", error.detail if isinstance(error, Deferred) else error)
        return 0
    if count:
        LOG.info("poll: %s mails spooled", count)
    return count
