"""What follows for open tickets and operators when sites change, on both databases."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from gateway.clock import tick
from router.decision import Decision
from router.directories import Said
from router.ticket import Participant, Ticket, TicketKind
from router.words import Outcome, Priority, Reason, Role, Status
from store.commit import Decided, write
from store.rows import read_tickets
from store.tables import event, outbox
from tests.directories.conftest import Office, Opening
from tests.directories.playing import Player, document, gocdb

USERS = "/voms/atlas/apiv2/users"
NOT_FJELL = document("gocdb-sites.xml").replace(
    b"<CERTIFICATION_STATUS>Certified</CERTIFICATION_STATUS>",
    b"<CERTIFICATION_STATUS>Suspended</CERTIFICATION_STATUS>", 1,
)  # fmt: skip


def opened(there: Office, site: str, unit: str, **more: Any) -> int:
    """Write an open ticket that notifies a site, as a mail would have left it."""
    ticket = Ticket(
        0, 0, TicketKind.USER, TicketKind.USER, Status.ASSIGNED, None, Priority.LESS_URGENT,
        "It fails", "anna@physics.example", unit, there.now, there.now, notified_site=site,
    )  # fmt: skip
    people = (
        Participant(Role.SUBMITTER, "anna@physics.example"),
        Participant(Role.SUPPORTER, "helpdesk@ngi-north.example", unit),
        Participant(Role.SITE, "admins@fjell.example", site),
    )
    decision = Decision(Outcome.NEW, (Reason.SITE_NAMED,), replace(ticket, **more), joins=people)
    with there.store.writing() as conn:
        numbers = write(conn, [Decided((decision,))], there.desk.policy, there.now)
    return numbers[0][0]


def ticket_of(there: Office, number: int) -> Ticket:
    with there.store.reading() as conn:
        return read_tickets(conn, [number])[number]


def test_a_site_that_loses_its_certification_is_taken_from_open_tickets(
    office: Opening, player: Player
) -> None:
    there = office("goc")
    there.sync("goc")
    touched = opened(there, "FJELL-LCG2", "NGI_OLD")
    solved = opened(there, "FJELL-LCG2", "NGI_NORTH", status=Status.SOLVED)
    held = opened(there, "FJELL-LCG2", "TPM", held=Reason.UNPROVEN)
    other = opened(there, "DUIN-ELPROD", "NGI_NORTH")
    assert there.desk.known.registry.find_sites("FJELL-LCG2")[0].routable  # kept for some seconds
    player.answers["/gocdbpi"] = gocdb(get_site=NOT_FJELL)
    there.sync("goc")
    tick(there.desk)
    tick(there.desk)
    ticket = ticket_of(there, touched)
    assert (ticket.notified_site, ticket.support_unit) == ("", "NGI_NORTH")
    assert {(p.role, p.address) for p in ticket.participants} == {
        (Role.SUBMITTER, "anna@physics.example"), (Role.SUPPORTER, "helpdesk@ngi-north.example"),
    }  # fmt: skip
    with there.store.reading() as conn:
        rows = conn.execute(select(event).where(event.c.ticket == touched)).mappings().all()
        mails = conn.execute(
            select(outbox.c.recipient).where(outbox.c.ticket == touched, outbox.c.kind == "update")
        ).scalars().all()  # fmt: skip
    assert [row["kind"] for row in rows] == ["site no longer notified"]
    assert rows[0]["by"] == "ticketgate"
    assert "FJELL-LCG2 is suspended" in rows[0]["text"]
    assert [change[0] for change in rows[0]["changes"]] == [
        "notified site", "responsible unit",
    ]  # fmt: skip
    assert mails == ["helpdesk@ngi-north.example"]
    for untouched, site in ((solved, "FJELL-LCG2"), (held, "FJELL-LCG2"), (other, "DUIN-ELPROD")):
        assert ticket_of(there, untouched).notified_site == site


def test_a_site_that_is_listed_no_more_leaves_its_tickets_to_their_unit(
    office: Opening, player: Player
) -> None:
    there = office("goc")
    there.sync("goc")
    number = opened(there, "FJELL-LCG2", "NGI_NORTH")
    gone = document("gocdb-sites.xml").replace(b"FJELL-LCG2", b"FJELL-NEW")
    player.answers["/gocdbpi"] = gocdb(get_site=gone)
    assert there.sync("goc").said is Said.OK
    tick(there.desk)
    ticket = ticket_of(there, number)
    assert (ticket.notified_site, ticket.support_unit) == ("", "NGI_NORTH")


def test_a_site_that_is_back_before_the_clock_looks_keeps_its_tickets(
    office: Opening, player: Player
) -> None:
    there = office("goc")
    there.sync("goc")
    number = opened(there, "FJELL-LCG2", "NGI_NORTH")
    player.answers["/gocdbpi"] = gocdb(get_site=NOT_FJELL)
    there.sync("goc")
    player.answers["/gocdbpi"] = gocdb()
    there.sync("goc")
    tick(there.desk)
    assert ticket_of(there, number).notified_site == "FJELL-LCG2"


def test_no_ticket_loses_its_site_while_a_directory_has_never_been_read(office: Opening) -> None:
    there = office("goc", "people")
    number = opened(there, "ONLY-IN-GOCDB", "NGI_NORTH")
    there.sync("people")
    tick(there.desk)
    assert ticket_of(there, number).notified_site == "ONLY-IN-GOCDB"


def test_tier_1_sites_without_alarm_address_are_told_of_daily_until_there_is_one(
    office: Opening, player: Player
) -> None:
    there = office("goc")
    told: list[int] = []
    for _ in range(3):
        there.sync("goc")
        for _ in range(2):
            tick(there.desk)
        told.append(len(there.notices()))
        there.now += timedelta(hours=25)
    assert told == [1, 2, 3]
    title, *lines = there.notices()[0]
    assert title == "Sites without an alarm address"
    assert lines == ["DUIN-ELPROD (tier 1, from goc): an alarm goes to grid@duin.example"]
    there.sync("goc")
    there.sync("goc")
    tick(there.desk)
    assert len(there.notices()) == 4
    address = b"<ALARM_EMAIL>a@duin.example</ALARM_EMAIL>"
    before = b"<CONTACT_EMAIL>grid@duin"
    fixed = document("gocdb-sites.xml").replace(before, address + before)
    player.answers["/gocdbpi"] = gocdb(get_site=fixed)
    for _ in range(3):
        there.now += timedelta(hours=25)
        there.sync("goc")
        tick(there.desk)
    assert len(there.notices()) == 4


def test_a_site_that_is_closed_is_taken_from_open_tickets_though_an_alias_stands_by_hand(
    office: Opening, player: Player
) -> None:
    there = office("goc", more='[[site]]\nname = "FJELL-LCG2"\naliases = ["NO-FJELL"]\n')
    there.sync("goc")
    number = opened(there, "FJELL-LCG2", "NGI_NORTH")
    gone = document("gocdb-sites.xml").replace(b"FJELL-LCG2", b"FJELL-NEW")
    player.answers["/gocdbpi"] = gocdb(get_site=gone)
    assert there.sync("goc").said is Said.OK
    tick(there.desk)
    assert ticket_of(there, number).notified_site == ""
