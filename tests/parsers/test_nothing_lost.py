"""Whatever somebody writes around a quote with bars is shown, and nothing of the quote steers."""

from hypothesis import example, given
from hypothesis import strategies as st

from parsers.mail import hear
from parsers.reply import REPLY_MARKER, split_reply
from tests.parsers.programs import ATTRIBUTIONS

# What people write, and what a program might take for its own.
LINES = (
    "It fails again.", "", "Thanks, Anne", "Here is the log:", "The script said:",
    "As I wrote on 2026-11-23:", "On Monday at 10:00 it failed.", "On 2026-11-23 we saw:",
    "Since 23.11.2026 09:00 the node root@node.example says:", "From: CERN-PROD", "To: FZK-LCG2",
    "Date: 2026-11-23 09:00", "Error: timed out", "a" * 70, "b " * 40, "Re: the disk",
    "Status: down", "12:00 it stopped", "De: la", "Am Montag um 9:00:", "* one", "- two",
    "https://desk.example/t/1", "Mail me at anne@physics.example", "Best regards", "Sent to Bob",
    "Anna:", "2026-11-23 09:00:00 ERROR full", "Subject to change", "____", "=====", "wrote:",
)  # fmt: skip
ATTRIBUTED = sorted(text for one in ATTRIBUTIONS.values() for text in one.values())
QUOTE = ("> Status: solved", "> Priority: urgent", ">", "> Please try.")
MARKED = (f"> {REPLY_MARKER}", ">", *QUOTE)  # as every mail of ours begins
quotes = st.sampled_from([QUOTE, MARKED])
own = st.lists(st.sampled_from(LINES), max_size=4)


def lost(said: list[str], text: str) -> list[str]:
    """Return the lines of a person that are neither in the answer nor in its signature."""
    shown = {line.rstrip() for line in split_reply(text).with_signature.split("\n")}
    return [one for one in said if one.strip() and one.rstrip() not in shown]


@given(above=own, between=own, below=own, attribution=st.sampled_from(ATTRIBUTED), quote=quotes)
def test_no_word_between_quotes_is_lost(
    above: list[str], between: list[str], below: list[str], attribution: str, quote: tuple[str, ...]
) -> None:
    lines = [*above, "", attribution, *quote, *between, *QUOTE, *below]
    assert lost([*above, *between, *below], "\n".join(lines)) == []


@given(
    above=own,
    below=own,
    gap=st.booleans(),
    attribution=st.sampled_from(["", *ATTRIBUTED]),
    quote=quotes,
)
@example(["Hello", "As I wrote on 2026-11-23:"], [], False, "", MARKED)
def test_no_word_beside_a_quote_is_lost_and_no_line_of_it_steers(
    above: list[str], below: list[str], gap: bool, attribution: str, quote: tuple[str, ...]
) -> None:
    space = [""] if gap else []
    text = "\n".join([*above, *space, attribution, *quote, *space, *below])
    assert lost([*above, *below], text) == []
    fields = hear(f"Subject: x\n\n{text}".encode()).block.fields
    assert {field.value for field in fields} <= {"down"}


@given(own=st.lists(st.sampled_from(LINES), min_size=1, max_size=8))
def test_no_word_is_lost_where_nothing_is_quoted(own: list[str]) -> None:
    assert lost(own, "\n".join(own)) == []
