"""Edges of deciding that no short story reaches: limits, closed tickets, odd doors."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from stage import Stage

from parsers.errors import Refused
from router.decision import Command, Due
from store.tables import event, participant, ticket

WORLD = Path(__file__).parents[1] / "worlds" / "wlcg.toml"
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
NEAR, FAR = "127.0.0.1", "192.0.2.7"
SUPPORT, ALARM, TEAM = (f"{box}@helpdesk.example" for box in ("support", "alarm", "team"))


@pytest.fixture
def stage(place: Path) -> Iterator[Stage]:
    stage = Stage(place, WORLD, NOW)
    yield stage
    stage.close()


def put(  # noqa: PLR0917 - reads like a mail
    stage: Stage,
    number: int,
    to: str = SUPPORT,
    head: str = "",
    text: str = "Text.",
    peer: str = NEAR,
    faults: tuple[str, ...] = (),
) -> dict[str, object]:
    raw = (
        f"From: Anna <anna@physics.example>\r\nSubject: Trouble\r\n"
        f"Message-ID: <{number}@physics.example>\r\n{head}\r\n{text}\r\n"
    ).encode()
    envelope = stage.envelope(raw, [stage.fill(to)], "anna@physics.example", peer)
    mail = stage.keep(raw, replace(envelope, faults=faults))
    stage.work()
    return stage.mail(mail)


def set_status(stage: Stage, status: str) -> None:
    with stage.store.writing() as conn:
        conn.execute(update(ticket).values(status=status))


@pytest.mark.parametrize("status", ["verified", "closed"])
def test_a_mail_to_a_ticket_that_is_closed_for_good_opens_one_that_follows_it(
    stage: Stage, status: str
) -> None:
    put(stage, 1, text="Site: FZK-LCG2\r\n\r\nIt fails.")
    set_status(stage, status)
    stage.said()
    row = put(stage, 2, "reply+{{token anna@physics.example}}@helpdesk.example")
    assert (row["outcome"], "the ticket is closed for good" in row["reasons"]) == ("new", True)
    said = stage.said()
    assert [one.kind for one in said][:2] == ["site-notification", "site-notification"]
    assert b"#100001, which is closed for good" in said[0].mail


def test_the_submitters_answer_ends_the_waiting_and_the_change_is_shown(stage: Stage) -> None:
    put(stage, 1)
    set_status(stage, "waiting for reply")
    stage.said()
    put(stage, 2, "reply+{{token anna@physics.example}}@helpdesk.example")
    with stage.store.reading() as conn:
        assert conn.execute(select(ticket.c.status)).scalar_one() == "in progress"
    assert b"status: waiting for reply -> in progress" in stage.said()[0].mail


def test_a_token_alone_does_not_end_the_waiting(stage: Stage) -> None:
    put(stage, 1)
    set_status(stage, "waiting for reply")
    put(stage, 2, "reply+{{token anna@physics.example}}@helpdesk.example", peer=FAR)
    with stage.store.reading() as conn:
        assert conn.execute(select(ticket.c.status)).scalar_one() == "waiting for reply"


@pytest.mark.parametrize(
    ("head", "text", "faults", "reason"),
    [
        (
            "",
            "x",
            ("a line of the header is none",),
            "broken structure, so nothing proves its sender",
        ),
        ("Received: by mx.example\r\n" * 31, "x", (), "too many hops, probably a loop"),
        (
            "Content-Type: multipart/encrypted; boundary=b\r\n",
            "--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b--",
            (),
            "encrypted, so it cannot be read here",
        ),
        (
            "Content-Type: multipart/mixed; boundary=b\r\n",
            "--b\r\n\r\nx\r\n" * 150 + "--b--",
            (),
            "too large or too deep to be read safely",
        ),
    ],
)
def test_what_cannot_be_read_or_believed_is_held(
    stage: Stage, head: str, text: str, faults: tuple[str, ...], reason: str
) -> None:
    row = put(stage, 1, head=head, text=text, faults=faults)
    assert (row["outcome"], row["reasons"][0]) == ("held", reason)


def test_an_encrypted_answer_joins_its_thread_with_a_note(stage: Stage) -> None:
    put(stage, 1)
    stage.said()
    row = put(
        stage,
        2,
        "reply+{{token tpm@firstline.example}}@helpdesk.example",
        head="Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n",
        peer=FAR,
    )
    assert row["outcome"] == "comment"
    assert b"encrypted" in stage.said()[0].mail


def test_strangers_fill_the_cap_of_held_notices_but_a_known_sender_is_always_told_of(
    stage: Stage,
) -> None:
    for number in range(20):
        put(stage, number, ALARM, peer=FAR)
    assert [one.kind for one in stage.said()] == ["notification"] * 20
    put(stage, 21, ALARM, peer=FAR)
    assert [one.kind for one in stage.said()] == ["operator-notice"]
    put(stage, 22, ALARM, peer=FAR)
    assert stage.said() == []
    put(stage, 23, ALARM, peer=NEAR)
    assert [one.kind for one in stage.said()] == ["notification", "held"]
    put(stage, 24, TEAM, peer=FAR)
    assert [one.kind for one in stage.said()] == ["notification"], "another kind, another count"
    stage.now += timedelta(minutes=6)
    stage.tick()
    assert [one.kind for one in stage.said()] == ["held-digest"], "sooner than in an hour"


def test_a_digest_counts_what_it_does_not_list(stage: Stage) -> None:
    for number in range(3):
        put(stage, number, peer=FAR)
    put(stage, 4, ALARM, peer=FAR)
    with stage.store.writing() as conn:
        conn.execute(update(ticket).where(ticket.c.number == 100001).values(subject="the oldest"))
    stage.said()
    stage.desk.do(Due("held-digest"))
    text = stage.said()[0].mail.decode()
    assert "4 tickets are held" in text
    assert text.index("#100004") < text.index("#100003") < text.index("#100001")


@pytest.mark.parametrize("name", ["release", "discard"])
def test_a_command_on_a_ticket_that_is_not_held_is_refused(stage: Stage, name: str) -> None:
    put(stage, 1)
    with pytest.raises(Refused, match="not held"):
        stage.desk.do(Command(name, 100001, "operator"))
    with pytest.raises(Refused, match="not held"):
        stage.desk.do(Command(name, 4711, "operator"))


def test_a_step_that_fails_does_not_hold_up_the_others(stage: Stage) -> None:
    put(stage, 1, peer=FAR)
    with stage.store.writing() as conn:
        conn.exec_driver_sql(
            "INSERT INTO reminder (ticket, step, detail, due_at)"
            " VALUES (0, 'a step of another program', '', '2020-01-01T00:00:00.000000Z')"
        )
    stage.now += timedelta(hours=2)
    stage.tick()
    assert [one.kind for one in stage.said()] == ["held-digest"]


def test_a_bounce_of_one_mail_is_told_once_however_often_it_is_reported(stage: Stage) -> None:
    put(stage, 1)
    stage.said()
    report = (
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n"
        "Auto-Submitted: auto-replied\r\n"
    )
    text = (
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Final-Recipient: rfc822; tpm@firstline.example\r\nAction: failed\r\nStatus: 5.1.1\r\n--b--"
    )
    to = stage.fill("bounces+{{bounce tpm@firstline.example}}@helpdesk.example")
    for number in range(10, 13):
        row = put(stage, number, to, head=report, text=text, peer=FAR)
        assert row["outcome"] == "bounce"
    assert [one.kind for one in stage.said()] == ["operator-notice"]


def test_a_colleague_who_was_a_stranger_joins_when_he_is_known(stage: Stage) -> None:
    put(stage, 1)
    raw = (
        b"From: Bob <bob@physics.example>\r\nMessage-ID: <%d@bob.example>\r\n"
        b"Subject: Re: Trouble\r\n"
        b"In-Reply-To: <1@physics.example>\r\n\r\nMe too.\r\n"
    )
    for number, peer in ((1, FAR), (2, NEAR)):
        one = raw % number
        stage.keep(one, stage.envelope(one, [SUPPORT], "bob@physics.example", peer))
        stage.work()
    with stage.store.reading() as conn:
        query = select(participant.c.role, participant.c.verified)
        rows = conn.execute(query.where(participant.c.address == "bob@physics.example")).all()
    assert {tuple(row) for row in rows} == {("unverified", False), ("cc", True)}


def test_who_signs_with_another_name_than_the_token_was_given_to_is_said_so(stage: Stage) -> None:
    put(stage, 1)
    stage.said()
    put(stage, 2, "reply+{{token tpm@firstline.example}}@helpdesk.example", peer=FAR)
    with stage.store.reading() as conn:
        by = conn.execute(select(event.c.by).order_by(event.c.number.desc())).scalars().first()
    assert by == "Anna <anna@physics.example>, by the reply address of tpm@firstline.example,"
