"""Field lines as people's mail programs write them: HTML, other scripts, wrapped and linked."""

import pytest

from parsers.block import hear_block
from router.words import Status
from tests.router.replies import FIRST_LINE, SUBMITTER, SUPPORTER, about, after, by, changes, told

UTF_8 = "MIME-Version: 1.0\r\nContent-Type: text/{}; charset=utf-8\r\n"
PLAIN, HTML = UTF_8.format("plain"), UTF_8.format("html")
FLOWED = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8; format=flowed\r\n"
GMAIL = (
    "<div dir=ltr>Status: in progress<br><br>I look.</div><br><div class=gmail_quote>"
    "<div class=gmail_attr>On Mon, 2 Mar 2026 at 11:00, Help &lt;a@b.example&gt; wrote:<br>"
    "</div><blockquote>Status: unsolved<br>Priority: top priority</blockquote></div>"
)
OUTLOOK = (
    "<div>Status: in progress</div><div><br></div><div>I look.</div><div id=appendonsend></div>"
    "<hr><div id=divRplyFwdMsg><b>Von:</b> Help<br><b>Gesendet:</b> heute<br>"
    "<b>An:</b> Rosa<br><b>Betreff:</b> x</div><div>Status: unsolved</div>"
)
QUOTES = {
    "Outlook, German": "________________________________\nVon: Help <support@helpdesk.example>\n"
    "Gesendet: Montag, 2. März 2026 11:00\nAn: Rosa\nBetreff: Lost\n\nStatus: unsolved\n",
    "Outlook, French": "De : Help <support@helpdesk.example>\nEnvoyé : lundi 2 mars 2026 11:00\n"
    "À : Rosa\nObjet : Lost\n\nStatus: unsolved\n",
    "Outlook, Russian": "От: Help <support@helpdesk.example>\nОтправлено: 2 марта 2026 г. 11:00\n"  # noqa: RUF001 - Russian
    "Кому: Rosa\nТема: Lost\n\nStatus: unsolved\n",  # noqa: RUF001 - Russian
    "Outlook, Japanese": "差出人: Help <support@helpdesk.example>\n送信日時: 2026年3月2日 11:00\n"
    "宛先: Rosa\n件名: Lost\n\nStatus: unsolved\n",
    "Apple Mail, German": "> Am 02.03.2026 um 11:00 schrieb Help <support@helpdesk.example>:\n> \n"
    "> Status: unsolved\n",
    "Apple Mail, French": "> Le 2 mars 2026 à 11:00, Help <support@helpdesk.example> a écrit :\n"
    ">\n> Status: unsolved\n",
    "Gmail, Japanese": "2026年3月2日(月) 11:00 Help <support@helpdesk.example>:\n"
    "\n> Status: unsolved\n",
    "Thunderbird, Russian": "02.03.2026 14:00, Help пишет:\n> Status: unsolved\n",
}


@pytest.mark.parametrize(
    ("head", "text"),
    [
        (PLAIN, "Status\uff1ain progress\n\nI look."),  # a Japanese keyboard's colon
        (PLAIN, "\u200bStatus: in progress\n\nI look."),
        (PLAIN, "Status: in progress\u200b\n\nI look."),
        (PLAIN, "\u3000Status\u202f:\u00a0in progress\n\nI look."),
        (HTML, "<div>\u200b<br></div><div>Status:&nbsp;in progress</div><div>I look.</div>"),
        (HTML, "<p class=MsoNormal>Status: in progress<o:p></o:p></p><p>&nbsp;</p><p>I look.</p>"),
        (HTML, GMAIL),
        (HTML, OUTLOOK),
        (FLOWED, "Status: in \nprogress\n\nI look."),
        *((PLAIN, f"Status: in progress\n\nI look.\n\n{quote}") for quote in QUOTES.values()),
    ],
)  # fmt: skip
def test_a_line_is_heard_as_its_writer_sees_it(head: str, text: str) -> None:
    decision = after(by(SUPPORTER, text, head=head), about())
    assert changes(decision) == {"status": ("assigned", "in progress")}
    assert decision.events[0].text.endswith("I look.")


@pytest.mark.parametrize("quote", QUOTES.values(), ids=list(QUOTES))
def test_a_line_in_a_quote_is_never_heard(quote: str) -> None:
    for text in (quote, f"I look.\n\n{quote}", f"{quote}\n"):
        assert changes(after(by(SUPPORTER, text, head=PLAIN), about())) == {}


@pytest.mark.parametrize(
    "said", ["{}", "<{}>", "Tina T. <{}>", "{0}<mailto:{0}>", "{}\u200b", "{};"]
)
def test_a_person_is_known_however_a_mail_program_writes_the_address(said: str) -> None:
    text = f"Assign to: {said.format(FIRST_LINE)}\n"
    decision = after(by(SUPPORTER, text, head=PLAIN), about(support_unit="TPM"))
    assert changes(decision) == {"assigned person": ("", FIRST_LINE)}


def test_a_solution_that_a_mail_program_has_wrapped_is_whole() -> None:
    wrapped = "Status: solved\nSolution: The disk of one server was full, and\nis empty now.\n"
    decision = after(by(SUPPORTER, f"{wrapped}\nThanks."), about())
    assert decision.ticket is not None
    assert decision.ticket.solution == "The disk of one server was full, and\nis empty now."
    assert changes(decision)["status"] == ("assigned", "solved")


@pytest.mark.parametrize(
    ("text", "fields", "rest"),
    [
        ("Solution: a\nb\nStatus: solved\nc", {"solution": "a\nb", "status": "solved"}, "c"),
        ("Solution: a\n\nb", {"solution": "a"}, "b"),
        ("Solution:\nb", {"solution": ""}, "b"),
        ("Cc: a@x.example,\n b@x.example\nc", {"cc": "a@x.example,\nb@x.example"}, "c"),
        ("Status: solved\nb", {"status": "solved"}, "b"),
        ("Solution: a\n> b", {"solution": "a"}, "> b"),
    ],
)
def test_only_a_solution_and_a_list_that_goes_on_take_the_next_line(
    text: str, fields: dict[str, str], rest: str
) -> None:
    block = hear_block(text)
    assert {one.key: one.value for one in block.fields} == fields
    assert block.rest == rest


def test_a_solution_in_one_long_line_is_not_cut() -> None:
    solution = "word " * 800 + "end"
    decision = after(by(SUPPORTER, f"Status: solved\nSolution: {solution}\n"), about())
    assert decision.ticket is not None
    assert decision.ticket.solution == solution


def test_a_line_without_end_is_shown_short_in_the_answer() -> None:
    decision = after(by(SUPPORTER, "Status: " + "x" * 5_000 + "\nColour: " + "y" * 5_000), about())
    assert max(len(note) for note in decision.notes) < 500


@pytest.mark.parametrize("line", ["Reopen: yes", "Verify: yes", "Escalate: yes", "- Reopen: yes"])
def test_a_submitter_is_told_of_a_line_that_stands_too_low(line: str) -> None:
    text = f"Dear colleagues,\n\n{line}\n\nIt still fails."
    decision = after(by(SUBMITTER, text), about(status=Status.SOLVED), row=1)
    assert changes(decision) == {}
    assert SUBMITTER in told(decision)
    log = "It fails:\n\nStatus: failed\nPriority: 3"
    assert SUBMITTER not in told(after(by(SUBMITTER, log), about(), row=1))
