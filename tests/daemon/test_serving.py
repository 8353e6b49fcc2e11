"""The whole daemon: what the doors promise while other roles are stopped or killed."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Helpdesk, accepts, helpdesk, mail, until

SUPPORT = ["support@helpdesk.example"]


@pytest.fixture
def desk(place: Path) -> Iterator[Helpdesk]:
    web = '[web]\nlisten = "127.0.0.1:0"\n\n[[vo]]\nname = "atlas"'
    with helpdesk(place, {'[[vo]]\nname = "atlas"': web}, workers=2) as running:
        yield running


def test_a_mail_becomes_a_ticket_and_mails_leave_within_seconds(desk: Helpdesk) -> None:
    assert desk.send(mail(1, text="Site: FZK-LCG2\r\n\r\nIt fails."), SUPPORT).startswith("250 ")
    row = desk.settled(1)[0]
    assert (row["outcome"], row["tickets"], row["message_id"]) == (
        "new", [100001], "<1@physics.example>",
    )  # fmt: skip
    until(lambda: len(desk.outgoing()) == 4, "four mails left")
    tickets = desk.listing("tickets")
    assert [(t["ticket"], t["notified_site"], t["support_unit"]) for t in tickets] == [
        (100001, "FZK-LCG2", "NGI_DE")
    ]
    assert tickets[0]["message_ids"] == ["<1@physics.example>"]


def test_the_door_says_250_as_soon_as_ever_whichever_role_is_stopped(desk: Helpdesk) -> None:
    roles = desk.roles()
    assert {name.partition("-")[0] for name in roles} == {"doors", "work", "courier", "web"}
    sent = 0

    def soonest_s() -> float:
        """Return how long the quickest of five took: who has to wait does so each time."""
        nonlocal sent
        took_s = []
        for _ in range(5):
            sent += 1
            start = time.monotonic()
            assert desk.send(mail(sent), SUPPORT).startswith("250 ")
            took_s.append(time.monotonic() - start)
        return min(took_s)

    for name, pid in sorted(roles.items()):
        if name.startswith("doors"):
            continue
        usual_s = soonest_s()
        os.kill(pid, signal.SIGSTOP)
        try:
            assert soonest_s() < usual_s + 1.0, f"slow while {name} is stopped"
        finally:
            os.kill(pid, signal.SIGCONT)
    rows = desk.settled(sent)
    assert {row["outcome"] for row in rows} == {"new"}
    assert len(desk.listing("tickets")) == sent


def test_a_role_that_is_killed_comes_back_and_nothing_is_lost_or_doubled(desk: Helpdesk) -> None:
    sent = 0
    for name in ("work-0", "courier-0", "doors-0", "web-0", "work-0"):
        os.kill(desk.roles()[name], signal.SIGKILL)
        until(lambda name=name: name in desk.roles(), f"{name} comes back")
        until(lambda: accepts(desk), "the door is open")
        sent += 1
        assert desk.send(mail(sent), SUPPORT).startswith("250 ")
    desk.settled(sent)
    assert len(desk.listing("tickets")) == sent
    until(lambda: len(desk.outgoing()) == 2 * sent, "each mail has its notification and receipt")


def test_after_a_kill_of_everything_the_accepted_mails_are_worked_on(place: Path) -> None:
    desk = Helpdesk(place, workers=2)
    desk.start()
    for pid in (pid for name, pid in desk.roles().items() if name.startswith("work")):
        os.kill(pid, signal.SIGSTOP)
    for number in range(1, 6):
        assert desk.send(mail(number), SUPPORT).startswith("250 ")
    left = desk.roles().values()
    desk.kill()
    until(lambda: not any(_alive(pid) for pid in left), "the roles die with their supervisor")
    desk.start()
    desk.settled(5)
    assert len(desk.listing("tickets")) == 5
    desk.stop()


def test_when_memory_is_short_the_kernel_takes_a_role_and_not_the_supervisor(
    desk: Helpdesk,
) -> None:
    """A role is replaced at once; with the supervisor all of them die."""
    assert desk.process is not None
    supervisor, *roles = (
        int(Path(f"/proc/{pid}/oom_score").read_text())
        for pid in (desk.process.pid, *desk.roles().values())
    )
    assert len(roles) == 5
    assert min(roles) > supervisor


def test_a_role_reads_no_text_of_the_program_when_it_is_started(place: Path) -> None:
    """It may be of another version by then: an upgrade changes the files of a running daemon."""
    (place / "password").write_text("secret")
    (place / "password").chmod(0o600)
    (place / "people.csv").touch()
    more = """
[[imap]]
host = "127.0.0.1"
port = 1
tls = "off"
user = "helpdesk"
password = { file = "password" }
address = "support@helpdesk.example"

[directory.people]
kind = "file"
url = "people.csv"
vo = "atlas"

[[vo]]
name = "atlas"
"""
    desk = Helpdesk(place, {'[[vo]]\nname = "atlas"': more})
    desk.env["PYTHONPROFILEIMPORTTIME"] = "1"
    desk.start()
    log = place / "serve.log"
    until(lambda: "read a directory" in log.read_text(), "the courier has read the directory")
    os.kill(desk.roles()["doors-0"], signal.SIGKILL)
    until(lambda: log.read_text().count('"imap": ') == 2, "the doors are open again")
    desk.stop()
    _, _, of_roles = log.read_text().partition("role started")
    assert "imap" in of_roles
    lines = [line for line in of_roles.splitlines() if line.startswith("import time:")]
    ours = ("gateway", "store", "router", "parsers", "templates")
    assert [line for line in lines if line.split()[-1].startswith(ours)] == []


def test_the_same_mail_sent_again_is_one_ticket(desk: Helpdesk) -> None:
    for _ in range(3):
        assert desk.send(mail(1), SUPPORT).startswith("250 ")
    rows = desk.settled(3)
    assert sorted(row["outcome"] for row in rows) == ["duplicate", "duplicate", "new"]
    assert {tuple(row["tickets"]) for row in rows} == {(100001,)}


def test_an_unknown_mailbox_is_refused_and_the_refusal_is_listed(desk: Helpdesk) -> None:
    reply = desk.send(mail(1), ["nobody@helpdesk.example"])
    assert reply.startswith("550 "), reply
    assert "support@helpdesk.example" in reply
    until(lambda: desk.listing("refusals"), "the refusal is listed")
    assert desk.listing("mails") == []


def test_stopping_under_load_loses_nothing(place: Path) -> None:
    desk = Helpdesk(place, workers=2)
    desk.start()
    for number in range(1, 31):
        assert desk.send(mail(number), SUPPORT).startswith("250 ")
    desk.stop()
    desk.start()
    desk.settled(30)
    assert len(desk.listing("tickets")) == 30
    desk.stop()


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
