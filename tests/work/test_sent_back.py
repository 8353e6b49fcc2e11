"""A solution that Outlook sends back verifies, compared with what was really sent."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import outlook
import pytest
from outlook import ANNE, SHAPES, Mail
from proven import evidence
from sqlalchemy import select, update
from stage import Said, Stage

from parsers.digest import sha256_of
from parsers.mail import hear
from store.tables import outbox, ticket

WORLD = Path(__file__).parents[1] / "worlds" / "proven.toml"
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
TPM, TINA = "tpm@firstline.example", "tina@firstline.example"
NAMES = {ANNE: f"Anne <{ANNE}>"}


@pytest.fixture
def stage(place: Path, store_url: str) -> Iterator[Stage]:
    stage = Stage(place, WORLD, NOW, store_url)
    yield stage
    stage.close()


def mail(
    stage: Stage, sender: str, one: Mail, to: str, head: str = "", *, proven: bool = True
) -> list[Said]:
    """Let a mail in; return what was said."""
    stage.now += timedelta(minutes=3)  # more often would be a loop
    kind, body = one.body()
    raw = stage.fill(
        f"From: {NAMES.get(sender, sender)}\nSubject: {one.subject}\n"
        f"Date: {stage.now:%a, %d %b %Y %H:%M:%S +0000}\n"
        f"Message-ID: <{stage.now:%H%M}@mail.example>\n{head}MIME-Version: 1.0\n"
        f"Content-Type: {kind}\n\n{body}"
    )
    sent = raw.replace("\n", "\r\n").encode()
    if proven:
        stage.prover.known[sha256_of(sent)] = evidence([{"kind": "dkim"}], hear(sent))
    stage.keep(sent, stage.envelope(sent, [stage.fill(to)], sender, "203.0.113.7"))
    stage.work()
    return stage.said()


def token(address: str) -> str:
    return f"reply+{{{{token {address}}}}}@helpdesk.example"


def opened(stage: Stage, sender: str = ANNE, subject: str = "Jobs fail") -> None:
    mail(stage, sender, Mail(subject, "They fail."), "support@helpdesk.example")


def solved(stage: Stage, solution: str = "Restarted <it>.") -> tuple[Mail, str]:
    """Solve the newest ticket; return the mail to Anne, and the header of an answer to it."""
    text = f"Status: solved\n\n{solution}\nSee https://desk.example/t/1"
    said = mail(stage, TINA, Mail("Re: Jobs fail", text), token(TPM))
    (to_anne,) = [one for one in said if one.recipient == ANNE]
    return outlook.sent(to_anne.mail), stage.fill(f"In-Reply-To: {{{{message_id {ANNE}}}}}\n")


def back(stage: Stage, one: Mail, head: str, *, proven: bool = True) -> str:
    """Send a mail to Anne back as it is; return the status of ticket 100001."""
    one = replace(one, subject=f"RE: {one.subject}")
    mail(stage, ANNE, one, token(ANNE), head, proven=proven)
    return status(stage)


def status(stage: Stage) -> str:
    with stage.store.reading() as conn:
        query = select(ticket.c.status).where(ticket.c.number == 100001)
        return str(conn.execute(query).scalar_one())


@pytest.mark.parametrize(
    ("shape", "language"),
    list(zip(SHAPES, ["German", "French", "English", "Italian", "Spanish"], strict=True)),
)
def test_what_outlook_sends_back_verifies(stage: Stage, shape: str, language: str) -> None:
    opened(stage)
    sent, head = solved(stage)
    said = SHAPES[shape](sent, language)
    for one in ("text", "page"):
        changed = replace(said, **{one: getattr(said, one).replace("has solved", "has not solved")})
        assert changed == said or back(stage, changed, head) == "solved"
    assert back(stage, said, head) == "verified"


def test_what_a_server_put_on_top_of_it_does_not_stop_it(stage: Stage) -> None:
    opened(stage)
    sent, head = solved(stage)
    banner = "CAUTION: This email originated from outside of the organization."
    came = Mail(f"[EXT] {sent.subject}", f"{banner}\n\n{sent.text}", f"<p>{banner}</p>{sent.page}")
    assert (
        back(stage, outlook.desktop(replace(came, text="No.", page="<p>No.</p>")), head) == "solved"
    )
    assert back(stage, outlook.desktop(came), head) == "verified"


@pytest.mark.parametrize("proven", [True, False])
def test_who_sends_back_something_else_is_told_how_to_verify(stage: Stage, proven: bool) -> None:
    opened(stage)
    sent, head = solved(stage)
    cut = outlook.desktop_plain(replace(sent, text=sent.text.replace("SUBMITTER:", "BY:")))
    said = mail(stage, ANNE, replace(cut, subject=f"RE: {sent.subject}"), token(ANNE), head,
                proven=proven)  # fmt: skip
    mine = [one.mail for one in said if one.recipient == ANNE]
    assert status(stage) == "solved"
    assert len(mine) == proven
    for one in mine:
        text = " ".join(outlook.sent(one).text.split())
        assert 'What does is "Verify: yes" as the first line of an answer' in text


@pytest.mark.parametrize("intro", ["On Tue, 3 Mar 2026 at 09:00, Help <a@b.example> wrote:", ""])
def test_what_marks_its_quote_verifies_as_before(stage: Stage, intro: str) -> None:
    opened(stage)
    sent, head = solved(stage)
    page = f"<div><br></div><div>{intro}</div><blockquote>{sent.page}</blockquote>"
    quoted = Mail(sent.subject, f"{intro}\n> " + sent.text.replace("\n", "\n> "), page)
    assert back(stage, quoted, head) == "verified"


@pytest.mark.parametrize(
    "intro",
    [
        "It fails since 2026-03-03 08:00, I wrote:",
        "Since 3.3.2026 08:00 it fails, as Anne wrote:",
        "Sent from my office, where it fails.",
    ],
)
def test_a_sentence_above_a_quote_that_looks_like_a_programs_verifies_nothing(
    stage: Stage, intro: str
) -> None:
    opened(stage)
    sent, head = solved(stage)
    quoted = Mail(sent.subject, f"{intro}\n> " + sent.text.replace("\n", "\n> "))
    assert back(stage, quoted, head) == "solved"


def test_only_the_newest_solution_verifies(stage: Stage) -> None:
    opened(stage)
    first, old = solved(stage, "First.")
    mail(stage, ANNE, Mail("Re: Jobs fail", "Reopen: yes\n\nNo."), token(ANNE))
    second, new = solved(stage, "Second.")
    assert back(stage, outlook.web(first), old) == "solved"
    assert back(stage, outlook.web(first), new) == "solved"
    assert back(stage, outlook.web(second), old) == "solved"
    assert back(stage, outlook.web(second), new) == "verified"


def test_the_text_that_somebody_else_was_sent_verifies_nothing(stage: Stage) -> None:
    opened(stage)
    text = "Status: solved\n\nRestarted."
    said = mail(stage, TINA, Mail("Re: Jobs fail", text), token(TPM))
    head = stage.fill(f"In-Reply-To: {{{{message_id {ANNE}}}}}\n")
    (others,) = [outlook.sent(one.mail) for one in said if one.recipient == TPM]
    assert back(stage, outlook.web(others), head) == "solved"


def test_the_solution_of_another_ticket_verifies_nothing(stage: Stage) -> None:
    opened(stage)
    solved(stage)
    to_first = stage.fill(token(ANNE))
    opened(stage, subject="Others fail")
    sent, head = solved(stage)
    answer = replace(outlook.web(sent), subject=f"RE: {sent.subject}")
    mail(stage, ANNE, answer, to_first, head)
    assert status(stage) == "solved"


def test_without_a_proof_nothing_verifies(stage: Stage) -> None:
    opened(stage)
    sent, head = solved(stage)
    assert back(stage, outlook.web(sent), head, proven=False) == "solved"


@pytest.mark.parametrize("mark", ["Auto-Submitted: auto-replied\n", "Precedence: bulk\n"])
def test_a_machine_verifies_nothing(stage: Stage, mark: str) -> None:
    opened(stage)
    sent, head = solved(stage)
    assert back(stage, outlook.web(sent), f"{mark}{head}") == "solved"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"To: {ANNE}", "To: whom it may concern"),
        ("From: Grid Helpdesk", "From: me, who disagrees"),
        ("Subject: ", "Subject: NOT "),
    ],
)
def test_the_written_out_header_holds_known_words(stage: Stage, old: str, new: str) -> None:
    opened(stage)
    sent, head = solved(stage)
    said = outlook.desktop_plain(sent)
    assert old in said.text
    assert back(stage, replace(said, text=said.text.replace(old, new, 1)), head) == "solved"
    assert back(stage, said, head) == "verified"


def test_of_what_was_sent_by_an_older_program_nothing_is_known(stage: Stage) -> None:
    opened(stage)
    sent, head = solved(stage)
    with stage.store.writing() as conn:
        conn.execute(update(outbox).values(words=""))
    assert back(stage, outlook.web(sent), head) == "solved"
    marked = Mail(sent.subject, "> " + sent.text.replace("\n", "\n> "))
    assert back(stage, marked, head) == "verified"


def test_what_verifies_is_told_without_its_text(stage: Stage) -> None:
    opened(stage)
    sent, head = solved(stage)
    answer = replace(outlook.desktop(sent), subject=f"RE: {sent.subject}")
    said = mail(stage, ANNE, answer, token(ANNE), head)
    assert [str(one) for one in said] == [f"update -> {TPM}", f"followed -> {ANNE}"]
    text = outlook.sent(said[0].mail).text
    assert "solved -> verified" in text
    assert "From:" not in text
