"""What came back without a quote's mark counts as unchanged only if it is what was sent."""

import random
import textwrap
from dataclasses import replace

import outlook
import pytest
from hypothesis import given
from hypothesis import strategies as st
from outlook import LANGUAGES, SHAPES, Mail, plain

from parsers.html import text_of_html
from parsers.mail import hear
from parsers.returned import digest_of, holds_only, returned
from router.words import MailKind
from templates.render import Speaker
from templates.samples import SAMPLES, settings

TEXT = """The disk of the 1st server was full | that is why.
Please look at https://desk.example/t/42, or ask jo@lab.example:

  if (a > b) then * restart; fi -- but not before 10:30
- one
- two

-- 
Anna
"""  # noqa: W291 - a signature begins so
VALUES = {
    **SAMPLES["solution"][1],
    "solution": TEXT,
    "notes": ("A line was not understood.",),
    "attachments": ({"name": "log of today.txt", "size": 4000},),
    "changes": ({"field": "priority", "old": "urgent", "new": "less urgent"},),
}
SPOKEN = Speaker().render(MailKind.SOLUTION, VALUES, settings(MailKind.SOLUTION)[0])
SENT = Mail(SPOKEN.subject, SPOKEN.text, SPOKEN.html)
DIGESTS = {digest_of(SENT.subject, text) for text in (SENT.text, text_of_html(SENT.page)[0])}


def unchanged(mail: Mail, subject: str = f"RE: {SENT.subject}") -> bool:
    """Return whether a mail holds what was sent, and nothing else, in all ways to read it."""
    kind, body = mail.body()
    head = f"From: Anne <anne@physics.example>\nSubject: {subject}\nMIME-Version: 1.0\n"
    heard = hear(f"{head}Content-Type: {kind}\n\n{body}".encode())
    return bool(heard.returned) and all(
        one.digests & DIGESTS
        and holds_only(one.sender, outlook.NAME, outlook.SUPPORT)
        and holds_only(one.to, "Anne", outlook.ANNE)
        for one in heard.returned
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("shape", SHAPES)
def test_what_comes_back_as_it_was_sent_is_known_again(shape: str, language: str) -> None:
    assert unchanged(SHAPES[shape](SENT, language))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("10:30", "10:31"),
        ("not before", "before"),
        ("not before", "not not before"),
        ("has solved", "has not solved"),
        ("TICKET ID", "It fails. TICKET ID"),
        ("DATE:", "DATE: never"),
        ("2026-11-24 09:30 UTC", "2026-11-24 09:30 UTC\nIt fails."),
        ("SOLVED", "NOT SOLVED"),
        ("1st", "2nd"),
        ("Anna", ""),
    ],
)
def test_a_changed_word_is_seen_in_every_shape(shape: str, old: str, new: str) -> None:
    changed = replace(
        SENT,
        subject=SENT.subject.replace(old, new, 1),
        text=SENT.text.replace(old, new, 1),
        page=SENT.page.replace(old, new),
    )
    assert changed != SENT
    assert not unchanged(SHAPES[shape](changed))


@pytest.mark.parametrize("shape", ["desktop", "web"])
def test_both_ways_to_read_it_have_to_be_what_was_sent(shape: str) -> None:
    back = SHAPES[shape](SENT)
    for one in ("text", "page"):
        said = getattr(back, one).replace("Please look", "I disagree. Please look")
        assert said != getattr(back, one)
        assert not unchanged(replace(back, **{one: said}))
    assert not unchanged(replace(back, text="I disagree."))
    assert not unchanged(replace(back, page="<p>I disagree.</p>"))


@pytest.mark.parametrize("quoted", ["text", "page"])
def test_one_way_to_read_it_may_be_marked(quoted: str) -> None:
    marked = {
        "text": "> " + SENT.text.replace("\n", "\n> "),
        "page": f"<blockquote>{SENT.page}</blockquote>",
    }
    back = replace(outlook.web(SENT), **{quoted: marked[quoted]})
    assert unchanged(back)
    said = {"text": "No.\n" + marked["text"], "page": "<p>No.</p>" + marked["page"]}
    assert not unchanged(replace(back, **{quoted: said[quoted]}))


HEADER = plain(Mail(SENT.subject, ""))


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (f"{HEADER}{SENT.text}", True),
        (f"\n\n-- \nAnne\nPhysics\n{HEADER}{SENT.text}", True),
        (f"Get Outlook for iOS<https://aka.ms/o0ukef>\n{HEADER}{SENT.text}", True),
        (f"{HEADER}{SENT.text}\n-- \nAnne\n", True),
        (f"{HEADER}{SENT.text}\nWritten on my telephone\n", False),
        (f"{HEADER}{SENT.text}\nSent from my iPhone\n", True),
        (HEADER + SENT.text.replace("\n", "\n> "), True),
        (HEADER.replace("\n\n", "\n\n\n\n") + SENT.text, True),
        (f"No.\n{HEADER}{SENT.text}", False),
        (f"?\n{HEADER}{SENT.text}", False),
        ("\N{THUMBS DOWN SIGN}\n" + HEADER + SENT.text, False),
        (f"{HEADER}I disagree.\n\n{SENT.text}", False),
        (f"{HEADER.rstrip()}\nI disagree.\n\n{SENT.text}", False),
        (f"{HEADER.rstrip()} I disagree.\n\n{SENT.text}", False),
        (f"{HEADER.replace('From:', 'I disagree.' + chr(10) + 'From:')}{SENT.text}", False),
        (f"{HEADER.replace('To:', 'I disagree.' + chr(10) + 'To:')}{SENT.text}", False),
        (f"{HEADER.replace('To:', 'Cc: I disagree.' + chr(10) + 'To:')}{SENT.text}", False),
        (f"{HEADER}To: clarify, it fails.\n\n{SENT.text}", False),
        (f"{HEADER}{SENT.text}\nNo.", False),
        (f"{HEADER}{SENT.text}\nNo.\n-- \nAnne\n", False),
        (f"{HEADER}{HEADER}{SENT.text}", False),
        (SENT.text, False),
        (f"{HEADER}{SENT.text[:-300]}", False),
        (HEADER, False),
        ("", False),
    ],
)
def test_only_what_a_program_writes_may_stand_beside_it(text: str, same: bool) -> None:
    assert unchanged(Mail("", text)) is same


@pytest.mark.parametrize(
    ("subject", "same"),
    [
        (f"RE: {SENT.subject}", True),
        (f"AW: Re: {SENT.subject}", True),
        (SENT.subject, True),
        (f"RE: {SENT.subject} - not at all!", False),
        (f"It fails: {SENT.subject}", False),
        ("RE: Not solved", False),
        ("", False),
        (f"FW: {SENT.subject}", False),
    ],
)
def test_words_in_the_subject_are_words(subject: str, same: bool) -> None:
    assert unchanged(outlook.desktop(SENT), subject) is same


def test_a_subject_that_was_wrapped_in_the_header_is_the_same() -> None:
    long = Mail(f"{SENT.subject} {'and more ' * 10}end", SENT.text)
    back = plain(long).replace("and more end", "and more\nend")
    assert back != plain(long)
    found = returned(back, f"RE: {long.subject}")
    assert found is not None
    assert digest_of(long.subject, long.text) in found.digests


@pytest.mark.parametrize(
    "when",
    [
        "I disagree",
        "never",
        "Tuesday, March 3, 2026 9:00 AM I disagree",
        "Tuesday, March 3, 2026 still 9:00 AM",
        "Tue 3/3/2026 9:00 AM disagree",
        "03.03.2026 nein 09:00",
        "Tuesday, March 3, 2026 9:00 AM \N{THUMBS DOWN SIGN}",
        "Tuesday, March 3, 2026 9:00 AM 0",
        "9:00",
        "Tuesday",
    ],
)
def test_the_date_of_the_header_holds_a_date(when: str) -> None:
    english = LANGUAGES["English"][-1]
    assert not unchanged(Mail("", plain(SENT).replace(english, when)))


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        ("Grid Helpdesk <support@helpdesk.example>", True),
        ("Grid Helpdesk [mailto:support@helpdesk.example]", True),
        ("GRID HELPDESK", True),
        ("support@helpdesk.example", True),
        ("Grid Helpdesk I disagree", False),
        ("", False),
        ("mailto:", False),
    ],
)
def test_who_wrote_to_whom_is_said_in_known_words(value: str, holds: bool) -> None:
    assert holds_only(value, "Grid Helpdesk", "support@helpdesk.example") is holds


# Also words that are marks in part, or that a mail program might write.
words = st.text(st.characters(categories=("L", "N", "S")), min_size=1, max_size=12).filter(
    lambda text: any(one.isalnum() for one in text)
) | st.sampled_from(
    ["No", "not", "0", "no<", "*no*", ">no", "no>", "<mailto:no@no.example>", "<https://no.no>",
     "https://x.safelinks.protection.outlook.com/?url=no", "no:", "-no-", "From: no", "-- no"]
)  # fmt: skip


@given(word=words, at=st.floats(0, 1), into=st.sampled_from(["text", "page"]))
def test_a_word_more_is_seen_wherever_it_stands(word: str, at: float, into: str) -> None:
    """The date of the header is looked at above, and no signature ends this mail."""
    english = LANGUAGES["English"][-1]
    back = plain(SENT) if into == "text" else plain(replace(SENT, text=text_of_html(SENT.page)[0]))
    tokens = back.replace(english, english.replace(" ", "\0")).split(" ")
    place = round(at * len(tokens))
    said = " ".join([*tokens[:place], word, *tokens[place:]]).replace("\0", " ")
    assert not unchanged(Mail("", said))


@given(at=st.floats(0, 1, exclude_max=True))
def test_a_word_less_is_seen_wherever_it_stood(at: float) -> None:
    tokens = SENT.text.split()
    seen = [i for i, token in enumerate(tokens) if any(map(str.isalnum, token))]
    place = seen[int(at * len(seen))]
    text = " ".join([*tokens[:place], *tokens[place + 1 :]])
    assert not unchanged(Mail("", plain(replace(SENT, text=text))))


@given(
    width=st.integers(20, 120),
    bars=st.sampled_from(["", "> ", "| ", "\u2502 ", ">> "]),
    seed=st.integers(),
)
def test_what_is_only_wrapped_anew_is_the_same(width: int, bars: str, seed: int) -> None:
    chance = random.Random(seed)
    lines = [
        bars + part + chance.choice(["", " ", "\t", "\u00a0"])
        for line in SENT.text.split("\n")
        for part in textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)
        or [""]
    ]
    assert unchanged(Mail("", plain(replace(SENT, text="\n".join(lines)))))


SAFE = "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fdesk.example%2Ft%2F42&data=05%7C&reserved=0"


@pytest.mark.parametrize(
    ("link", "same"),
    [
        ("https://desk.example/t/42<https://desk.example/t/42>", True),
        ("https://desk.example/t/42 <https://desk.example/t/42/>", True),
        (f"https://desk.example/t/42<{SAFE}>", True),
        (SAFE, True),
        ("https://desk.example/t/42<https://desk.example/t/43>", False),
        ("https://desk.example/t/42<I-disagree>", False),
        (SAFE.replace("42", "43"), False),
        ("https://desk.example/t/42 <https://desk.example/t/42> no", False),
    ],
)
def test_a_link_may_be_written_twice_or_anew_but_leads_where_it_led(link: str, same: bool) -> None:
    text = SENT.text.replace("https://desk.example/t/42", link)
    assert unchanged(Mail("", plain(replace(SENT, text=text)))) is same
