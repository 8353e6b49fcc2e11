"""A real Postfix hands us mail by LMTP, over TCP and over a unix socket: an answer for each one."""

import smtplib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from postfix import Postfix, why_not
from running import Helpdesk, mail, until

from tests.ports import free_port

pytestmark = [
    pytest.mark.skipif(bool(why_not()), reason=why_not()),  # honest without root; red under CI
]

ROOT = Path(__file__).parents[2]
SUPPORT = "support@helpdesk.example"
THREE = [SUPPORT, "team@helpdesk.example", "alarm@helpdesk.example"]
ANNA = "anna@physics.example"


class Behind:
    """Our daemon behind a Postfix."""

    def __init__(self, place: Path, *, unix: bool, more: dict[str, str] | None = None) -> None:
        (place / "desk").mkdir()
        if unix:
            listen, group = f"unix:{place}/desk/lmtp", "postfix"
            way = f"lmtp:unix:{place}/desk/lmtp"
        else:
            port = free_port()
            listen, group, way = f"127.0.0.1:{port}", "", f"lmtp:inet:127.0.0.1:{port}"
        self.mta = Postfix(place / "mta", way, more)
        door = f'[lmtp]\nlisten = "{listen}"\nsocket_group = "{group}"\n\n[store]'
        self.desk = Helpdesk(place / "desk", {"[store]": door})

    def hand_over(self, raw: bytes, to: list[str]) -> None:
        with smtplib.SMTP("127.0.0.1", self.mta.port, timeout=30) as client:
            client.sendmail(ANNA, to, raw)

    def sent(self) -> list[str]:
        """Return the lines in which Postfix says that it delivered to us."""
        return self.mta.lines("@helpdesk.example>", "/lmtp[", "status=sent")


@pytest.fixture(params=[False, True], ids=["tcp", "unix"])
def behind(place: Path, request: pytest.FixtureRequest) -> Iterator[Behind]:
    both = Behind(place, unix=request.param)
    both.mta.begin()
    both.desk.start()
    both.mta.wait()
    yield both
    both.desk.stop()
    both.mta.stop()


def test_three_recipients_of_ours_are_one_ticket_and_three_deliveries(behind: Behind) -> None:
    behind.hand_over(mail(1), THREE)
    until(lambda: len(behind.sent()) == 3, f"three deliveries {behind.mta.log()}")
    assert all("250 2.0.0 kept as 1" in line for line in behind.sent())
    assert len(behind.desk.settled(1)) == 1
    assert len(behind.desk.listing("tickets")) == 1
    until(lambda: "queue is empty" in behind.mta.queued(), "nothing is left in its queue")


def test_an_unknown_recipient_bounces_alone(behind: Behind) -> None:
    behind.hand_over(mail(1), [SUPPORT, "nobody@helpdesk.example"])
    back = until(lambda: behind.mta.mails(ANNA), f"the bounce {behind.mta.log()}")
    assert len(back) == 1
    report = back[0].split("This is the mail system at host")[1].split("--")[0]
    assert "<nobody@helpdesk.example>" in report
    assert f"<{SUPPORT}>" not in report.replace("The helpdesk is", "")
    assert len(behind.sent()) == 1
    assert len(behind.desk.settled(1)) == 1
    assert len(behind.desk.listing("tickets")) == 1


def test_while_we_are_away_postfix_keeps_the_mails_and_then_nothing_is_lost_or_doubled(
    behind: Behind,
) -> None:
    behind.desk.stop()
    for number in (1, 2, 3):
        behind.hand_over(mail(number), THREE[:2])
    until(lambda: len(behind.mta.lines("status=deferred")) >= 6, "all are deferred")
    behind.desk.start()
    until(lambda: len(behind.sent()) == 6, f"all are delivered {behind.mta.log()}")
    assert len(behind.desk.settled(3)) == 3
    assert len(behind.desk.listing("tickets")) == 3
    until(lambda: "queue is empty" in behind.mta.queued(), "nothing is left in its queue")


def test_a_temporary_fault_of_ours_is_tried_again_for_each_recipient_and_is_one_ticket(
    behind: Behind,
) -> None:
    other = sqlite3.connect(behind.desk.place / "journal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # nobody can write the journal now
    behind.hand_over(mail(1), THREE)
    until(
        lambda: all(behind.mta.lines(f"to=<{one}>", "status=deferred", "451 ") for one in THREE),
        f"deferred for each {behind.mta.log()}",
    )
    assert behind.desk.listing("mails") == []
    other.execute("ROLLBACK")
    other.close()
    until(lambda: len(behind.sent()) == 3, f"delivered to each {behind.mta.log()}")
    kept = int(behind.sent()[-1].rpartition("kept as ")[2].rstrip(")"))
    outcomes = [row["outcome"] for row in behind.desk.settled(kept)]
    assert outcomes[-1] == "held"
    # A commit that ended just after the 451 was said has kept the mail all the same.
    assert set(outcomes[:-1]) <= {"duplicate"}
    assert len(behind.desk.listing("tickets")) == 1


def test_postfix_that_knows_our_addresses_refuses_others_itself_and_takes_our_tokens(
    place: Path,
) -> None:
    known = place / "recipients"
    known.write_text((ROOT / "packaging" / "postfix" / "recipients").read_text())
    known.chmod(0o644)
    both = Behind(place, unix=True, more={"relay_recipient_maps": f"regexp:{known}"})
    both.mta.begin()
    both.desk.start()
    both.mta.wait()
    try:
        with smtplib.SMTP("127.0.0.1", both.mta.port, timeout=30) as client:
            client.ehlo()
            client.mail(ANNA)
            for to in ("nobody@helpdesk.example", "reply@helpdesk.example", "x+reply+a@x.example"):
                assert client.rcpt(to)[0] in {550, 554}, to
            ours = ("reply+abc", "bounces+abc", "bounces", "postmaster", "Support")
            for to in (*THREE, *(f"{box}@helpdesk.example" for box in ours)):
                assert client.rcpt(to)[0] == 250, to
        both.hand_over(mail(1), ["reply+abc@helpdesk.example"])  # no valid token, but ours
        until(both.sent, f"delivered {both.mta.log()}")
        assert len(both.desk.settled(1)) == 1
    finally:
        both.desk.stop()
        both.mta.stop()
