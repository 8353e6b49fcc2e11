"""Tokens and keyed Message-IDs: only what we gave out comes back as ours."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.tokens import (
    VALID_DAYS,
    Keyring,
    TokenClass,
    read_message_id,
    read_token,
    write_message_id,
    write_root_id,
    write_token,
)

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
OLD, NEW = b"an old secret of some length", b"a new secret of some length"
KEYS = Keyring((NEW,))


@given(
    token_class=st.sampled_from(list(TokenClass)),
    ticket=st.integers(0, 2**32 - 1),
    row=st.integers(0, 2**40 - 1),
)
def test_what_is_written_is_read(token_class: TokenClass, ticket: int, row: int) -> None:
    text = write_token(KEYS, token_class, ticket, row, NOW)
    assert len(text) <= 40
    assert text == text.lower()
    token = read_token(KEYS, text, NOW)
    assert token is not None
    assert (token.token_class, token.ticket, token.row) == (token_class, ticket, row)
    assert read_message_id(KEYS, write_message_id(KEYS, ticket, row, "h.example")) == ticket
    assert read_message_id(KEYS, write_root_id(KEYS, ticket, "h.example")) == ticket


def test_a_token_with_any_character_changed_is_none_of_ours() -> None:
    text = write_token(KEYS, TokenClass.PERSON, 100001, 7, NOW)
    true = read_token(KEYS, text, NOW)
    for at, old in enumerate(text):
        new = "a" if old != "a" else "b"
        changed = read_token(KEYS, text[:at] + new + text[at + 1 :], NOW)
        assert changed is None or (changed == true and at == len(text) - 1)  # padding bits


@given(st.text(max_size=60))
def test_nonsense_is_never_a_token_or_an_id(text: str) -> None:
    assert read_token(KEYS, text, NOW) is None
    assert read_message_id(KEYS, f"<{text}@h.example>") is None


def test_a_token_ends_after_its_days() -> None:
    text = write_token(KEYS, TokenClass.PERSON, 1, 1, NOW)
    assert read_token(KEYS, text, NOW + timedelta(days=VALID_DAYS - 1)) is not None
    assert read_token(KEYS, text, NOW + timedelta(days=VALID_DAYS)) is None


def test_an_old_secret_still_verifies_but_a_foreign_one_never_does() -> None:
    text = write_token(Keyring((OLD,)), TokenClass.PERSON, 1, 1, NOW)
    message_id = write_message_id(Keyring((OLD,)), 1, 1, "h.example")
    both = Keyring((NEW, OLD))
    assert read_token(both, text, NOW) is not None
    assert read_message_id(both, message_id) == 1
    assert read_token(KEYS, text, NOW) is None
    assert read_message_id(KEYS, message_id) is None


@pytest.mark.parametrize("change", ["100002", "0100001", "9"])
def test_the_ticket_in_a_message_id_cannot_be_changed(change: str) -> None:
    message_id = write_message_id(KEYS, 100001, 5, "h.example")
    assert read_message_id(KEYS, message_id.replace("100001", change)) is None


def test_a_keyring_never_shows_its_secrets() -> None:
    assert "secret of" not in repr(Keyring((OLD, NEW)))
