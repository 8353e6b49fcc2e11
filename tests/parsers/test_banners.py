"""What mail servers put into mails from outside is no word; what only looks like it is one."""

from dataclasses import replace

import pytest
from outlook import SHAPES, Mail

from tests.parsers.test_returned import HEADER, SENT, unchanged

OUTSIDE = "This email originated from outside of the organization."
CARE = (
    "Do not click links or open attachments unless you recognize the sender and know the content "
    "is safe."
)


def warned(banner: str, *, shape: str = "web", subject: str = "") -> Mail:
    """Return an answer to a mail into which a server had put something on its way to Anne."""
    first = SENT.text.split("\n", 1)[0]
    page = SENT.page.replace("<body", "<BODY", 1)
    body = page.index(">", page.index("<BODY")) + 1
    came = replace(
        SENT,
        subject=f"{subject}{SENT.subject}",
        text=f"{banner}\n\n{SENT.text}",
        page=f"{page[:body]}<table><tr><td>{banner}</td></tr></table>{page[body:]}",
    )
    assert first in came.text
    return SHAPES[shape](replace(came, page=came.page.replace("<BODY", "<body")))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("banner", "same"),
    [
        (f"CAUTION: {OUTSIDE} {CARE}", True),
        (f"*** WARNING: {OUTSIDE.upper()} ***", True),
        (f"----------\n[EXTERNAL EMAIL]\n{OUTSIDE.replace('from ', '')}\n----------", True),
        ("[EXT]", True),
        ("This message came from an external sender.", True),
        (f"CAUTION: {OUTSIDE} It still fails. {CARE}", False),
        (f"CAUTION: It still fails. {OUTSIDE}", False),
        ("CAUTION: it still fails.", False),
        ("WARNING", False),
        ("This email originated from outside of the solution.", False),
        (f"{OUTSIDE.rstrip('.')} and it still fails.", False),
        (CARE.replace("Do not", "I could not"), False),
        ("[EXT] No.", False),
        ("[EXT: no]", False),
    ],
)
def test_a_servers_warning_on_top_of_what_was_sent_is_nobodys_word(
    shape: str, banner: str, same: bool
) -> None:
    assert unchanged(warned(banner, shape=shape)) is same


@pytest.mark.parametrize(
    "text",
    [
        f"CAUTION: {OUTSIDE}\n{HEADER}{SENT.text}",
        f"[EXTERNAL]\n{HEADER}{SENT.text}",
        f"{HEADER}{SENT.text}\nCAUTION: {OUTSIDE}",
        HEADER + SENT.text.replace("Please look", f"{OUTSIDE} Please look"),
        HEADER.replace("Subject: ", "Subject: No. ") + SENT.text,
    ],
)
def test_a_warning_anywhere_else_is_a_word(text: str) -> None:
    assert not unchanged(Mail("", text))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("quoted", "answer", "same"),
    [
        ("[EXTERNAL] ", "RE: [EXTERNAL] ", True),
        ("[EXT] ", "[EXT] Re: ", True),
        ("[External Email] - ", "RE: ", True),
        ("", "RE: [EXT] ", True),
        ("[EXT][EXTERNAL] ", "AW: [EXT] RE: [EXTERNAL] ", True),
        ("[NOT SOLVED] ", "RE: [NOT SOLVED] ", False),
        ("[EXTERNAL: no] ", "RE: [EXTERNAL: no] ", False),
        ("", "RE: [EXTRA] ", False),
        ("[EXT] no ", "RE: [EXT] no ", False),
    ],
)
def test_a_servers_tag_before_the_subject_is_nobodys_word(
    shape: str, quoted: str, answer: str, same: bool
) -> None:
    back = warned(f"CAUTION: {OUTSIDE}", shape=shape, subject=quoted)
    assert unchanged(back, f"{answer}{SENT.subject}") is same
