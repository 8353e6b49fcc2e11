"""An alarm for several sites whose sender could not be proven at once: proven later, all wake."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from proven import evidence
from sqlalchemy import select
from stage import Stage

from gateway.clock import prove_again
from parsers.evidence import SenderEvidence
from parsers.mail import hear
from router.words import Outcome, Reason
from store.relation_listing import relations_of
from store.tables import event, mail_ticket
from store.ticket_listing import TicketFilter, history, tickets
from tests.work.mails import NOW, WORLD
from tests.work.test_proving import LATE, OUTSIDE, Answers, answers, settle

__all__ = ["answers"]  # the fixture
MAIL = (
    "From: Mona Many <mona@cern.example>\r\nTo: {to}@helpdesk.example\r\n"
    "Subject: Lost {number}\r\nDate: Mon, 02 Mar 2026 10:00:00 +0000\r\n"
    "Message-ID: <{number}@cern.example>\r\n\r\nSite: {site}\r\nVO: atlas\r\n\r\nDead.\r\n"
)
MONA = """
[[member]]
name = "Mona Many"
addresses = ["mona@cern.example"]
vo = "atlas"
roles = ["team", "alarm", "multisite"]
"""
NL = ["alarm@nikhef.example", "alarm@sara.example"]


@pytest.fixture
def stage(place: Path, store_url: str) -> Iterator[Stage]:
    """Give a federation in which NL-T1 stands for two sites that take alarms."""
    text = WORLD.read_text() + MONA
    for site, name in (("SARA-MATRIX", "sara"), ("NIKHEF-ELPROD", "nikhef")):
        assert f'name = "{site}"\n' in text
        more = f'name = "{site}"\nalarm_address = "alarm@{name}.example"\nalarm_vos = ["atlas"]\n'
        text = text.replace(f'name = "{site}"\n', more)
    world = place / "world.toml"
    world.write_text(text)
    stage = Stage(place, world, NOW, store_url)
    yield stage
    stage.close()


def raw(site: str, to: str = "alarm", number: int = 1) -> bytes:
    return MAIL.format(site=site, to=to, number=number).encode()


def come(stage: Stage, site: str, to: str = "alarm", number: int = 1) -> int:
    """Let the mail come; return its number in the journal."""
    mail = raw(site, to, number)
    kept = stage.keep(
        mail, stage.envelope(mail, [f"{to}@helpdesk.example"], "mona@cern.example", OUTSIDE)
    )
    for _ in range(100):
        pause_s = stage.worker.once()
        if stage.mail(kept)["state"] == "done":
            return kept
        if pause_s >= 1.0:
            stage.worker.link.wait(0.2)
    raise AssertionError("the mail was not decided")


def signed(site: str, to: str = "alarm", number: int = 1) -> SenderEvidence:
    return evidence([{"kind": "dkim"}], hear(raw(site, to, number)))


def opened_by(stage: Stage, number: int) -> tuple[set[int], set[int]]:
    """Return the tickets that a mail is linked with, and those that it opened."""
    linked = select(mail_ticket.c.ticket).where(mail_ticket.c.mail == number)
    opened = select(event.c.ticket).where(event.c.mail == number, event.c.number == 1)
    with stage.store.reading() as conn:
        return set(conn.execute(linked).scalars()), set(conn.execute(opened).scalars())


def woken(stage: Stage) -> list[str]:
    return sorted(one.recipient for one in stage.said() if one.kind == "alarm")


def prove(stage: Stage, minutes: int = 1) -> int:
    stage.now += timedelta(minutes=minutes)
    return asyncio.run(prove_again(stage.desk, stage.worker.prover))


@pytest.mark.parametrize(
    ("site", "alarmed"),
    [
        ("NL-T1", NL),
        ("NIKHEF-ELPROD, SARA-MATRIX", NL),
        ("FZK-LCG2; NL-T1", ["alarm@fzk.example", *NL]),
        ("FZK-LCG2", ["alarm@fzk.example"]),
    ],
)
def test_proven_later_it_wakes_all_that_it_would_have_woken_at_once(
    stage: Stage, answers: Answers, site: str, alarmed: list[str]
) -> None:
    answers.known["Lost 1"] = LATE
    number = come(stage, site)
    assert stage.mail(number)["outcome"] == str(Outcome.HELD)
    assert woken(stage) == []
    assert prove(stage) == 1, "still no answer"
    assert woken(stage) == []
    answers.known["Lost 1"] = signed(site)
    assert prove(stage, 4) == 1
    said = stage.said()
    assert sorted(one.recipient for one in said if one.kind == "alarm") == alarmed
    assert [one.kind for one in said].count("receipt") == len(alarmed), "as if it were at once"
    assert prove(stage, 120) == 0
    assert woken(stage) == [], "nobody is woken twice"
    found = list(tickets(stage.store, TicketFilter()))
    assert {(one.kind, one.held) for one in found} == {("ALARM", None)}
    assert len({one.notified_site for one in found}) == len(found) == len(alarmed)
    numbers = {one.ticket for one in found}
    assert opened_by(stage, number) == (numbers, numbers)


def test_it_says_to_everybody_what_it_would_have_said_at_once(
    stage: Stage, answers: Answers
) -> None:
    answers.known["Lost 1"] = LATE
    come(stage, "NL-T1")
    stage.said()
    answers.known["Lost 1"] = signed("NL-T1")
    prove(stage)
    later = stage.said()
    answers.known["Lost 2"] = signed("NL-T1", number=2)
    come(stage, "NL-T1", number=2)
    at_once = stage.said()
    assert Counter(map(str, later)) == Counter(map(str, at_once))
    for mail in (one.mail for one in later if one.kind in {"alarm", "site-notification"}):
        assert b"  Dead." in mail, "the words of the request"
        assert b"subject names" not in mail, "the held ticket is no clue of its own mail"


@pytest.mark.parametrize("site", ["NL-T1", "FZK-LCG2"])
def test_the_same_mail_by_another_door_wakes_nobody_again(
    stage: Stage, answers: Answers, site: str
) -> None:
    answers.known["Lost 1"] = LATE
    come(stage, site)
    answers.known["Lost 1"] = signed(site)
    prove(stage)
    assert woken(stage) != []
    copy = come(stage, site)
    assert woken(stage) == []
    assert stage.mail(copy)["outcome"] == str(Outcome.DUPLICATE)


def test_a_proven_copy_of_what_a_person_has_confirmed_wakes_nobody_again(
    stage: Stage, answers: Answers
) -> None:
    answers.known["Lost 1"] = LATE
    come(stage, "FZK-LCG2")
    stage.command("confirm", 100001)
    assert woken(stage) == ["alarm@fzk.example"]
    answers.known["Lost 1"] = signed("FZK-LCG2")
    assert stage.mail(come(stage, "FZK-LCG2"))["outcome"] == str(Outcome.DUPLICATE)
    prove(stage)
    assert woken(stage) == []


def test_a_proven_copy_of_an_ordinary_mail_that_was_proven_again_opens_no_second_ticket(
    stage: Stage, answers: Answers
) -> None:
    answers.known["Lost 1"] = LATE
    come(stage, "FZK-LCG2", "support")
    answers.known["Lost 1"] = signed("FZK-LCG2", "support")
    prove(stage)
    copy = come(stage, "FZK-LCG2", "support")
    assert stage.mail(copy)["outcome"] == str(Outcome.DUPLICATE)


def test_a_person_without_the_right_still_names_one_site_only(
    stage: Stage, answers: Answers
) -> None:
    answers.known["Lost 1"] = LATE
    mail = raw("NL-T1").replace(b"Mona Many <mona@", b"Anna Alarmer <anna@")
    stage.keep(mail, stage.envelope(mail, ["alarm@helpdesk.example"], "anna@cern.example", OUTSIDE))
    settle(stage)
    answers.known["Lost 1"] = evidence([{"kind": "dkim"}], hear(mail))
    stage.said()
    assert prove(stage) == 1
    assert woken(stage) == []
    (one,) = tickets(stage.store, TicketFilter())
    assert one.held == str(Reason.ALARM_WITHOUT_SITE)


def test_a_team_ticket_for_several_sites_is_opened_for_each(stage: Stage, answers: Answers) -> None:
    answers.known["Lost 1"] = LATE
    come(stage, "NL-T1", "team")
    answers.known["Lost 1"] = signed("NL-T1", "team")
    assert prove(stage) == 1
    found = list(tickets(stage.store, TicketFilter()))
    assert sorted((one.kind, one.notified_site) for one in found) == [
        ("TEAM", "NIKHEF-ELPROD"),
        ("TEAM", "SARA-MATRIX"),
    ]


@pytest.mark.parametrize("at_once", [True, False])
def test_tickets_of_one_mail_refer_to_each_other_and_say_so(
    stage: Stage, answers: Answers, at_once: bool
) -> None:
    answers.known["Lost 1"] = signed("FZK-LCG2; NL-T1", "team") if at_once else LATE
    come(stage, "FZK-LCG2; NL-T1", "team")
    if not at_once:
        stage.said()
        answers.known["Lost 1"] = signed("FZK-LCG2; NL-T1", "team")
        prove(stage)
    numbers = sorted(one.ticket for one in tickets(stage.store, TicketFilter()))
    assert len(numbers) == 3
    for number in numbers:
        others = [one for one in numbers if one != number]
        there = relations_of(stage.store, number)
        assert [(one.what, one.ticket) for one in there] == [
            ("cross reference", other) for other in others
        ]
        changes = [change for entry in history(stage.store, number) for change in entry.changes]
        names = ", ".join(f"#{other}" for other in others)
        assert ("cross reference", "", names) in changes
    receipts = [one.mail.decode() for one in stage.said() if one.kind == "receipt"]
    assert len(receipts) == 3
    for receipt, number in zip(receipts, numbers, strict=True):
        one, two = (other for other in numbers if other != number)
        said = receipt.replace("\r\n  ", " ")
        assert f"RELATED TICKETS: cross reference #{one}; cross reference #{two}" in said
        assert f"The same mail has opened #{one}, #{two}." in said
