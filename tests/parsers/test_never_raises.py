"""The net under `hear`: a fault of our own, or of a library, costs its field and not the mail."""

from typing import Any, NoReturn

import pytest

import parsers.mail
import parsers.reply
from parsers.heard import Note
from parsers.mail import hear

RAW = b"From: a@example.org\nSubject: s\n\nSite: A\n\ntext:\n"


def broken(*_: Any, **__: Any) -> NoReturn:
    raise RecursionError


def test_a_mail_that_breaks_the_reader_shows_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsers.mail, "read_parts", broken)
    mail = hear(RAW)
    assert mail.notes == (Note.UNREADABLE,)
    assert mail.text == mail.visible == RAW.decode()


@pytest.mark.parametrize(
    "step", ["choose", "read_body", "split_reply", "hear_block", "described", "is_encrypted"]
)
def test_a_broken_step_costs_its_own_values(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsers.mail, step, broken)
    mail = hear(RAW)
    assert mail.subject == "s"
    assert mail.notes == (Note.UNREADABLE,)


@pytest.mark.parametrize("step", ["automatic", "bounce", "message_id", "strict_mailbox"])
def test_a_broken_header_reader_costs_its_own_field(
    step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsers.mail, step, broken)
    mail = hear(RAW)
    assert mail.text.startswith("Site: A")
    assert mail.notes == (Note.HEADER_UNREADABLE,)


def test_a_broken_reply_library_costs_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsers.reply.EmailReplyParser, "parse_reply", broken)
    assert hear(RAW).visible == "Site: A\n\ntext:"
