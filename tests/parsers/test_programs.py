"""Answers as mail programs of many languages write them: above, below and between what they quote.

Two things hold whatever the program: no word of the writer's own is lost, and no line of a field
steers that stands in what is quoted.
"""

import textwrap
from html import escape

import pytest

from parsers.attributions import is_intro
from parsers.heard import InboundMail
from parsers.mail import hear
from tests.parsers.programs import AT, ATTRIBUTIONS, DEVICES, HEADERS, WHO

ANSWER = "It works again since 2026-11-24, 10:00.\nThank you"
OLD = "Status: solved\nSolution: a new disk\n\nPlease try.\nOn which host is it?"
QUOTED = [
    pytest.param(text, id=f"{program}, {language}")
    for program, languages in ATTRIBUTIONS.items()
    for language, text in languages.items()
]


def heard(text: str, kind: str = "text/plain; charset=utf-8") -> InboundMail:
    return hear(f"Subject: Re: x\nContent-Type: {kind}\n\n{text}".encode())


def barred(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False))


def broken_inside_the_brackets(text: str) -> str:
    """Gmail breaks a long line behind the bracket of an address."""
    return text.replace(f"<{AT}", f"<\n{AT}")


BREAKS = {
    "one line": str,
    "78": lambda text: wrapped(text, 78),
    "66": lambda text: wrapped(text, 66),
    "a longer name": lambda text: wrapped(
        text.replace(WHO, f"{WHO} of the Federation of All Sites in the South"), 72
    ),
    "in the brackets": broken_inside_the_brackets,
}


@pytest.mark.parametrize("breaks", BREAKS)
@pytest.mark.parametrize("attribution", QUOTED)
def test_above_the_quote_only_the_answer_shows(attribution: str, breaks: str) -> None:
    above = BREAKS[breaks](attribution)
    for gap in ("\n", "\n\n"):
        mail = heard(f"{ANSWER}\n\n{above}{gap}{barred(OLD)}\n")
        assert mail.visible == ANSWER
        assert mail.block.fields == ()


@pytest.mark.parametrize("attribution", QUOTED)
def test_apple_quotes_the_attribution_too(attribution: str) -> None:
    quote = barred(f"{attribution}\n\n{OLD}")
    assert heard(f"{ANSWER}\n\n{quote}\n").visible == ANSWER


@pytest.mark.parametrize("breaks", BREAKS)
@pytest.mark.parametrize("attribution", QUOTED)
def test_below_the_quote_only_the_answer_shows(attribution: str, breaks: str) -> None:
    above = BREAKS[breaks](attribution)
    mail = heard(f"{above}\n{barred(OLD)}\n\n{ANSWER}\n")
    assert mail.visible == ANSWER
    assert mail.block.fields == ()
    steering = heard(f"{above}\n{barred(OLD)}\n\nStatus: on hold\n\n{ANSWER}\n")
    assert [(f.key, f.value) for f in steering.block.fields] == [("status", "on hold")]


@pytest.mark.parametrize("attribution", QUOTED)
def test_between_quotes_every_answer_stays(attribution: str) -> None:
    text = (
        f"Hello,\n\n{attribution}\n> Which host?\nThe first one.\n> Status: solved\nNo.\n"
        f"> Since when?\n\nSince 2026-11-23 it wrote:\n> disk error\n\n> Please try.\n"
    )
    mail = heard(text)
    for said in ("Hello,", "The first one.", "No.", "Since 2026-11-23 it wrote:"):
        assert said in mail.visible.split("\n")
    assert mail.block.fields == ()


@pytest.mark.parametrize("attribution", QUOTED)
def test_the_line_of_a_program_directly_below_a_sentence_takes_nothing_of_it(
    attribution: str,
) -> None:
    for last in (
        "It failed on 2026-11-23 at 09:00",
        "On 23 Nov 2026 it failed.",
        "Bye, joe@x.example",
    ):
        for breaks in BREAKS.values():
            mail = heard(f"{last}\n{breaks(attribution)}\n{barred(OLD)}\n")
            assert mail.visible == last


@pytest.mark.parametrize("attribution", QUOTED)
def test_in_a_page_only_the_answer_shows(attribution: str) -> None:
    said = "".join(f"<div>{line}</div>" for line in ANSWER.split("\n"))
    old = "".join(f"<p>{line}</p>" for line in OLD.split("\n"))
    pages = (
        (
            f'{said}<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
            f"{escape(attribution)}<br></div><blockquote>{old}</blockquote></div>"
        ),
        (
            f'{said}<div class="moz-cite-prefix">{escape(attribution)}<br></div>'
            f'<blockquote type="cite">{old}</blockquote>'
        ),
        (
            f'{said}<div class="protonmail_quote">{escape(attribution)}<br>'
            f'<blockquote class="protonmail_quote" type="cite">{old}</blockquote><br></div>'
        ),
        (
            f'{said}<div><br><blockquote type="cite"><div>{escape(attribution)}</div><br>{old}'
            "</blockquote></div>"
        ),
    )
    for page in pages:
        mail = heard(f"<html><body>{page}</body></html>", "text/html; charset=utf-8")
        assert mail.visible == ANSWER
        assert mail.block.fields == ()


@pytest.mark.parametrize("attribution", QUOTED)
def test_flowed_text_is_as_its_writer_saw_it(attribution: str) -> None:
    flowing = "\n".join(textwrap.wrap(attribution, 60, break_long_words=False)).replace("\n", " \n")
    text = f"It works again \nsince yesterday.\n\n{flowing}\n> Please \n> try.\n> Status: solved\n"
    mail = heard(text, "text/plain; charset=utf-8; format=flowed")
    assert mail.visible == "It works again since yesterday."
    assert mail.block.fields == ()


@pytest.mark.parametrize("attribution", QUOTED)
def test_a_quote_alone_adds_nothing(attribution: str) -> None:
    assert not heard(f"{attribution}\n{barred(OLD)}\n").adds
    assert is_intro(attribution)


@pytest.mark.parametrize("device", ["", *DEVICES])
@pytest.mark.parametrize("language", HEADERS)
def test_a_written_out_header_ends_the_answer(language: str, device: str) -> None:
    *keys, when = HEADERS[language]
    values = (f"{WHO} <{AT}>", when, "Anne <anne@physics.example>", "joe@x.example", "Re: broken")
    plain = "\n".join(f"{key}: {value}" for key, value in zip(keys, values, strict=True))
    bold = "\n".join(f"*{key}:* {value}" for key, value in zip(keys, values, strict=True))
    few = "\n".join(line for at, line in enumerate(plain.split("\n")) if at != 3)
    below = f"\n\n{device}" if device else ""
    for header in (plain, bold, few):
        for rule in ("", "________________________________\n", "-----Original Message-----\n"):
            mail = heard(f"{ANSWER}{below}\n\n{rule}{header}\n\n{OLD}\n")
            assert mail.visible == ANSWER
            assert mail.block.fields == ()


@pytest.mark.parametrize("device", DEVICES)
def test_what_a_telephone_adds_is_a_signature(device: str) -> None:
    mail = heard(f"{ANSWER}\n\n{device}\n")
    assert mail.visible == ANSWER
    assert mail.with_signature.endswith(device)
