"""Steering with the real store: what is kept, what is counted, and which solution is answered."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from proven import evidence
from sqlalchemy import select
from stage import Said, Stage

from parsers.block import Field
from parsers.digest import sha256_of
from parsers.errors import Refused
from parsers.mail import hear
from router.decision import Command
from store.tables import event, participant, ticket

WORLD = Path(__file__).parents[1] / "worlds" / "proven.toml"
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
ANNE, TINA, TPM = "anne@physics.example", "tina@firstline.example", "tpm@firstline.example"
BACK = "> --- please write above this line ---\r\n> Solution: done"


@pytest.fixture
def stage(place: Path, store_url: str) -> Iterator[Stage]:
    stage = Stage(place, WORLD, NOW, store_url)
    yield stage
    stage.close()


def mail(  # noqa: PLR0917 - reads like a mail
    stage: Stage,
    sender: str,
    text: str,
    to: str = "support@helpdesk.example",
    head: str = "",
    subject: str = "Jobs fail",
) -> tuple[dict[str, object], list[Said]]:
    """Let a proven mail in; return how it ended, and what was said."""
    stage.now += timedelta(minutes=1)
    number = int(stage.now.timestamp())
    raw = stage.fill(
        f"From: {sender}\r\nSubject: {subject}\r\nDate: {stage.now:%a, %d %b %Y %H:%M:%S +0000}\r\n"
        f"Message-ID: <{number}.{len(text)}@mail.example>\r\n{head}\r\n{text}\r\n"
    ).encode()
    stage.prover.known[sha256_of(raw)] = evidence([{"kind": "dkim"}], hear(raw))
    kept = stage.keep(raw, stage.envelope(raw, [stage.fill(to)], sender, "192.0.2.7"))
    stage.work()
    return stage.mail(kept), stage.said()


def answer(stage: Stage, sender: str, text: str, of: str, head: str = "") -> list[Said]:
    """Answer the newest mail to `of`."""
    return mail(stage, sender, text, f"reply+{{{{token {of}}}}}@helpdesk.example", head)[1]


def row(stage: Stage) -> dict[str, object]:
    with stage.store.reading() as conn:
        return dict(conn.execute(select(ticket)).mappings().one())


def test_only_the_newest_solution_is_verified_by_sending_it_back(stage: Stage) -> None:
    mail(stage, ANNE, "They fail.")
    answer(stage, TINA, "Status: solved\r\n\r\nFirst.", TPM)
    old = stage.fill("In-Reply-To: {{message_id anne@physics.example}}\r\n")
    answer(stage, ANNE, "Reopen: yes\r\n\r\nNo.", ANNE)
    answer(stage, TINA, "Status: solved\r\n\r\nSecond.", TPM)
    assert row(stage)["solution"] == "Second."
    answer(stage, ANNE, BACK, ANNE, old)
    assert row(stage)["status"] == "solved"
    answer(stage, ANNE, BACK, ANNE, "In-Reply-To: {{message_id anne@physics.example}}\r\n")
    assert row(stage)["status"] == "verified"


def test_an_empty_answer_to_another_mail_verifies_nothing(stage: Stage) -> None:
    mail(stage, ANNE, "They fail.")
    receipt = stage.fill("In-Reply-To: {{message_id anne@physics.example}}\r\n")
    answer(stage, TINA, "Status: solved\r\n\r\nDone.", TPM)
    answer(stage, ANNE, BACK, ANNE, receipt)
    assert row(stage)["status"] == "solved"
    answer(stage, ANNE, BACK, ANNE, "In-Reply-To: <somebody.else@x.example>\r\n")
    assert row(stage)["status"] == "solved"


def test_a_participants_mode_is_kept(stage: Stage) -> None:
    mail(stage, ANNE, "They fail.")
    answer(stage, ANNE, "Notification: on every change", ANNE)
    with stage.store.reading() as conn:
        query = select(participant.c.mode).where(participant.c.address == ANNE)
        assert conn.execute(query).scalars().all() == ["on every change"]


def test_an_internal_note_with_a_change_is_one_mail_for_the_loop_guard(stage: Stage) -> None:
    mail(stage, ANNE, "They fail.")
    for status in ("in progress", "on hold", "in progress", "on hold"):
        text = f"Internal: yes\r\nStatus: {status}\r\n\r\nSecret."
        answer(stage, TINA, text.replace("Status: on hold", "Category: Test"), TPM)
    with stage.store.reading() as conn:
        reasons = str(conn.execute(select(event.c.reasons)).scalars().all())
    assert "probably a loop" not in reasons


def test_answers_are_capped_for_proven_senders_too(stage: Stage) -> None:
    said = [mail(stage, ANNE, "", subject="help")[1] for _ in range(21)]
    assert [str(one) for one in said[0]] == [f"help -> {ANNE}"]
    assert [len(one) for one in said] == [1] * 20 + [0]


def test_a_question_without_proof_is_a_ticket_that_is_held(stage: Stage) -> None:
    raw = b"From: anne@physics.example\r\nSubject: status\r\n\r\n\r\n"
    kept = stage.keep(raw, stage.envelope(raw, ["support@helpdesk.example"], ANNE, "192.0.2.7"))
    stage.work()
    assert stage.mail(kept)["outcome"] == "held"
    assert stage.said() == []


@pytest.mark.parametrize("text", ["help me please", "Status: solved", "status of my job is bad"])
def test_a_mail_that_says_more_is_a_ticket(stage: Stage, text: str) -> None:
    assert mail(stage, ANNE, text)[0]["outcome"] == "new"
    assert mail(stage, ANNE, text, subject="help")[0]["outcome"] == "new"


def test_status_in_an_answer_tells_of_that_ticket(stage: Stage) -> None:
    mail(stage, ANNE, "They fail.")
    mail(stage, ANNE, "Another one.", subject="Another")
    (said,) = answer(stage, ANNE, "status", ANNE)
    assert str(said) == f"status -> {ANNE}"
    assert b"Another" in said.mail
    assert b"Jobs fail" not in said.mail


# ---- the terminal ----


def at_terminal(stage: Stage, *lines: str, text: str = "") -> list[Said]:
    fields = tuple(
        Field(line.partition(":")[0].lower().replace(" ", "_"), line.partition(": ")[2], line)
        for line in lines
    )
    stage.desk.do(Command("steer", 100001, "olga (command line)", text, lines=fields))
    return stage.said()


def test_an_operator_does_what_a_supporter_does(stage: Stage) -> None:
    mail(stage, ANNE, "They fail.")
    said = at_terminal(stage, "Assign to: NGI_DE", "Status: on hold", text="Tomorrow.")
    assert [str(one) for one in said] == [
        "notification -> ngi-de@roc.example", f"update -> {TPM}", f"update -> {ANNE}",
    ]  # fmt: skip
    # a login is for colleagues
    assert [b"olga" in one.mail for one in said] == [True, True, False]
    assert b"Grid Helpdesk has " in said[2].mail
    found = row(stage)
    assert (found["support_unit"], found["status"]) == ("NGI_DE", "on hold")


def test_at_the_terminal_all_is_done_or_nothing(stage: Stage) -> None:
    mail(stage, ANNE, "They fail.")
    before = row(stage)
    with pytest.raises(Refused, match="allowed are: Incident"):
        at_terminal(stage, "Status: in progress", "Category: Fun", text="I look.")
    with pytest.raises(Refused, match="nothing to do"):
        at_terminal(stage)
    with pytest.raises(Refused, match="that is for: its submitter"):
        at_terminal(stage, "Status: verified")
    assert (row(stage), stage.said()) == (before, [])


def test_an_operators_internal_note_reaches_the_unit_alone(stage: Stage) -> None:
    mail(stage, ANNE, "They fail.")
    said = at_terminal(stage, "Internal: yes", text="A secret.")
    assert [str(one) for one in said] == [f"update -> {TPM}"]


@pytest.mark.parametrize(("last", "reminds"), [("on hold", True), ("solved", False)])
def test_a_day_that_was_asked_for_comes_only_while_the_ticket_is_open(
    stage: Stage,
    last: str,
    reminds: bool,
) -> None:
    mail(stage, ANNE, "They fail.")
    answer(stage, TINA, "Remind on: 2026-03-03\r\nRemind on: 2026-03-03", TPM)
    answer(stage, TINA, f"Status: {last}\r\n\r\nDone.", TPM)
    for day in (3, 4):
        stage.now = datetime(2026, 3, day, 9, tzinfo=UTC)
        stage.tick()
        expected = [f"reminder -> {TINA}"] if reminds and day == 3 else []
        assert [str(one) for one in stage.said()] == expected


# ---- what is no unchanged answer ----

PICTURE = (
    "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n",
    (
        "--b\r\n\r\n\r\n--b\r\nContent-Type: image/png\r\nContent-Disposition: inline\r\n"
        "Content-ID: <i>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b--"
    ),
)
SEALED = (
    "MIME-Version: 1.0\r\nContent-Type: multipart/encrypted; boundary=b\r\n",
    "--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b--",
)
SIGNED = (
    (
        "MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b; micalg=sha-256; "
        'protocol="application/pkcs7-signature"\r\n'
    ),
    (
        f"--b\r\n\r\n{BACK}\r\n--b\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\n"
        "Content-Disposition: attachment; filename=smime.p7s\r\n\r\nMIIB\r\n--b--"
    ),
)


@pytest.mark.parametrize(
    ("head", "text", "status"),
    [(*PICTURE, "solved"), (*SEALED, "solved"), (*SIGNED, "verified")],
    ids=["picture", "sealed", "signed"],
)
def test_a_picture_or_a_sealed_text_may_say_something(
    stage: Stage, head: str, text: str, status: str
) -> None:
    mail(stage, ANNE, "They fail.")
    answer(stage, TINA, "Status: solved\r\n\r\nDone.", TPM)
    to_solution = "In-Reply-To: {{message_id anne@physics.example}}\r\n"
    answer(stage, ANNE, text, ANNE, to_solution + head)
    assert row(stage)["status"] == status
