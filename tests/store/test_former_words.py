"""Entries of a history that were written in words that have changed since."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from sqlalchemy import RowMapping

from router.ticket import TicketEvent
from router.words import FORMER_REASONS, EventKind, Reason
from store.rows import event_row, read_event

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
ENTRY = TicketEvent(EventKind.COMMENT, "anna@physics.example", NOW)


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("a line needs a right that was not proven", Reason.LINE_NOT_ALLOWED),
        ("a line was not understood", Reason.LINE_NOT_UNDERSTOOD),
        ("words of a later version", Reason.OF_ANOTHER_VERSION),
    ],
)
def test_a_reason_is_read_in_the_words_of_its_day(stored: str, read: Reason) -> None:
    row: dict[str, Any] = {**event_row(ENTRY, 1, 7, None), "reasons": [stored]}
    assert read_event(cast("RowMapping", row)).reasons == (read,)


def test_no_former_word_means_something_else_now() -> None:
    assert not set(FORMER_REASONS) & {str(one) for one in Reason}
