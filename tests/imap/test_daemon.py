"""The whole daemon on a mailbox: killed at any moment, without another door, with a dead server."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Helpdesk, until

from store.engine import open_store
from store.health import read_health
from tests.imap.boxes import mail
from tests.imap.dovecot import PASSWORD, Dovecot

IMAP = """\
[[imap]]
host = "localhost"
port = {port}
tls = "off"
user = "{user}"
password = {{ file = "imap.password" }}
address = "support@helpdesk.example"
poll = "2 s"

[store]
"""


def make_desk(place: Path, port: int, user: str, **more: str) -> Helpdesk:
    secret = place / "imap.password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    return Helpdesk(place, {"[store]\n": IMAP.format(port=port, user=user), **more})


def doors(desk: Helpdesk) -> int:
    return int(until(lambda: desk.roles().get("doors-0"), "doors run"))


def health(desk: Helpdesk) -> dict[str, str]:
    store = open_store(f"sqlite:///{desk.place}/tickets.db")
    try:
        return {one.name: one.detail for one in read_health(store)}
    finally:
        store.close()


@pytest.fixture
def desk(place: Path, dovecot: Dovecot, user: str) -> Iterator[Helpdesk]:
    opened = make_desk(place, dovecot.port, user)
    yield opened
    opened.stop()


@pytest.mark.parametrize("seed", [1])
def test_kill_9_at_any_moment_makes_each_mail_one_ticket(
    seed: int, desk: Helpdesk, dovecot: Dovecot, user: str
) -> None:
    mails, kills = 240, 8
    chance = random.Random(seed)
    dovecot.fill(user, [mail(n) for n in range(mails // 2)])
    desk.start()

    def feed() -> None:
        with dovecot.client(user) as client:
            for number in range(mails // 2, mails):
                client.append("INBOX", mail(number))
                time.sleep(0.03)  # mails that come one by one

    feeder = threading.Thread(target=feed)
    feeder.start()
    for _ in range(kills):
        pid = doors(desk)
        time.sleep(chance.uniform(0.3, 1.5))  # wherever that is
        os.kill(pid, signal.SIGKILL)
        until(lambda pid=pid: desk.roles().get("doors-0", pid) != pid, "doors are back")
    feeder.join(60)
    until(lambda: dovecot.count(user, "Done") == mails, f"all in Done; {desk.tail()}")
    rows = desk.settled(mails)
    assert len(rows) == mails
    assert {row["message_id"] for row in rows} == {
        f"<{number}@physics.example>" for number in range(mails)
    }
    assert {row["outcome"] for row in rows} <= {"new", "held"}
    assert len(desk.listing("tickets")) == mails
    assert dovecot.count(user) == 0


def test_a_mailbox_may_be_the_only_door_and_its_server_may_be_down_at_the_start(
    place: Path, own_dovecot: Dovecot, user: str
) -> None:
    own_dovecot.fill(user, [mail(1)])
    own_dovecot.stop()
    desk = make_desk(
        place, own_dovecot.port, user,
        **{'[smtp]\nlisten = "127.0.0.1:0"\nsubmission_networks = ["127.0.0.1/32"]\n': ""},
    )  # fmt: skip
    desk.start()
    assert desk.words["imap"] == f"{user}@localhost/INBOX"
    name = f"imap {user}@localhost/INBOX"
    until(lambda: "Connection refused" in health(desk).get(name, ""), "it says so")
    own_dovecot.start()
    desk.settled(1)
    until(lambda: health(desk)[name] == "", "it is well again")
    desk.stop()


def test_a_server_that_is_killed_and_comes_back_costs_little_and_loses_nothing(
    place: Path, own_dovecot: Dovecot, user: str
) -> None:
    own_dovecot.fill(user, [mail(1)])
    desk = make_desk(place, own_dovecot.port, user)
    desk.start()
    desk.settled(1)
    own_dovecot.kill()
    until(lambda: health(desk).get(f"imap {user}@localhost/INBOX"), "it says that it is down")
    pid = doors(desk)
    begun, used = time.monotonic(), cpu_ticks(pid)
    until(lambda: time.monotonic() - begun > 4, "some seconds without a server")
    spent_s = (cpu_ticks(pid) - used) / os.sysconf("SC_CLK_TCK")
    assert spent_s / (time.monotonic() - begun) < 0.1
    assert (place / "serve.log").read_text().count("mailbox fails") == 1, "one line, no storm"
    own_dovecot.start()
    own_dovecot.fill(user, [mail(2)])
    assert len(desk.settled(2)) == 2
    desk.stop()


def test_the_first_run_of_two_thousand_mails_needs_little_memory_and_goes_on_after_a_kill(
    desk: Helpdesk, dovecot: Dovecot, user: str
) -> None:
    mails, text = 2000, "x" * 60 + "\r\n"
    maildir = dovecot.place / "mail" / user / "cur"
    dovecot.fill(user, [])  # makes the maildir
    dovecot.deliver(user, [mail(n, text * 150) for n in range(mails)])
    assert len(list(maildir.iterdir())) == mails
    desk.start()
    pid = doors(desk)
    until(lambda: dovecot.count(user) < mails - 300, "some are read")
    os.kill(pid, signal.SIGKILL)
    until(lambda: desk.roles().get("doors-0", pid) != pid, "doors are back")
    pid = doors(desk)
    first = until(lambda: peak_kb(pid) if dovecot.count(user) < mails - 600 else 0, "goes on")
    peak = first

    def is_done() -> bool:
        nonlocal peak
        peak = max(peak, peak_kb(pid))
        return dovecot.count(user) == 0

    until(is_done, "all are read")
    assert dovecot.count(user, "Done") == mails
    assert peak - first < 40_000, "kB"
    assert "mailbox is new" in (desk.place / "serve.log").read_text()


def cpu_ticks(pid: int) -> int:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(words[11]) + int(words[12])


def peak_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])
