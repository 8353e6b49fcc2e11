"""An alarm that nobody has answered waits for no other ticket, however it came to that."""

from dataclasses import replace

from parsers.alarm import AlarmStatus
from parsers.roster import Member
from router.alarming import alarm_status
from router.decide import decide
from router.decision import Clue, Facts
from router.ticket import Paging, Relation, Ticket, TicketKind, Tie
from router.tokens import TokenClass
from router.words import Reason, Status
from tests.router.replies import ALARMER, PEOPLE, SUPPORTER, WORLD, about, by, changes
from tests.router.test_decision_table import NOW, POLICY
from tests.router.test_relations import all_after, other

WAITS = (Relation(Tie.MASTER, 12),)
MASTER = replace(other(), relations=(Relation(Tie.SLAVE, 7),))
CONVERT = "Convert: alarm\nAlarm: helpdesk.example\n\nAll is down."


def of_a_team(**fields: object) -> Ticket:
    return about(TicketKind.TEAM, **{"status": Status.ON_HOLD, **fields})


def test_a_slave_that_becomes_an_alarm_waits_no_longer() -> None:
    one, master = all_after(by(ALARMER, CONVERT), of_a_team(relations=WAITS), MASTER)
    assert one.ticket is not None
    assert one.ticket.relations == ()
    assert one.unties == WAITS
    assert one.ticket.status is Status.ASSIGNED
    assert alarm_status(one.ticket) is AlarmStatus.FIRING
    assert changes(one)["master"] == ("#12", "")
    assert changes(master)["slave"] == ("#7", "")


def test_a_slave_that_is_an_alarm_again_waits_no_longer() -> None:
    over = Paging(answered_at=NOW, answered_by="Site", over_at=NOW)
    solved = about(
        TicketKind.ALARM, status=Status.SOLVED, solution="Ours.", relations=WAITS, paging=over
    )
    done = replace(MASTER, status=Status.SOLVED, solution="Ours.")
    one, master = all_after(by(ALARMER, "Reopen: yes\n\nStill down."), solved, done)
    assert one.ticket is not None
    assert alarm_status(one.ticket) is AlarmStatus.FIRING
    assert one.ticket.relations == ()
    assert master.ticket is not None
    assert master.ticket.relations == ()


def test_a_slave_that_is_opened_again_and_is_no_alarm_stays_one() -> None:
    solved = about(status=Status.SOLVED, solution="Ours.", relations=WAITS)
    one = all_after(by(SUPPORTER, "Reopen: yes\n\nStill down."), solved, MASTER)[0]
    assert one.ticket is not None
    assert one.ticket.relations == WAITS


def test_one_mail_does_not_make_an_alarm_of_a_ticket_that_it_lets_wait() -> None:
    both = Member("Anna", (ALARMER,), roles=frozenset({"support"}))
    people = replace(PEOPLE, members=(*PEOPLE.members, both))
    clue = Clue(Reason.THREAD_TOKEN, 7, token_class=TokenClass.PERSON, token_row=2)
    facts = Facts(WORLD, people, found=((clue, of_a_team()),), related={12: other()})
    one, _ = decide(by(ALARMER, f"Master: #12\n{CONVERT}"), facts, POLICY, NOW)
    assert one.ticket is not None
    assert one.ticket.kind is TicketKind.TEAM
    assert one.ties == WAITS
    assert one.unties == ()
    assert "waits for no other ticket" in one.notes[0]
