"""Answers to what the clock says: heard as any answer, steer as any answer, and never lost."""

from datetime import datetime, timedelta

from sqlalchemy import select
from stage import Said, Stage

from gateway.ticket_clock import tick_tickets
from parsers.mail import hear
from router.decision import Command
from router.thread import ANSWERS_A_LIST
from store.clock_tables import timing
from store.tables import event, outbox, ticket
from tests.work.test_steering import ANNE, TINA, TPM, answer, mail, stage

__all__ = ["stage"]
DAY = timedelta(days=1)


def next_due(stage: Stage) -> datetime:
    """When the last of all clocks is due."""
    with stage.store.reading() as conn:
        found = conn.execute(select(timing.c.due_at)).scalars()
        return max(one for one in found if one is not None)


def ticked(stage: Stage) -> list[Said]:
    """Let the next step come; return what is said."""
    stage.now = next_due(stage)
    tick_tickets(stage.desk)
    return stage.said()


def status(stage: Stage, number: int = 100001) -> str:
    with stage.store.reading() as conn:
        query = select(ticket.c.status).where(ticket.c.number == number)
        return str(conn.execute(query).scalar_one())


def texts(stage: Stage, number: int) -> list[str]:
    with stage.store.reading() as conn:
        query = select(event.c.text).where(event.c.ticket == number)
        return list(conn.execute(query).scalars())


def addresses(stage: Stage) -> dict[int, str]:
    """The reply addresses in the newest list."""
    with stage.store.reading() as conn:
        query = select(outbox.c["values"]).where(outbox.c.kind == "reminder-digest")
        values = conn.execute(query.order_by(outbox.c.id.desc())).scalars().first()
    assert values is not None
    return {one["ticket"]: one["reply_to"] for one in values["tickets"]}


def asked(stage: Stage, number: int = 1) -> None:
    """Let Anne be asked about so many tickets."""
    for one in range(number):
        mail(stage, ANNE, f"They fail: {one}.", subject=f"Jobs fail {one}")
        answer(stage, TINA, "Status: waiting for reply\r\n\r\nWhich files?", TPM)
    stage.said()


def test_a_submitters_answer_to_a_reminder_is_heard_and_ends_the_waiting(stage: Stage) -> None:
    asked(stage)
    (reminder,) = ticked(stage)
    assert str(reminder) == f"reminder -> {ANNE}"
    assert b"Which files?" in reminder.mail
    said = answer(stage, ANNE, "These two.", ANNE)
    assert [str(one) for one in said] == [f"update -> {TPM}"]
    assert status(stage) == "in progress"
    assert "These two." in texts(stage, 100001)


def test_the_last_reminder_says_so_and_then_a_person_is_asked(stage: Stage) -> None:
    asked(stage)
    kinds = []
    for _ in range(3):
        said = ticked(stage)
        kinds += [(str(one), b"last reminder" in one.mail) for one in said]
    assert kinds == [
        (f"reminder -> {ANNE}", False),
        (f"reminder -> {ANNE}", True),
        (f"reminder -> {TPM}", False),
    ]
    said = answer(stage, TINA, "Status: unsolved\r\n\r\nNobody answered.", TPM)
    assert status(stage) == "unsolved"
    assert b"closed for good on" in next(one.mail for one in said if one.recipient == ANNE)


def test_a_supporters_answer_to_a_reminder_steers(stage: Stage) -> None:
    mail(stage, ANNE, "They fail.")
    assert [str(one) for one in ticked(stage)] == [f"reminder -> {TPM}"]
    answer(stage, TINA, "Status: in progress\r\n\r\nI look.", TPM)
    assert status(stage) == "in progress"


def test_a_machines_answer_to_a_reminder_does_not_end_the_waiting(stage: Stage) -> None:
    asked(stage)
    ticked(stage)
    answer(stage, ANNE, "I am away.", ANNE, "Auto-Submitted: auto-replied\r\n")
    assert status(stage) == "waiting for reply"


def test_each_address_in_a_list_leads_to_its_own_ticket(stage: Stage) -> None:
    asked(stage, 2)
    assert [str(one) for one in ticked(stage)] == [f"reminder-digest -> {ANNE}"]
    known = addresses(stage)
    mail(stage, ANNE, "About the second.", known[100002])
    assert (status(stage), status(stage, 100002)) == ("waiting for reply", "in progress")
    assert "About the second." in texts(stage, 100002)


def test_a_supporter_steers_by_an_address_in_a_list(stage: Stage) -> None:
    for one in range(2):
        mail(stage, ANNE, f"They fail: {one}.")
    assert [str(one) for one in ticked(stage)] == [f"reminder-digest -> {TPM}"]
    mail(stage, TINA, "Status: in progress\r\n\r\nI look.", addresses(stage)[100001])
    assert (status(stage), status(stage, 100002)) == ("in progress", "new")


def test_an_answer_to_the_list_itself_is_a_ticket_at_first_line(stage: Stage) -> None:
    asked(stage, 2)
    ticked(stage)
    head = stage.fill(f"In-Reply-To: {{{{message_id {ANNE}}}}}\r\n")
    row, said = mail(
        stage, ANNE, "It works again.", head=head, subject="Re: Grid Helpdesk: 2 tickets wait"
    )
    assert row["outcome"] == "new"
    assert f"notification -> {TPM}" in [str(one) for one in said]
    assert "It works again." in texts(stage, 100003)
    told = next(one.mail for one in said if one.recipient == TPM)
    assert ANSWERS_A_LIST in " ".join(hear(told).visible.split())


def test_an_answer_to_the_list_with_the_tag_of_one_ticket_joins_that_one(stage: Stage) -> None:
    asked(stage, 2)
    ticked(stage)
    head = stage.fill(f"In-Reply-To: {{{{message_id {ANNE}}}}}\r\n")
    row, _ = mail(
        stage, ANNE, "It works again.", head=head, subject="Re: GGUS-Ticket-ID: #100002 list"
    )
    assert row["outcome"] == "comment"
    assert status(stage, 100002) == "in progress"


def test_a_question_that_was_moved_elsewhere_is_not_asked_again(stage: Stage) -> None:
    mail(stage, ANNE, "They fail.")
    answer(stage, TINA, "Which files?", TPM)
    answer(stage, TINA, "Status: waiting for reply\r\n\r\nWhose password is x?", TPM)
    mail(stage, TINA, "Another.")
    with stage.store.reading() as conn:
        query = select(event.c.number).where(event.c.text.contains("password"))
        number = conn.execute(query).scalar_one()
    stage.desk.do(Command("move", 100001, "root (command line)", entry=number, other=100002))
    stage.said()
    (reminder,) = [one for one in ticked(stage) if one.recipient == ANNE]
    assert b"password" not in reminder.mail
    assert b"Which files?" in reminder.mail
