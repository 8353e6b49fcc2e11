"""Relations, merging and moving with the real store, on both databases, by mail and by command."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from stage import Stage

from parsers.block import KEYS, Field
from parsers.errors import Refused
from router.decision import Command
from router.ticket import Relation, Ticket, Tie
from store.relation_listing import moved_from, relations_of
from store.relation_tables import moved_entry, relation
from store.rows import read_comments, read_tickets
from store.tables import mail_ticket, thread_id
from store.ticket_listing import EventRow, find_ticket, history, participants
from tests.work.test_steering import ANNE, NOW, TINA, TPM, WORLD, answer, mail

JOE = "joe@lab.example"
FIRST, SECOND, THIRD = 100001, 100002, 100003


@pytest.fixture
def stage(place: Path, store_url: str) -> Iterator[Stage]:
    stage = Stage(place, WORLD, NOW, store_url)
    yield stage
    stage.close()


def command(stage: Stage, number: int, text: str = "", **lines: str) -> None:
    fields = tuple(
        Field(KEYS[key.replace("_", " ")], value, f"{key}: {value}") for key, value in lines.items()
    )
    stage.desk.do(Command("steer", number, "root (command line)", text, lines=fields))


def move(stage: Stage, number: int, entry: int, other: int = 0) -> None:
    stage.desk.do(Command("move", number, "root (command line)", entry=entry, other=other))


def ticket(stage: Stage, number: int) -> Ticket:
    with stage.store.reading() as conn:
        return read_tickets(conn, [number])[number]


def entries(stage: Stage, number: int) -> list[EventRow]:
    return list(history(stage.store, number))


def people(stage: Stage, number: int) -> set[tuple[str, str]]:
    return {(one.role, one.address) for one in participants(stage.store, number)}


def two(stage: Stage) -> None:
    """Let Anne and Joe open a ticket each."""
    mail(stage, ANNE, "They fail.")
    mail(stage, JOE, "Mine fail.")


def test_a_relation_by_mail_is_kept_for_both_and_ends_for_both(stage: Stage) -> None:
    two(stage)
    answer(stage, TINA, f"Master: #{FIRST}\r\n\r\nThe same disk.", TPM)
    assert ticket(stage, SECOND).relations == (Relation(Tie.MASTER, FIRST),)
    assert ticket(stage, FIRST).relations == (Relation(Tie.SLAVE, SECOND),)
    assert ticket(stage, SECOND).status == "on hold"
    (row,) = relations_of(stage.store, FIRST)
    assert (row.what, row.ticket, row.status) == ("slave", SECOND, "on hold")
    assert "slave" in str(entries(stage, FIRST)[-1].changes)
    assert entries(stage, FIRST)[-1].by == TINA
    assert entries(stage, FIRST)[-1].mail is None, "the mail was written to the other"
    row_of = find_ticket(stage.store, FIRST)
    assert row_of is not None
    assert len(row_of.message_ids) == 1
    command(stage, FIRST, unlink=f"#{SECOND}")
    assert ticket(stage, SECOND).relations == ticket(stage, FIRST).relations == ()
    assert ticket(stage, SECOND).status == "in progress"


def test_slaves_are_solved_with_their_master(stage: Stage) -> None:
    two(stage)
    command(stage, SECOND, master=str(FIRST))
    stage.said()
    command(stage, FIRST, "A cable.", status="solved")
    assert ticket(stage, SECOND).status == "solved"
    assert ticket(stage, SECOND).solution == "A cable."
    assert f"solution -> {JOE}" in [str(one) for one in stage.said()]


def test_parents_wait_for_children_and_go_on(stage: Stage) -> None:
    two(stage)
    mail(stage, ANNE, "And this.")
    for child in (SECOND, THIRD):
        command(stage, child, parent=str(FIRST))
    assert ticket(stage, FIRST).status == "on hold"
    with pytest.raises(Refused, match=f"open: #{SECOND}, #{THIRD}"):
        command(stage, FIRST, "Done.", status="solved")
    command(stage, SECOND, "Done.", status="solved")
    assert ticket(stage, FIRST).status == "on hold"
    command(stage, THIRD, "No.", status="unsolved")
    assert ticket(stage, FIRST).status == "in progress"
    command(stage, FIRST, "Done.", status="solved")


def test_sixteen_duplicates_of_one_are_one_too_many(stage: Stage) -> None:
    for _ in range(17):
        mail(stage, ANNE, "They fail.")
    for number in range(FIRST + 1, FIRST + 16):
        command(stage, number, duplicate_of=str(FIRST))
    with pytest.raises(Refused, match="has 15 duplicates, and more are not possible"):
        command(stage, FIRST + 16, duplicate_of=str(FIRST))
    assert len(ticket(stage, FIRST).relations) == 15
    assert ticket(stage, FIRST + 16).status == "new"


def test_a_cross_reference_is_the_same_from_both_sides(stage: Stage) -> None:
    two(stage)
    command(stage, SECOND, cross_reference=str(FIRST))
    with pytest.raises(Refused, match="cross reference already"):
        command(stage, FIRST, cross_reference=f"#{SECOND}")
    with stage.store.reading() as conn:
        rows = [tuple(row) for row in conn.execute(select(relation)).all()]
    assert [row[:3] for row in rows] == [(FIRST, "cross reference", SECOND)]
    command(stage, FIRST, unlink=str(SECOND))
    assert ticket(stage, SECOND).relations == ()


def test_answers_to_a_merged_ticket_come_to_the_survivor(stage: Stage) -> None:
    two(stage)
    old = stage.fill(f"{{{{token {JOE}}}}}")
    thread = stage.fill(f"In-Reply-To: {{{{message_id {JOE}}}}}\r\n")
    command(stage, SECOND, merge_into=f"#{FIRST}")
    said = [str(one) for one in stage.said()]
    assert f"update -> {JOE}" in said
    merged = ticket(stage, SECOND)
    assert (merged.status, merged.solution) == ("unsolved", f"Merged into #{FIRST}.")
    assert ("cc", JOE) in people(stage, FIRST)
    before = len(entries(stage, SECOND))
    row, said_now = mail(stage, JOE, "Still.", f"reply+{old}@helpdesk.example")
    assert "its ticket was merged into this one" in str(row["reasons"])
    assert entries(stage, FIRST)[-1].text.strip() == "Still."
    assert len(entries(stage, SECOND)) == before
    assert f"update -> {ANNE}" in [str(one) for one in said_now]
    mail(stage, JOE, "By reference.", head=thread)
    assert entries(stage, FIRST)[-1].text.strip() == "By reference."
    tag = f"Re: GGUS-Ticket-ID: #{SECOND} x"
    mail(stage, JOE, "By number.", subject=tag)
    assert entries(stage, FIRST)[-1].text.strip() == "By number."
    with pytest.raises(Refused, match=f"#{SECOND} was merged into it"):
        command(stage, FIRST, merge_into=f"#{SECOND}")


def test_a_survivor_may_be_merged_and_all_answers_follow(stage: Stage) -> None:
    two(stage)
    old = stage.fill(f"{{{{token {JOE}}}}}")
    mail(stage, ANNE, "Third.")
    command(stage, SECOND, merge_into=str(FIRST))
    command(stage, FIRST, merge_into=str(THIRD))
    mail(stage, JOE, "Still.", f"reply+{old}@helpdesk.example")
    assert entries(stage, THIRD)[-1].text.strip() == "Still."
    assert ("cc", JOE) in people(stage, THIRD)


def test_a_merge_is_undone_at_the_terminal(stage: Stage) -> None:
    two(stage)
    old = stage.fill(f"{{{{token {JOE}}}}}")
    command(stage, SECOND, merge_into=str(FIRST))
    command(stage, SECOND, "It is another.", status="reopened")
    assert ticket(stage, SECOND).relations == ()
    mail(stage, JOE, "Still.", f"reply+{old}@helpdesk.example")
    assert entries(stage, SECOND)[-1].text.strip() == "Still."


def test_the_survivors_unit_gets_what_was_said_and_nothing_internal(stage: Stage) -> None:
    two(stage)
    answer(stage, TINA, "Internal: yes\r\n\r\nSecret.", TPM)
    said = answer(stage, TINA, f"Merge into: #{FIRST}", TPM)
    texts = [one.mail.decode() for one in said if one.recipient == TPM]
    assert any("Mine fail." in text for text in texts)
    assert not any("Secret." in one.mail.decode() for one in said)


def test_a_moved_comment_stays_marked_and_its_answers_follow(stage: Stage) -> None:
    two(stage)
    row, _ = mail(stage, JOE, "Not here.", f"reply+{{{{token {ANNE}}}}}@helpdesk.example")
    stage.said()
    move(stage, FIRST, 2, SECOND)
    stays, mark = entries(stage, FIRST)[1:]
    assert stays.text.strip() == "Not here.", "nothing is deleted"
    assert mark.changes == (("moved to", "entry 2", f"#{SECOND}"),)
    came, how = entries(stage, SECOND)[-2:]
    assert (came.text.strip(), came.mail) == ("Not here.", row["mail"])
    assert how.by == "root (command line)"
    assert f"#{FIRST}, entry 2" in how.changes[0][1]
    assert moved_from(stage.store, FIRST) == {2: (SECOND, came.number)}
    with stage.store.reading() as conn:
        assert read_comments(conn, FIRST) == ()
        linked = select(mail_ticket.c.ticket).where(mail_ticket.c.mail == row["mail"])
        assert set(conn.execute(linked).scalars()) == {FIRST, SECOND}
        ids = select(thread_id.c.ticket).where(thread_id.c.message_id == row["message_id"])
        assert conn.execute(ids).scalars().all() == [SECOND]
    with pytest.raises(Refused, match=f"was moved to ticket {SECOND} before"):
        move(stage, FIRST, 2, SECOND)
    mail(stage, JOE, "More.", head=f"In-Reply-To: {row['message_id']}\r\n")
    assert entries(stage, SECOND)[-1].text.strip() == "More."


def test_a_comment_that_is_split_off_opens_a_ticket_and_both_name_each_other(
    stage: Stage,
) -> None:
    mail(stage, ANNE, "They fail.")
    mail(stage, JOE, "Mine are lost.", f"reply+{{{{token {ANNE}}}}}@helpdesk.example")
    stage.said()
    move(stage, FIRST, 2)
    new = ticket(stage, SECOND)
    assert (new.submitter, new.kind) == (JOE, "USER")
    assert new.relations == (Relation(Tie.CROSS, FIRST),)
    assert ticket(stage, FIRST).relations == (Relation(Tie.CROSS, SECOND),)
    assert entries(stage, FIRST)[-1].changes[0][2] == f"#{SECOND}"
    assert entries(stage, SECOND)[0].text.strip() == "Mine are lost."
    said = stage.said()
    assert f"receipt -> {JOE}" in [str(one) for one in said]
    assert not any(b"#(new)" in one.mail for one in said)
    mail(stage, JOE, "More.", f"reply+{{{{token {JOE}}}}}@helpdesk.example")
    assert entries(stage, SECOND)[-1].text.strip() == "More."


def test_what_is_refused_leaves_no_trace(stage: Stage) -> None:
    two(stage)
    before = (entries(stage, FIRST), entries(stage, SECOND))
    for bad in (lambda: move(stage, FIRST, 1, SECOND), lambda: move(stage, FIRST, 9)):
        with pytest.raises(Refused):
            bad()
    with pytest.raises(Refused):
        command(stage, FIRST, master=str(FIRST), cross_reference=str(SECOND))
    assert (entries(stage, FIRST), entries(stage, SECOND)) == before
    with stage.store.reading() as conn:
        assert conn.execute(select(relation)).all() == []
        assert conn.execute(select(moved_entry)).all() == []


def test_explain_says_what_is_then_written(stage: Stage) -> None:
    """The same decisions, for every ticket that a reply reaches."""
    from proven import evidence

    from parsers.digest import sha256_of
    from parsers.mail import hear

    two(stage)
    mail(stage, ANNE, "And this.")
    command(stage, SECOND, master=str(FIRST))
    for number, text in enumerate((f"Parent: #{FIRST}", "Status: solved\r\n\r\nDone.", "Words.")):
        raw = stage.fill(
            f"From: {TINA}\r\nSubject: x\r\nDate: {stage.now:%a, %d %b %Y %H:%M:%S +0000}\r\n"
            f"Message-ID: <e{number}@mail.example>\r\n\r\n{text}\r\n"
        ).encode()
        stage.prover.known[sha256_of(raw)] = evidence([{"kind": "dkim"}], hear(raw))
        token = (
            "{{token anne@physics.example}}" if number == 0 else "{{token tpm@firstline.example}}"
        )
        to = [stage.fill(f"reply+{token}@helpdesk.example")]
        envelope = stage.envelope(raw, to, TINA, "192.0.2.7")
        explained = stage.explain(raw, envelope)
        stage.keep(raw, envelope)
        stage.work()
        for one in explained:
            assert one.ticket is not None
            written = ticket(stage, one.ticket.number)
            assert (written.status, written.relations) == (one.ticket.status, one.ticket.relations)
            said = [event.text for event in one.events]
            assert [e.text for e in entries(stage, written.number)[-len(said) :]] == said
