"""The whole daemon with a mailbox for its only door: it lives through what may happen to it."""

import os
import signal
import time
from pathlib import Path

from running import until

from tests.imap.boxes import mail
from tests.imap.desk import ONLY_DOOR, doors, health, make_desk
from tests.imap.dovecot import Dovecot


def cpu_ticks(pid: int) -> int:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(words[11]) + int(words[12])


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
        pid = doors(desk)
        begun, used = time.monotonic(), cpu_ticks(pid)
        until(lambda: time.monotonic() - begun > 3, "some seconds without a server")
        spent_s = (cpu_ticks(pid) - used) / os.sysconf("SC_CLK_TCK")
        assert spent_s / (time.monotonic() - begun) < 0.1
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
