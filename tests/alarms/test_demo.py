"""docs/demo.md as it is typed: the demo's alarmer pages by certificate and by DKIM, no forger does.

The name server, the mail server, OpenSSL and OpenDKIM are the real ones.
"""

import json
import smtplib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running import until

from store.listing import MailRow
from tests.alarms.demo import Demo, blocks
from tests.postfix.postfix import Postfix, why_not
from tests.proofs import nameserver, opendkim

pytestmark = pytest.mark.skipif(
    nameserver.PROGRAM is None, reason="nsd is not installed (tests/servers/packages.txt)"
)
HELD = "alarm wanted, not proven"
DKIM, SMIME, FORGED = ("new", "proven by DKIM"), ("new", "proven by S/MIME"), ("held", HELD)
PAGER = "t1-alarms@fjell.example"
PAGES = f"mail: alarm to {PAGER} (site)"
NSD = blocks("By DKIM")[0].splitlines()[0]


@pytest.fixture
def demo(place: Path) -> Iterator[Demo]:
    """The demo as `init` makes it."""
    made = Demo(place)
    yield made
    made.stop()


@pytest.fixture
def postfix(demo: Demo) -> Postfix:
    """A Postfix that knows nothing of the demo yet; what is typed goes to it."""
    demo.mta = Postfix(demo.place / "mta", "error:not told yet")
    demo.mta.start()
    return demo.mta


def pages(demo: Demo, count: int) -> None:
    """Wait for so many pages, as the document looks for them; there is none besides."""
    (grep,) = (x for x in blocks("By certificate")[1].splitlines() if x.startswith("grep"))

    def found() -> list[str]:
        lines = [
            line for line in demo.typed(grep, good=False).splitlines() if line.startswith(".run/")
        ]
        return lines if len(lines) >= count else []

    assert len(until(found, f"{count} pages: {demo.tail()}")) == count


def ends(rows: list[MailRow]) -> list[tuple[str, str]]:
    """Return how mails ended, and the first reason."""
    return [(row.outcome, row.reasons[0]) for row in rows]


def hand_over(postfix: Postfix, raw: bytes) -> None:
    """Send a mail of Ada's to the alarm address through Postfix."""
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=30) as client:
        client.sendmail("ada@atlas.example", ["alarm@helpdesk.example"], raw)


@pytest.mark.skipif(bool(why_not()), reason=why_not())  # honest without root; red under CI
@pytest.mark.skipif(opendkim.PROGRAM is None, reason="OpenDKIM is not installed")
def test_ada_pages_and_the_forger_does_not_as_the_document_says(
    demo: Demo, postfix: Postfix
) -> None:
    demo.start()
    send, look = blocks("By certificate")
    demo.typed(send)
    assert ends(demo.decided(3)) == [SMIME, FORGED, FORGED]
    pages(demo, 1)
    assert demo.typed(look).count(HELD) == 2

    (dkim,) = blocks("By DKIM")
    demo.typed(dkim)
    assert ends(demo.decided(5))[3:] == [DKIM, FORGED]
    pages(demo, 2)

    (through,) = blocks("Through a real mail server")
    demo.typed(through)
    rows = demo.decided(10)[5:]
    assert sorted(ends(rows)) == sorted([DKIM, SMIME, FORGED, FORGED, FORGED])
    assert len(postfix.lines("status=sent", "to=<alarm@helpdesk.example>", "kept as")) == 5
    pages(demo, 4)
    for (outcome, reason), row in {ends([row])[0]: row for row in rows}.items():
        story = demo.story(row.tickets[0])
        sent = [mail["recipient"] for mail in story["outgoing"] if mail["kind"] == "alarm"]
        passed = [p["status"] for one in story["evidence"] for p in one["proofs"]].count("pass")
        assert reason in story["history"][0]["reasons"]
        if outcome == "new":
            assert (story["kind"], story["held"], sent) == ("ALARM", None, [PAGER])
            assert passed
        else:
            assert (story["kind"], story["held"], sent) == ("USER", HELD, [])
            assert not passed

    (own,) = blocks("With other programs")
    explained = demo.typed(own)
    assert "smime=pass /DC=example/DC=grid/OU=Users/CN=Ada Example, for From" in explained
    assert PAGES in explained
    assert ends(demo.decided(11))[10:] == [SMIME]
    pages(demo, 5)

    signed = opendkim.signs(
        demo.place,
        demo.typed(".venv/bin/ticketgate send-sample --print alarm").replace("\n", "\r\n").encode(),
        "relaxed/relaxed",
        domain="atlas.example",
        selector="demo",
        key=(demo.run / "people" / "ada.dkim.pem").read_bytes(),
    )
    changed = signed.replace(b"refuses every connection", b"takes every connection")
    assert changed != signed
    hand_over(postfix, changed)
    assert ends(demo.decided(12))[11:] == [FORGED]
    hand_over(postfix, signed)
    assert ends(demo.decided(13))[12:] == [DKIM]
    pages(demo, 6)

    demo.halt()
    (end,) = blocks("The end")
    demo.typed(end)
    assert not demo.run.exists()


def test_explain_says_why_and_without_the_name_server_it_is_said_what_is_missing(
    demo: Demo,
) -> None:
    (why,) = blocks("Why")
    dkim = why.splitlines()[0].partition("|")[0]
    told = demo.typed(dkim)
    assert "no name server knows demo._domainkey.atlas.example" in told
    assert NSD in told.replace(f"{demo.place}/", "")
    assert "apt-get install nsd" in told

    demo.typed(NSD)
    assert "no name server" not in demo.typed(dkim)
    shown = zip(
        map(demo.typed, why.splitlines()),
        ("dkim=pass atlas", "dkim=fail atlas", "smime=pass /DC=", "smime=fail /DC="),
        ("proven by DKIM", HELD, "proven by S/MIME", HELD),
        (True, False, True, False),
        strict=True,
    )
    for text, proof, reason, paged in shown:
        assert proof in text
        assert reason in text
        assert (PAGES in text) is paged


def test_the_site_shows_the_alarm_confirms_it_and_a_person_answers(demo: Demo) -> None:
    demo.start()
    demo.typed(blocks("By certificate")[0].splitlines()[1])
    pages(demo, 1)
    pipe, answer, look = blocks("The site's side")
    told = demo.typed(pipe)
    (alarm,) = [row for row in demo.decided(2) if row.outcome == "new"]
    (number,) = alarm.tickets
    log = demo.run / "site" / "monitoring.log"
    assert log.read_text().startswith(f"helpdesk.example/{number} firing critical atlas: ")
    assert log.read_text() in told
    row = until(lambda: heard(demo, "receipt_at"), f"the receipt is heard: {demo.tail()}")
    assert (row["status"], row["answered_at"]) == ("assigned", None)

    demo.typed(answer)
    row = until(lambda: heard(demo, "answered_at"), f"the answer is heard: {demo.tail()}")
    assert (row["status"], row["answered_by"]) == ("in progress", "Olga Example at FJELL-LCG2")
    shown = demo.typed(f"{answer.splitlines()[0]}\n{look}")
    assert "Olga Example" in shown
    assert "On my way." in shown

    out = demo.run / "outgoing" / "new"
    until(
        lambda: any(b"ACKNOWLEDGED" in mail.read_bytes() for mail in out.iterdir()),
        f"the site is told: {demo.tail()}",
    )
    demo.typed(pipe)
    assert [line.split()[1] for line in log.read_text().splitlines()] == [
        "firing", "acknowledged",
    ]  # fmt: skip


def heard(demo: Demo, what: str) -> dict[str, Any]:
    """Return the one alarm once `what` of it is known."""
    rows = demo.typed(".venv/bin/ticketgate alarms --json").splitlines()
    (row,) = map(json.loads, rows)
    found: dict[str, Any] = row
    return found if found[what] else {}
