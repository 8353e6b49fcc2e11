"""The history says what the mails said: the same sentences, kept with each entry."""

import email
import email.policy
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Said, Stage

from gateway.commands.story import show_story
from parsers.block import Field
from router.decision import Command
from router.words import MailKind
from store.ticket_listing import EventRow, find_ticket, history
from tests.work.test_steering import ANNE, NOW, TINA, TPM, WORLD, answer, mail

UNIT = "vo-support@unit.example"
NUMBER = 100001
UNKNOWN = 'The site "FZK-LGC2" is not known here. Did you mean FZK-LCG2?'
PRIORITY = 'The priority "hihg" is not known; allowed are:'


@pytest.fixture
def stage(place: Path, store_url: str) -> Iterator[Stage]:
    stage = Stage(place, WORLD, NOW, store_url)
    yield stage
    stage.close()


def notes_in(said: list[Said], kind: MailKind, reader: str) -> list[str]:
    """Return what a mail asks its reader to note, as sentences."""
    (one,) = [each for each in said if (each.kind, each.recipient) == (kind, reader)]
    body = email.message_from_bytes(one.mail, policy=email.policy.default).get_body(("plain",))
    assert body is not None
    text = str(body.get_content()).replace("\r\n", "\n")
    listed = re.search(r"^Please note:\n((?:\* .*\n(?:  .*\n)*)+)", text, re.MULTILINE)
    items = re.split(r"^\* ", listed[1], flags=re.MULTILINE)[1:] if listed else []
    return [" ".join(each.split()) for each in items]


def last(stage: Stage) -> EventRow:
    return history(stage.store, NUMBER)[-1]


def opened(stage: Stage, block: str = "Site: FZK-LGC2\r\nPriority: hihg\r\n") -> list[Said]:
    return mail(stage, ANNE, f"{block}\r\nJobs fail.")[1]


def test_what_was_noted_of_an_opening_is_in_its_history_and_told_to_a_unit_that_comes_later(
    stage: Stage,
) -> None:
    said = opened(stage)
    kept = list(last(stage).notes)
    assert kept[0] == UNKNOWN
    assert kept[1].startswith(PRIORITY)
    assert kept == notes_in(said, MailKind.RECEIPT, ANNE)
    assert kept == notes_in(said, MailKind.NOTIFICATION, TPM)
    later = answer(stage, TINA, "Assign to: VOSupport", TPM)
    assert notes_in(later, MailKind.NOTIFICATION, UNIT) == kept


def test_a_line_that_was_not_followed_is_named_in_the_history_and_told_to_no_other(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    opened(stage, "Assign to: TPM\r\n")
    said = answer(stage, TINA, "Status: slved\r\nPriority: urgent\r\n\r\nSoon.", TPM)
    (refusal,) = last(stage).refusals
    assert refusal.startswith('The line "Status: slved" was not followed: ')
    assert notes_in(said, MailKind.REFUSAL, TINA) == [refusal]
    assert notes_in(said, MailKind.UPDATE, TPM) == [refusal]
    assert "slved" not in str(notes_in(said, MailKind.UPDATE, ANNE))
    row = find_ticket(stage.store, NUMBER)
    assert row is not None
    capsys.readouterr()
    show_story(stage.store, row, as_json=False)
    assert f"\n   note: {refusal}\n" in capsys.readouterr().out
    show_story(stage.store, row, as_json=True)
    (entry,) = json.loads(capsys.readouterr().out)["history"][1:]
    assert (entry["notes"], entry["refusals"]) == ([], [refusal])
    later = answer(stage, TINA, "Assign to: VOSupport", TPM)
    assert notes_in(later, MailKind.NOTIFICATION, UNIT) == []


def test_an_operators_change_tells_and_keeps_what_is_to_be_noted_of_it(stage: Stage) -> None:
    opened(stage, "Assign to: TPM\r\n")
    line = Field("site", "QUIET-SITE", "Site: QUIET-SITE")
    stage.desk.do(Command("steer", NUMBER, "root", lines=(line,)))
    kept = list(last(stage).notes)
    assert kept == ["No contact address is known for QUIET-SITE: only NGI_IT was notified."]
    said = stage.said()
    assert notes_in(said, MailKind.NOTIFICATION, "ngi-it@roc.example") == kept
