"""The whole daemon with a mailbox for its only door: it lives through what may happen to it."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from running import until

from tests.imap.boxes import mail
from tests.imap.desk import ONLY_DOOR, doors, health, make_desk
from tests.imap.dovecot import Dovecot


@contextmanager
def hanging_up(port: int) -> Iterator[list[str]]:
    """Take each connection to a port and end it at once; give where they came from."""
    came: list[str] = []

    def take() -> None:
        with suppress(OSError):  # the door is shut
            while True:
                peer, address = door.accept()
                peer.close()
                came.append(str(address))

    with socket.create_server(("127.0.0.1", port)) as door:
        taking = threading.Thread(target=take)
        taking.start()
        try:
            yield came
        finally:
            door.shutdown(socket.SHUT_RDWR)
            taking.join()


def test_mails_become_tickets_whatever_dies_meanwhile(
    place: Path, own_dovecot: Dovecot, user: str
) -> None:
    name = f"imap {user}@localhost/INBOX"
    own_dovecot.fill(user, [mail(1)])
    own_dovecot.stop()
    desk = make_desk(place, own_dovecot.port, user, {ONLY_DOOR: ""})
    desk.start()
    try:
        # the server is down at the start
        assert desk.words["imap"] == f"{user}@localhost/INBOX"
        until(lambda: "Connection refused" in health(desk).get(name, ""), "it says so")
        own_dovecot.start()
        desk.settled(1)
        until(lambda: health(desk)[name] == "", "it is well again")

        # the doors are killed
        pid = doors(desk)
        os.kill(pid, signal.SIGKILL)
        own_dovecot.fill(user, [mail(2)])
        desk.settled(2)
        until(lambda: own_dovecot.count(user, "Done") == 2, "both are moved")

        # the server is killed, and nobody spins or shouts meanwhile
        told = (place / "serve.log").read_text().count("mailbox fails")
        own_dovecot.kill()
        until(lambda: health(desk).get(name), "it says that it is down")
        begun = time.monotonic()
        with hanging_up(own_dovecot.port) as attempts:
            until(lambda: len(attempts) >= 2, "it tries again")
            # half a second at least before the first, then twice as long each time
            assert len(attempts) <= 1 + (time.monotonic() - begun) / 0.5
        assert (place / "serve.log").read_text().count("mailbox fails") == told + 1
        own_dovecot.start()
        own_dovecot.fill(user, [mail(3)])
        rows = desk.settled(3)
    finally:
        desk.stop()
    assert sorted(row["message_id"] for row in rows) == [
        f"<{number}@physics.example>" for number in (1, 2, 3)
    ]
    assert {row["outcome"] for row in rows} <= {"new", "held"}
