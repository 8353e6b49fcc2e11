"""What a mail adds: quotes and signatures go, text stays. One case per shape of reply."""

import pytest

from parsers.mail import hear
from parsers.reply import REPLY_MARKER, split_reply

LEAD = "On Mon, 2 Mar 2026 at 09:00, Helpdesk <support@helpdesk.example> wrote:"
QUOTE = f"> {REPLY_MARKER}\n>\n> old\n"
# What says nothing of its own: nothing, a quote, a quote and a signature.
SILENT = (
    "",
    "\n\n-- \nAlice",
    "> old",
    QUOTE,
    f"{LEAD}\n{QUOTE}",
    f"{LEAD}\n\n{QUOTE}\n\n-- \nAlice\nInstitute of Physics",
    f"Sent from my iPhone\n\n> {LEAD}\n>\n{QUOTE}",
    f"Am 02.03.26 um 09:00 schrieb Helpdesk:\n{QUOTE}",
)
HEADER = (
    "From: Helpdesk <support@helpdesk.example>\nSent: Monday, 2 March 2026 09:00\n"
    "To: Alice\nSubject: RE: broken\n"
)
# Words of the writer's own, wherever they stand, or a quote in which there may be some.
SAID = (
    "No.",
    f"No.\n\n{LEAD}\n{QUOTE}",
    f"{LEAD}\n{QUOTE}\nNo.",
    f"{LEAD}\n{QUOTE}No.\n> more",
    f"{LEAD}\n{QUOTE}\nNo.\n\n-- \nAlice",
    f"{LEAD}\n\n{REPLY_MARKER}\nold\nNo.",
    f"{REPLY_MARKER}\nold",
    f"{HEADER}\n{REPLY_MARKER}\nold",
    f"{HEADER}\nNo.\n\n{REPLY_MARKER}\nold",
    f"Since 23.11.2026 09:00 it fails, as I wrote:\n{QUOTE}",
    f"It fails since 2026-11-24 10:00, I wrote:\n{QUOTE}",
    f"On 23.11.2026 at 09:00 it failed, I wrote:\n{QUOTE}",
    f"2026-11-24 10:00 root@node.example says that it fails:\n{QUOTE}",
    f"Sent from my office, where it fails.\n\n{LEAD}\n{QUOTE}",
    f"Sent via Prag it works, from my desk not\n\n{LEAD}\n{QUOTE}",
)
ANSWER = "It works again.\nThank you."
GMAIL = "On Mon, 23 Nov 2026 at 09:00, Helpdesk <support@helpdesk.example> wrote:"
OUTLOOK = (
    "From: Helpdesk <support@helpdesk.example>\nSent: Monday, 23 November 2026 09:00\n"
    "To: Alice\nSubject: RE: broken\n\nThe old text."
)


@pytest.mark.parametrize(
    "below",
    [
        f"{GMAIL}\n> old\n>\n> text",
        f"{GMAIL}\n\n> old\n>> older\n\n",
        "> old\n> text",
        "On Mon, 23 Nov 2026 at 09:00, A Long Name\n<support@helpdesk.example> wrote:\n\n> old",
        "Alice Example wrote:\n> old",
        "Am 23.11.2026 um 09:00 schrieb Helpdesk:\n> alt",
        "Am Mo., 23. Nov. 2026 um 09:00 Uhr schrieb <support@helpdesk.example>:\n\n> alt",
        "Le lun. 23 nov. 2026 à 09:00, Helpdesk <support@helpdesk.example> a écrit :\n> vieux",
        "El lun, 23 nov 2026 a las 9:00, Helpdesk (<support@helpdesk.example>) escribió:\n> viejo",
        "Il giorno lun 23 nov 2026 alle ore 09:00 Helpdesk <s@helpdesk.example> ha scritto:\n> x",
        "W dniu 23.11.2026 o 09:00, Helpdesk pisze:\n> stary",
        "23.11.2026 09:00, Helpdesk пишет:\n> старый",
        "2026年11月23日(月) 9:00 Helpdesk <support@helpdesk.example>:\n> 古い",
        "在 2026年11月23日 09:00 Helpdesk 写道\uff1a\n> 旧",
        "2026-11-23 9:00 GMT+01:00 Helpdesk <support@helpdesk.example>:\n> old",
        f"{GMAIL}\n\nThe old text without bars.",
        f"-----Original Message-----\n{OUTLOOK}",
        OUTLOOK,
        f"________________________________\n{OUTLOOK}",
        "-----Ursprüngliche Nachricht-----\nVon: Helpdesk\nalt",
        "Von: Helpdesk\nGesendet: Montag, 23. November 2026 09:00\nAn: Alice\nBetreff: x\n\nalt",
        "De : Helpdesk\nEnvoyé : lundi 23 novembre 2026\nÀ : Alice\nObjet : x\n\nvieux",
        "*From:* Helpdesk\n*Sent:* Monday\n*To:* Alice\n*Subject:* x\n\nold",
        "发件人: Helpdesk\n发送时间: 2026年11月23日\n收件人: Alice\n主题: x\n\n旧",
        f"{GMAIL}\n> {REPLY_MARKER}\n> old",
        f"{REPLY_MARKER}\nanything at all",
        f"Somebody wrote on 2026-11-23 at 09:00:\n| {REPLY_MARKER}\nno bars here",
    ],
)
def test_a_quoted_mail_below_the_answer_goes(below: str) -> None:
    assert split_reply(f"{ANSWER}\n\n{below}").visible == ANSWER


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nAlice\nExample Lab", "--\nAlice", "Sent from my iPhone", "Von meinem iPhone gesendet",
        "Get Outlook for iOS<https://aka.example/o>", "-- \nAlice\n\nSent from my iPhone",
    ],
)  # fmt: skip
def test_a_signature_is_told_apart_from_the_answer(signature: str) -> None:
    reply = split_reply(f"{ANSWER}\n\n{signature}")
    assert reply.visible == ANSWER
    assert reply.with_signature == f"{ANSWER}\n\n{signature}"


def test_a_long_signature_needs_the_blank_behind_its_dashes() -> None:
    below = "\n".join(f"line {i}" for i in range(12))
    assert split_reply(f"{ANSWER}\n-- \n{below}").visible == ANSWER
    assert split_reply(f"{ANSWER}\n--\n{below}").visible.endswith("line 11")


@pytest.mark.parametrize("order", ["sig first", "quote first"])
def test_a_signature_is_found_on_either_side_of_the_quote(order: str) -> None:
    parts = ["-- \nAlice", f"{GMAIL}\n> old"]
    below = "\n\n".join(parts if order == "sig first" else reversed(parts))
    reply = split_reply(f"{ANSWER}\n\n{below}")
    assert reply.visible == ANSWER
    assert reply.with_signature.split() == [*ANSWER.split(), "--", "Alice"]


@pytest.mark.parametrize(
    "text",
    [
        "Here is the log:\n> line 1\n> line 2",
        "It fails at\n>>> import x\nTraceback (most recent call last):\n  y",
        "It fails at\n>>> import x",
        "Best regards are not enough: please also open port 2811",
        "Test output\n--\nfirst\n--\nsecond",
        "a\n--\n" + "\n".join(f"line {i}" for i in range(10)),
        "-- \nonly a signature",
        "> only a quote",
        f"{GMAIL}\n> only a quote",
        "Site: SITE-A\nVO: atlas\n\nText: with colons:\n\n- a\n- b\n",
        "From: the beginning it was broken.",
        "These fail:\nFrom: CERN-PROD\nTo: FZK-LCG2\nDate: 2026-11-23 09:00\nError: timed out",
        "It fails.\n\nSince 2026-11-23 the script of Bob wrote:\n> old",
        "It fails.\n\nThe log of root@node.example at 2026-11-23 09:00:\n> disk error",
        "It fails.\n\nAs the documentation said:\n> restart it",
        "Hello,\n\n> Which host?\nThe first.\n> Since when?\nOn 2026-11-23 it wrote:\n> full",
        "Begin forwarded message:\n\n" + OUTLOOK,
        "see\n\n---------- Forwarded message ---------\n" + OUTLOOK,
        "",
        "\n\n",
    ],
)
def test_what_is_not_surely_a_quote_stays(text: str) -> None:
    assert split_reply(text).visible == text.strip("\n").rstrip()


@pytest.mark.parametrize(
    "last",
    [
        "The failure was on 2026-11-23.",
        "On 2026-11-23 we saw that the whole of the farm had stopped working again",
        "On Mon, Nov 23, 2026 at 9:00 it failed for all of us, as the monitoring tells",
    ],
)
def test_a_sentence_directly_above_an_attribution_is_no_part_of_it(last: str) -> None:
    assert split_reply(f"Hello,\n{last}\nAlice Example wrote:\n> old").visible == f"Hello,\n{last}"


def test_a_forward_stays_whole() -> None:
    text = f"FYI\n\n{OUTLOOK}\n> deeper"
    assert split_reply(text, forward=True).visible == text
    assert hear(f"Subject: WG: x\n\n{text}".encode()).visible == text


def test_answers_between_quotes_keep_what_they_answer() -> None:
    text = f"{GMAIL}\n> one?\n\nyes\n\n> two?\n\nno\n\n> three?"
    assert split_reply(text).visible == f"{GMAIL}\n> one?\n\nyes\n\n> two?\n\nno"


def test_an_answer_below_the_quote_shows_alone() -> None:
    assert split_reply(f"{GMAIL}\n> old\n> text\n\n{ANSWER}").visible == ANSWER
    assert split_reply(f"> old\n\n{ANSWER}\n-- \nAlice").visible == ANSWER


def test_the_marker_inside_a_sentence_cuts_nothing() -> None:
    text = f"He asked about '{REPLY_MARKER}' in the mail"
    assert split_reply(text).visible == text


@pytest.mark.parametrize(
    "quote",
    [
        (
            f'<div class="gmail_quote"><div class="gmail_attr">{GMAIL.replace("<", "&lt;")}</div>'
            "<blockquote>old</blockquote></div>"
        ),
        (
            '<div class="moz-cite-prefix">Am 23.11.26 um 09:00 schrieb X:</div>'
            '<blockquote type="cite">old</blockquote>'
        ),
        '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg">From: X</div><div>old</div>',
        '<div id="x_divRplyFwdMsg">From: X</div><p>old</p>',
        '<div class="yahoo_quoted">old</div>',
    ],
)
def test_quotes_in_html_go(quote: str) -> None:
    page = f"<html><body><div>It works again.<br>Thank you.</div>{quote}</body></html>"
    mail = hear(f"Content-Type: text/html; charset=utf-8\n\n{page}".encode())
    assert mail.visible == ANSWER
    assert "old" in mail.text


def test_an_html_mail_that_is_all_quote_shows_whole() -> None:
    mail = hear(b'Content-Type: text/html\n\n<div class="yahoo_quoted">old</div>')
    assert mail.visible == mail.text == "old"


def test_the_block_is_heard_only_in_what_was_written() -> None:
    mail = hear(f"A: b\n\nStatus: solved\n\ndone\n\n{GMAIL}\n> Site: SITE-B\n".encode())
    assert [(f.key, f.value) for f in mail.block.fields] == [("status", "solved")]
    page = "<p>Site: SITE-A</p><p>VO: atlas</p><p>text</p>"
    mail = hear(f"Content-Type: text/html\n\n{page}".encode())
    assert [f.key for f in mail.block.fields] == ["site", "vo"]


@pytest.mark.parametrize(
    "page",
    [
        '<div class="yahoo_quoted">Status: solved<br>Solution: x</div>',
        '<div id="appendonsend"></div><hr><div>Status: solved</div>',
        "<blockquote>Status: solved</blockquote>",
    ],
)
def test_a_page_that_is_all_quote_shows_and_steers_nothing(page: str) -> None:
    mail = hear(f"Content-Type: text/html\n\n<html><body>{page}</body></html>".encode())
    assert "Status: solved" in mail.visible
    assert (mail.block.fields, mail.block.rest) == ((), mail.visible)


@pytest.mark.parametrize("text", SILENT)
def test_a_mail_without_a_word_of_its_own_adds_nothing(text: str) -> None:
    assert not split_reply(text).adds


@pytest.mark.parametrize("text", SAID)
def test_a_word_anywhere_adds_something_and_so_may_a_quote_without_bars(text: str) -> None:
    assert split_reply(text).adds


def test_an_html_quote_without_a_word_adds_nothing_and_one_below_it_does() -> None:
    quote = f'<div>{LEAD}</div><blockquote type="cite"><p>{REPLY_MARKER}</p>old</blockquote>'
    for below, adds in (("", False), ("<p>No.</p>", True)):
        raw = f"Content-Type: text/html\r\n\r\n<html><body><br>{quote}{below}</body></html>"
        assert hear(raw.encode()).adds is adds


def test_words_inside_an_unmarked_quote_are_shown_when_nothing_stands_above_it() -> None:
    below = f"\n\n{REPLY_MARKER}\n\nIt is NOT solved, I say, between your lines.\n"
    heard = split_reply(f"\n{HEADER}{below}")
    assert "NOT solved" in heard.visible
    assert heard.adds
    above = split_reply(f"Thanks!\n\n{HEADER}{below}")
    assert above.visible == "Thanks!"
