"""The sign to whoever steers, with the real store: its header, its count, and other machines."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from acting import PROVEN, WORLD, Acting
from stage import Stage

from parsers.mail import hear

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
SUPPORT, MANY = "support@helpdesk.example", 3
ANNE, BEN = "anne@physics.example", "ben@physics.example"
TPM = "tpm@firstline.example"
CAP = "enough receipts for this address in this hour"


@pytest.fixture
def acting(place: Path, store_url: str) -> Iterator[Acting]:
    """Two tickets of Anne's at first line; an address gets three answers in an hour."""
    stage = Stage(place, WORLD, NOW, store_url)
    stage.desk = replace(stage.desk, policy=replace(stage.desk.policy, receipts_per_hour=MANY))
    stage.worker.desk = stage.desk
    acting = Acting(stage)
    acting.mail(SUPPORT, ANNE, "Jobs fail.", proofs=PROVEN)
    stage.said()
    yield acting
    stage.close()


def writes(acting: Acting, by: str, text: str, more: str = "") -> tuple[object, list[str]]:
    """Let somebody proven answer the newest mail to first line; return why, and what went out."""
    to = f"reply+{{{{token {TPM}}}}}@helpdesk.example"
    row = acting.mail(to, by, text, proofs=PROVEN, more=more)
    return row["reasons"], acting.said()


def test_it_is_threaded_and_marked_as_an_automatic_answer(acting: Acting) -> None:
    acting.mail(SUPPORT, BEN, "Subscribe: yes", more="References: <1@else.example>\n",
                proofs=PROVEN)  # fmt: skip
    (said,) = acting.stage.said()
    mail = message_from_bytes(said.mail)
    assert (said.kind, said.recipient) == ("followed", BEN)
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["In-Reply-To"] == "<2@else.example>"
    assert mail["Reply-To"] is None
    assert " SUBSCRIBED " in str(mail["Subject"])


def test_an_answer_to_it_is_heard_by_its_reference_alone(acting: Acting) -> None:
    writes(acting, BEN, "Subscribe: yes")
    acting.stage.now += timedelta(minutes=5)
    head = f"In-Reply-To: {{{{message_id {BEN}}}}}\n"
    acting.mail(SUPPORT, BEN, "Unsubscribe: yes", more=head, proofs=PROVEN)
    (said,) = acting.stage.said()
    assert " UNSUBSCRIBED " in str(message_from_bytes(said.mail)["Subject"])


def test_many_lines_in_an_hour_are_followed_and_only_the_first_are_answered(
    acting: Acting,
) -> None:
    lines = ("Subscribe: yes", "Unsubscribe: yes") * MANY
    found = []
    for line in lines:
        acting.stage.now += timedelta(minutes=4)
        found.append(writes(acting, BEN, line))
    signs = [out == [f"followed -> {BEN}"] for _, out in found]
    assert signs == [True] * MANY + [False] * MANY
    assert [CAP in str(why) for why, _ in found] == [False] * MANY + [True] * MANY
    changed = [c for entry in acting.history() for c in entry.changes]
    assert len(changed) == len(lines), "each was followed"
    acting.stage.now += timedelta(hours=1)
    assert writes(acting, BEN, "Subscribe: yes")[1] == [f"followed -> {BEN}"]


def test_a_system_that_sends_it_back_unmarked_gets_no_other_one(acting: Acting) -> None:
    """It is a comment of a person, as far as anybody can see, and told as one."""
    to = f"reply+{{{{token {TPM}}}}}@helpdesk.example"
    acting.mail(to, BEN, "Subscribe: yes", proofs=PROVEN)
    (said,) = acting.stage.said()
    echo = hear(said.mail).text
    for _ in range(4):
        acting.stage.now += timedelta(minutes=4)
        _, out = writes(acting, BEN, echo)
        assert f"followed -> {BEN}" not in out
        assert not [one for one in out if one.endswith(BEN)]


def test_a_system_that_marks_its_answers_is_told_nothing(acting: Acting) -> None:
    mark = "Auto-Submitted: auto-replied\n"
    assert writes(acting, BEN, "Subscribe: yes", mark)[1] == []
    assert writes(acting, BEN, "Thank you for your mail.", mark)[1] == []
