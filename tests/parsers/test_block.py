"""The field block: what counts as one, and what never does."""

import pytest

from parsers.block import MAX_LINES, hear_block
from tests.cost import costs_less_than


def keys(text: str, *, html: bool = False) -> list[str]:
    return [f.key for f in hear_block(text, skip_blank_lines=html).fields]


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Site: A\nVO: b\n\ntext", ["site", "vo"]), ("\n\nsite : A", ["site"]),
        ("NOTIFIED  SITE:\u00a0A", ["site"]), ("text\nSite: A", []), ("> Site: A", []),
        ("From: a\nSite: A", []), ("Site: A\nSent: today\nVO: b", []), ("Hello: a\nSite: A", []),
        ("Site: A\nColour: red\nVO: b", ["site", "vo"]), ("Site: A\n\nVO: b", ["site"]),
        ("    Site: code", []), ("", []),
    ],
)  # fmt: skip
def test_only_lines_at_the_top_are_a_block(text: str, heard: list[str]) -> None:
    assert keys(text) == heard


def test_blank_lines_between_fields_are_skipped_in_text_made_from_html() -> None:
    assert keys("Site: A\n\nVO: b\n\ntext", html=True) == ["site", "vo"]


def test_unknown_keys_are_reported_only_between_known_ones() -> None:
    block = hear_block("Site: A\nColour: red\nVO: b\nNote: this is text\nmore")
    assert block.unknown == ("Colour: red",)
    assert block.rest == "Note: this is text\nmore"


def test_a_field_that_contradicts_itself_has_no_value() -> None:
    block = hear_block("Site: A\nSite: B\nVO: c\nVO: c\nPriority:")
    assert (block.value("site"), block.values("site")) == ("", ("A", "B"))
    assert (block.value("vo"), block.value("priority")) == ("c", "")


def test_a_block_ends_after_its_most_lines() -> None:
    assert len(keys("Site: A\n" * 100)) == MAX_LINES


def test_a_long_line_of_blanks_costs_nothing() -> None:
    with costs_less_than(0.1):
        hear_block("Site: x" + " " * 250_000 + "y")
        hear_block("a" + " " * 250_000 + "y")
