"""Alarms fetched instead of piped: from a maildir, or from a mailbox on a server (IMAP over TLS).

Rule: a mail is marked, or moved, only after it is in the spool. A kill in between spools it twice,
and the second copy is a duplicate. A mail that is too long is spooled as far as we look at one. One
that cannot be fetched holds up no other; it is tried again at each visit, and said aloud.
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
MAX_VISITS = 10  # of one poll: Dovecot hangs up at a mail that it cannot read
_SEEN = "S"


def poll(way: PollWay, directory: Path) -> int:
    """Spool what is new and return how many mails that were; raises Deferred, OSError."""
    return from_maildir(way.maildir, directory) if way.maildir else _from_server(way, directory)


def from_maildir(maildir: Path, directory: Path) -> int:
    """Spool the mails of `new` and the unseen ones of `cur`; they stay in `cur`, seen."""
    unseen = [path for path in sorted((maildir / "cur").iterdir()) if _SEEN not in _flags(path)]
    found = [path for path in [*sorted((maildir / "new").iterdir()), *unseen] if _is_mail(path)]
    count, troubles = 0, []
    for path in found:
        if count == MAX_MAILS:
            break
        try:
            with path.open("rb") as stream:
                raw = stream.read(MAX_MAIL_BYTES + 1)
        except OSError as error:
            troubles.append(str(error))
            continue
        keep(directory, raw)
        count += 1
        base, flags = path.name.partition(":")[0], _flags(path)
        path.rename(maildir / "cur" / f"{base}:2,{''.join(sorted({*flags, _SEEN}))}")
    _complain(troubles, str(maildir))
    return count


def _is_mail(path: Path) -> bool:
    return path.name[0] != "." and path.is_file()


def _complain(troubles: Sequence[str], where: str) -> None:
    if troubles:
        raise Deferred(
            "Not now.",
            f"{where}: {len(troubles)} mails cannot be fetched, the first: {troubles[0]}",
        )


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
    count = 0
    troubles: dict[bytes, str] = {}
    try:
        for _ in range(MAX_VISITS):
            with open_mailbox(way) as server:
                taken, hung_up = _visit(server, way, directory, troubles)
            count += taken
            if not hung_up:
                break
    except (imaplib.IMAP4.error, OSError, ValueError, IndexError) as error:
        raise Deferred("Not now.", f"{way.host}:{way.port}: {error!r}") from error
    _complain(tuple(troubles.values()), f"{way.host}:{way.port}")
    return count


def _visit(
    server: imaplib.IMAP4, way: PollWay, directory: Path, troubles: dict[bytes, str]
) -> tuple[int, bool]:
    """Spool what is unread and not in `troubles`; return how many, and whether the server hung up.

    What the server does not give is put into `troubles`, with the reason.
    """
    uids = _ok(server.uid("SEARCH", "UNSEEN", "UNDELETED"))[0].split()
    count = 0
    for uid in [one for one in uids if one not in troubles][:MAX_MAILS]:
        try:
            raw = _fetched(server, uid)
        except (imaplib.IMAP4.error, ValueError) as error:
            troubles[uid] = f"{uid.decode('ascii')}: {error}"
            if isinstance(error, imaplib.IMAP4.abort):
                return count, True
            continue
        keep(directory, raw)
        _mark(server, uid.decode("ascii"), way.move_to)
        count += 1
    return count, False


def _fetched(server: imaplib.IMAP4, uid: bytes) -> bytes:
    answer = _ok(server.uid("FETCH", uid.decode("ascii"), f"(BODY.PEEK[]<0.{MAX_MAIL_BYTES + 1}>)"))
    for part in answer:
        if isinstance(part, tuple) and b"BODY[]" in part[0]:
            return bytes(part[1])
    raise ValueError("the server sent no mail")


def _mark(server: imaplib.IMAP4, uid: str, move_to: str) -> None:
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
