"""An answer without a word of one's own verifies a solution, so nothing else may count as one."""

import pytest

from parsers.heard import Note
from parsers.mail import hear

QUOTE = "> --- please write above this line ---\n>\n> Solution:\n> Restarted.\n"
INTROS = [
    "On Mon, 2 Mar 2026 at 09:00, Help <support@helpdesk.example> wrote:",
    "On Mon, 2 Mar 2026, Help wrote:",
    "On Mon, Mar 02, 2026 at 09:00:00AM +0000, Help wrote:",
    "Am 02.03.26 um 09:00 schrieb Help:",
    "Am Mo., 2. März 2026 um 09:00 Uhr schrieb Help <support@helpdesk.example>:",
    "Le lun. 2 mars 2026 à 09:00, Help <support@helpdesk.example> a écrit :",
    "Le 02/03/2026 à 09:00, Help a écrit :",
    "Il giorno lun 2 mar 2026 alle ore 09:00 Help <support@helpdesk.example> ha scritto:",
    "El lun, 2 mar 2026 a las 9:00, Help (<support@helpdesk.example>) escribió:",
    "Den 2. mar. 2026 kl. 09.00 skrev Help <support@helpdesk.example>:",
    "Help kirjoitti 2.3.2026 kello 9.00:",
    "пн, 2 мар. 2026 г. в 09:00, Help <support@helpdesk.example>:",  # noqa: RUF001 - Russian
    "02.03.2026 09:00, Help пишет:",
    "2026年3月2日(月) 9:00 Help <support@helpdesk.example>:",
    "2026/03/02 9:00、Help <support@helpdesk.example>のメール:",
    "Help <support@helpdesk.example> 于2026年3月2日周一 09:00写道：",  # noqa: RUF001 - Chinese
    "On Mon, 2 Mar 2026 at 09:00, The Helpdesk of a Federation\n<support@helpdesk.example> wrote:",
]
PAGE = "<blockquote>--- please write above this line ---<br>Solution:<br>Restarted.</blockquote>"


def adds(text: str, kind: str = "text/plain; charset=utf-8") -> bool:
    head = f"From: anne@physics.example\nMIME-Version: 1.0\nContent-Type: {kind}\n\n"
    return hear((head + text).encode()).adds


def both(plain: str, html: str) -> str:
    parts = (("plain", plain), ("html", html))
    return (
        "".join(
            f"--b\nContent-Type: text/{kind}; charset=utf-8\n\n{text}\n" for kind, text in parts
        )
        + "--b--\n"
    )


@pytest.mark.parametrize("intro", INTROS)
def test_the_line_that_a_mail_program_writes_above_a_quote_is_no_word(intro: str) -> None:
    assert not adds(f"{intro}\n{QUOTE}")
    assert not adds(f"\n\n-- \nAnne\n\n{intro}\n\n{QUOTE}")
    assert not adds(f"{intro}\n\n{QUOTE}\n-- \nAnne")
    assert not adds(f"> {intro}\n> \n{QUOTE}".replace("\n<", "\n> <"))
    assert adds(f"No.\n\n{intro}\n{QUOTE}")
    assert adds(f"{intro}\n{QUOTE}\nNo.")


@pytest.mark.parametrize(
    "words",
    [
        "It still fails, as I wrote on 2026-03-01:",
        "Nothing is solved, see what I wrote in 2026:",
        "anne@physics.example says it fails since 02.03.:",
        "That is what you wrote:",
        "On 2 Mar 2026 you wrote:",
        "It fails again. On Mon, 2 Mar 2026, Help wrote:",
        "I said on 2 March 2026 that it fails, and it does.\nYou wrote:",
    ],
)
def test_a_sentence_above_a_quote_is_a_word(words: str) -> None:
    assert adds(f"{words}\n{QUOTE}")


@pytest.mark.parametrize(
    ("plain", "html", "says"),
    [
        (f"{INTROS[0]}\n{QUOTE}", f"<div><br></div><div>{INTROS[0]}</div>{PAGE}", False),
        ("", f"<div>{INTROS[2]}</div>{PAGE}", False),
        (f"{INTROS[0]}\n{QUOTE}", f"<div>No, it fails.</div>{PAGE}", True),
        (f"{INTROS[0]}\n{QUOTE}", f"{PAGE}<div>No, it fails.</div>", True),
        (f"No.\n{QUOTE}", PAGE, True),
        ("", "<div>No.</div>", True),
        (QUOTE, "<p>--- please write above this line ---</p><p>Restarted.</p>", True),
    ],
)
def test_both_ways_to_read_a_mail_have_to_be_without_a_word(
    plain: str, html: str, says: bool
) -> None:
    assert adds(both(plain, html), 'multipart/alternative; boundary="b"') is says


def test_words_that_only_the_other_way_holds_are_read() -> None:
    text = both(f"{INTROS[0]}\n{QUOTE}", f"<div>No, it fails.</div>{PAGE}")
    head = 'MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary="b"\n\n'
    heard = hear((head + text).encode())
    assert heard.visible == "No, it fails."
    assert Note.TEXT_FROM_HTML in heard.notes
    plain = hear((head + both(f"No.\n{QUOTE}", "<div>Something else.</div>")).encode())
    assert (plain.visible, plain.notes) == ("No.", ())


def test_a_page_alone_that_holds_only_the_quote_says_nothing() -> None:
    assert not adds(PAGE, "text/html; charset=utf-8")
    assert not adds(f"<div><br></div><div>{INTROS[2]}</div>{PAGE}", "text/html; charset=utf-8")
    assert adds(f"<div>Thanks</div>{PAGE}", "text/html; charset=utf-8")
