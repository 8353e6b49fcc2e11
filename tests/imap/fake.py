"""A scripted IMAP server that misbehaves: what a real one does only on its worst day.

It is a fault injector. Mails lie in `mails` by UID; `faults` are functions by command ("FETCH",
"IDLE", "LOGIN", "greeting", ...) that get the session and the command line, do what they want, and
return True when they have answered.
"""

import re
import socket
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Self, cast

from gateway.config.imap import Imap
from tests.imap.boxes import section

Fault = Callable[["Session", bytes, str], bool]
CAPABILITY = "CAPABILITY IMAP4rev1 IDLE UIDPLUS MOVE"


@dataclass
class FakeServer:
    """A server on loopback; use it as a context."""

    mails: dict[int, bytes] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)  # what RFC822.SIZE says instead
    uidvalidity: int = 1
    said: Counter[str] = field(default_factory=Counter)
    moved: dict[str, list[bytes]] = field(default_factory=dict)
    folders: set[str] = field(default_factory=lambda: {"INBOX"})
    uidnext: int = 0  # grows by itself
    selected: str = "OK [READ-WRITE] selected"

    def __enter__(self) -> Self:
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._open: set[socket.socket] = set()
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for peer in list(self._open):
            with suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
        self._thread.join(60)

    def _accept(self) -> None:
        sessions = []
        while not self.over.is_set():
            try:
                peer, _ = self._door.accept()
            except OSError:
                break
            self._open.add(peer)
            self.said["connections"] += 1
            sessions.append(threading.Thread(target=self._serve, args=(peer,), daemon=True))
            sessions[-1].start()
        for session in sessions:
            session.join(60)

    def _serve(self, peer: socket.socket) -> None:
        with suppress(OSError, ValueError), peer, peer.makefile("rwb") as stream:
            Session(self, peer, cast("BinaryIO", stream)).run()
        self._open.discard(peer)


class Session:
    """One connection."""

    def __init__(self, server: FakeServer, peer: socket.socket, stream: BinaryIO) -> None:
        self.server = server
        self.peer = peer
        self.stream = stream

    def send(self, data: bytes | str) -> None:
        self.stream.write(data if isinstance(data, bytes) else data.encode())
        self.stream.flush()

    def hang(self) -> None:
        """Say nothing more until the server ends."""
        self.server.over.wait(60)

    def leave(self) -> bool:
        """Close the connection at once."""
        raise OSError("left")

    def run(self) -> None:
        if not self._fault("greeting", b"*", ""):
            self.send(f"* OK [{CAPABILITY}] ready\r\n")
        while line := self.stream.readline():
            tag, _, rest = line.rstrip(b"\r\n").partition(b" ")
            words = rest.decode("latin-1").split(" ", 2)
            verb = words[0].upper()
            if verb == "UID":
                verb = words[1].upper()
            self.server.said[verb] += 1
            if not self._fault(verb, tag, rest.decode("latin-1")):
                answer = getattr(self, f"say_{verb.lower()}", None)
                if answer is not None:
                    answer(rest.decode("latin-1"), tag)
                else:
                    self.done(tag)

    def done(self, tag: bytes, text: str = "OK done") -> None:
        self.send(tag + b" " + text.encode() + b"\r\n")

    def say_capability(self, _line: str, tag: bytes) -> None:
        self.send(f"* {CAPABILITY}\r\n")
        self.done(tag)

    def say_select(self, _line: str, tag: bytes) -> None:
        mails, server = self.server.mails, self.server
        server.uidnext = max(server.uidnext, max(mails, default=0) + 1)
        self.send(
            f"* {len(mails)} EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen \\Deleted)\r\n"
            f"* OK [UIDVALIDITY {server.uidvalidity}] UIDs valid\r\n"
            f"* OK [UIDNEXT {server.uidnext}] next\r\n"
        )
        self.done(tag, server.selected)

    def say_list(self, line: str, tag: bytes) -> None:
        name = line.rsplit(maxsplit=1)[-1].strip('"')
        if name in self.server.folders:
            self.send(f'* LIST () "/" "{name}"\r\n')
        self.done(tag)

    def say_create(self, line: str, tag: bytes) -> None:
        self.server.folders.add(line.rsplit(maxsplit=1)[-1].strip('"'))
        self.done(tag)

    def say_search(self, line: str, tag: bytes) -> None:
        wanted = re.search(r"UID ([\d:*,]+) UNDELETED", line)
        assert wanted is not None, line
        found = " ".join(str(uid) for uid in self.wanted(wanted[1]))
        self.send(f"* SEARCH {found}\r\n".replace(" \r", "\r"))
        self.done(tag)

    def say_fetch(self, line: str, tag: bytes) -> None:
        for uid in self.wanted(line.split()[2]):
            self.send_mail(uid, line)
        self.done(tag)

    def send_mail(self, uid: int, line: str) -> None:
        raw = self.server.mails[uid]
        if "BODY" in line:
            self.send(f"* 1 FETCH (UID {uid} BODY[] {{{len(raw)}}}\r\n".encode() + raw + b")\r\n")
        else:
            size = self.server.sizes.get(uid, len(raw))
            self.send(f"* 1 FETCH (UID {uid} RFC822.SIZE {size})\r\n")

    def say_move(self, line: str, tag: bytes) -> None:
        _, _, uids, target = line.split()
        for uid in self.wanted(uids):
            raw = self.server.mails.pop(uid)
            self.send("* 1 EXPUNGE\r\n")
            self.server.moved.setdefault(target.strip('"'), []).append(raw)
        self.done(tag)

    def say_idle(self, _line: str, tag: bytes) -> None:
        self.send("+ idling\r\n")
        self.stream.readline()
        self.done(tag)

    def say_logout(self, _line: str, tag: bytes) -> None:
        self.send("* BYE\r\n")
        self.done(tag)

    def wanted(self, uids: str) -> list[int]:
        found: set[int] = set()
        mails = sorted(self.server.mails)
        for part in uids.split(","):
            low, _, high = part.partition(":")
            if high == "*":
                found.update(uid for uid in mails if uid >= int(low))
                found.update(mails[-1:])  # as the standard says
            else:
                found.update(uid for uid in mails if int(low) <= uid <= int(high or low))
        return sorted(found)

    def _fault(self, verb: str, tag: bytes, line: str) -> bool:
        fault = self.server.faults.get(verb)
        return fault is not None and fault(self, tag, line)


def reading(server: FakeServer, **changes: Any) -> Imap:
    """Return the configuration of a mailbox on this server."""
    return section(server.port, "user", **{"poll": "1 s", **changes})


def only_fetch(uid: int, answer: Callable[[Session, bytes], object], *, body: bool = True) -> Fault:
    """Answer so when the bytes (or the size) of one mail are asked for, alone or with others."""

    def fault(session: Session, tag: bytes, line: str) -> bool:
        asked = uid in session.wanted(line.split()[2])
        if asked and ("BODY" in line) == body:
            answer(session, tag)
            return True
        return False

    return fault


def saying(text: str, *lines: bytes) -> Fault:
    """Answer a command with these lines and then this."""

    def fault(session: Session, tag: bytes, _line: str) -> bool:
        for line in lines:
            session.send(line)
        session.done(tag, text)
        return True

    return fault
