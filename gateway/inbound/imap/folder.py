"""A folder on the server: which mails lie in it, their sizes, their bytes, and moving them out.

Rule: mails are read with PEEK and by UID, never by flag, so what a person does with flags changes
nothing. Only mails that are named are ever removed: without MOVE a copy is made, and without
UIDPLUS the original stays, marked as deleted, because a bare EXPUNGE would remove what others have
marked. Raises Refused for what the server says no to, Lost when the connection is of no more use.
"""

import imaplib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import imapclient

from gateway.inbound.imap.connection import Lost, saying
from gateway.inbound.imap.wire import COMMAND_BYTES, HIGHEST_UID, Client, Overrun
from parsers.errors import Refused

SEEN, DELETED = imapclient.SEEN, imapclient.DELETED
BODY = b"BODY[]"
UID_BYTES = 12  # of one UID in an answer, with its blank
SLACK_BYTES = 256 * 1024  # what an answer holds besides mails
MOST_LISTED = 3_000_000
FETCH_S = 600.0  # for a batch of mails on a slow line; silence ends it much sooner
MOVE_SILENCE_S = 120.0  # a server may copy two thousand mails before it says a word
SET_CHARS = 7000  # a command line stays below 8000 characters (RFC 2683, 3.2.1.5)
UIDS_A_COMMAND = 200


class TooBig(Lost):
    """A mail is bigger than the server had said, and bigger than what we take."""


@dataclass(frozen=True, slots=True)
class Selected:
    """What the server said when the folder was opened.

    `uidnext` is 0 when it did not say; it follows the mails that came since then.
    """

    uidvalidity: int
    uidnext: int
    exists: int
    read_only: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A mail's size in bytes, and when the server got it (None when it did not say)."""

    size: int
    arrived_at: datetime | None


class Folder:
    """The folder `name` on a connection that is logged in."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self.name = name
        self._known: set[str] = set()
        self.selected = Selected(0, 0, 0, read_only=False)

    def select(self) -> Selected:
        """Open the folder (again)."""
        self.selected = Selected(0, 0, 0, read_only=False)
        with self._asking():
            try:
                said = self._client.select_folder(self.name)
                read_only = b"READ-ONLY" in said  # its opposite may be left out (RFC 9051, 6.3.2)
            except imaplib.IMAP4.readonly:  # imaplib wants to be asked for that
                said = self._client.select_folder(self.name, readonly=True)
                read_only = True
        uidvalidity, uidnext = _number(said.get(b"UIDVALIDITY")), _number(said.get(b"UIDNEXT"))
        if not 0 < uidvalidity <= HIGHEST_UID:
            raise Lost("the server gives no UIDVALIDITY: mails cannot be told apart")
        if uidnext > HIGHEST_UID:
            uidnext = 0
        exists = _number(said.get(b"EXISTS"))
        self.selected = Selected(uidvalidity, uidnext, exists, read_only=read_only)
        return self.selected

    def uids(self, above: int = 0) -> list[int]:
        """Return the UIDs of all mails above one, ascending, without those marked as deleted."""
        listed = min(self.selected.exists, MOST_LISTED) + 1000
        with self._asking(COMMAND_BYTES + listed * UID_BYTES):
            self._client.begin_to_look()
            found = self._client.find("UID", f"{above + 1}:*", "UNDELETED")
        # N:* always holds the last mail, even below N (RFC 3501, 6.4.8)
        uids = sorted({uid for uid in found if uid > above})
        if uids and 0 < self.selected.uidnext <= uids[-1]:
            self.selected = replace(self.selected, uidnext=uids[-1] + 1)
        return uids

    def still_there(self, uids: Sequence[int]) -> set[int]:
        """Return those of these mails that are still in the folder."""
        found: set[int] = set()
        for some in uid_sets(uids):
            with self._asking():
                found.update(self._client.find("UID", some, "UNDELETED"))
        return found.intersection(uids)

    def with_message_id(self, message_id: str) -> list[int]:
        """Return the UIDs of the mails with this Message-ID, which has no quote in it."""
        with self._asking():
            found = self._client.find("HEADER", "Message-ID", f'"{message_id}"', "UNDELETED")
        return sorted(set(found))

    def sizes(self, uids: Sequence[int]) -> dict[int, Listed]:
        """Return size and arrival of these mails; those that are gone are left out."""
        found: dict[int, Any] = {}
        for some in _parts(uids):
            with self._asking():
                found.update(self._client.fetch(some, ["RFC822.SIZE", "INTERNALDATE"]))
        return {
            uid: Listed(_number(said.get(b"RFC822.SIZE")), _utc(said.get(b"INTERNALDATE")))
            for uid, said in found.items()
            if b"RFC822.SIZE" in said
        }

    def bodies(self, uids: Sequence[int], most_bytes: int) -> dict[int, bytes]:
        """Return these mails; what the server does not give is left out.

        Raises TooBig when more than `most_bytes` come.
        """
        with self._asking(most_bytes + SLACK_BYTES, FETCH_S):
            found = self._client.fetch(uids, ["BODY.PEEK[]"])
        bodies = ((uid, said.get(BODY)) for uid, said in found.items())
        return {uid: body for uid, body in bodies if isinstance(body, bytes)}

    def file_away(self, uids: Sequence[int], target: str) -> None:
        """Mark mails as seen and move them to another folder, which is made when it is missing."""
        if self.selected.read_only:
            raise Refused("the folder is read-only")
        self._ensure(target)
        try:
            for some in uid_sets(uids):
                with self._asking(seconds=FETCH_S, silence_s=MOVE_SILENCE_S):
                    self._client.add_flags(some, [SEEN], silent=True)
                with self._asking(seconds=FETCH_S, silence_s=MOVE_SILENCE_S):
                    self._move(some, target)
        except Refused:
            self._known.discard(target)  # somebody may have removed it
            raise

    def remove(self, uids: Sequence[int]) -> None:
        """Take mails out of the folder for good; without UIDPLUS they stay, marked as deleted."""
        if self.selected.read_only:
            raise Refused("the folder is read-only")
        for some in uid_sets(uids):
            with self._asking():
                self._delete(some)

    def announces(self) -> bool:
        """Whether the server can tell of new mail by itself (IDLE, RFC 2177)."""
        with self._asking():
            return bool(self._client.has_capability("IDLE"))

    def has_news(self) -> bool:
        """Whether the server has told of mails since they were listed: IDLE does not tell again."""
        return self._client.has_news()

    def wait_for_news(self, timeout_s: float, answer_s: float, stop_fd: int) -> None:
        """Wait until the server tells of a change, for a while, or until `stop_fd` is readable.

        What it tells does not matter: search afterwards. `answer_s` is its time to end the wait.
        """
        with self._asking(silence_s=answer_s):
            self._client.begin_idle()
            self._client.wait_for_news(timeout_s, stop_fd)
            self._client.allow(silence_s=answer_s, seconds=answer_s)
            self._client.idle_done()

    def _move(self, uids: str, target: str) -> None:
        if self._client.has_capability("MOVE"):
            self._client.move(uids, target)
            return
        self._client.copy(uids, target)
        self._delete(uids)

    def _delete(self, uids: str) -> None:
        self._client.add_flags(uids, [DELETED], silent=True)
        if self._client.has_capability("UIDPLUS"):
            self._client.uid_expunge(uids)

    def _ensure(self, target: str) -> None:
        """Make a folder once for each connection, unless it is there."""
        if target in self._known:
            return
        with self._asking():
            there = self._client.folder_exists(target)
        if not there:
            with self._asking():
                self._client.create_folder(target)
            with suppress(Refused), self._asking():  # only so that people's programs show it
                self._client.subscribe_folder(target)
        self._known.add(target)

    @contextmanager
    def _asking(
        self, size: int = COMMAND_BYTES, seconds: float = 120.0, silence_s: float = 30.0
    ) -> Iterator[None]:
        """Bound a command; turn the server's no into Refused, all else that fails into Lost."""
        self._client.allow(size, seconds, silence_s)
        try:
            with saying():
                yield
                self._require_same_numbers()
        except Lost as lost:
            cause = lost.__cause__
            if isinstance(cause, Overrun):
                raise TooBig(str(lost)) from cause
            if _is_no(cause):
                raise Refused(str(lost)) from cause
            raise

    def _require_same_numbers(self) -> None:
        """Leave when the server has renumbered the folder in the middle of a connection."""
        now = self._client.told("UIDVALIDITY")
        before = str(self.selected.uidvalidity).encode()
        if self.selected.uidvalidity and any(one != before for one in now):
            raise Lost("the server renumbered the folder while it was read")


def _is_no(error: BaseException | None) -> bool:
    """Whether the server answered NO or BAD, after which the dialogue goes on."""
    gone = (imaplib.IMAP4.abort, imapclient.exceptions.ProtocolError)
    return isinstance(error, imaplib.IMAP4.error) and not isinstance(error, gone)


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _utc(value: Any) -> datetime | None:
    return value.astimezone(UTC) if isinstance(value, datetime) else None


def _parts(uids: Sequence[int]) -> Iterator[list[int]]:
    rest = iter(uids)
    while some := list(islice(rest, UIDS_A_COMMAND)):
        yield some


def uid_sets(uids: Sequence[int]) -> Iterator[str]:
    """Say ascending UIDs as sets of IMAP, each short enough for a command: "1:3,7".

    A range holds only what is in `uids`: there is no mail between two neighbours.
    """
    words: list[str] = []
    length = 0
    for low, high in _ranges(uids):
        word = str(low) if low == high else f"{low}:{high}"
        if words and length + len(word) + 1 > SET_CHARS:
            yield ",".join(words)
            words, length = [], 0
        words.append(word)
        length += len(word) + 1
    if words:
        yield ",".join(words)


def _ranges(uids: Sequence[int]) -> Iterator[tuple[int, int]]:
    low = high = 0
    for uid in uids:
        if high and uid == high + 1:
            high = uid
            continue
        if high:
            yield low, high
        low = high = uid
    if high:
        yield low, high
