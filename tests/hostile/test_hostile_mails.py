"""Hostile mails, end to end: each ends soon in a recorded outcome, and harms nobody behind it."""

import email
import email.policy
import os
import pty
import re
import subprocess
import unicodedata
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from click.testing import CliRunner
from hostile.corpus import Hostile, corpus
from running import PROGRAM, Helpdesk, until
from torture.books import Books, message_id_of
from torture.history import OK, REFUSED
from torture.nemesis import processes_of
from torture.wire import as_kept, hand_over

from gateway.cli import program
from tests.cost import slowness

pytestmark = pytest.mark.timeout(120)
SUPPORT = "support@helpdesk.example"
ENDS_S = 60.0
ENDS_CPU_S = 10.0  # of all roles together
CANARY_S = 30.0
REPLY = re.compile(r"[245]\d\d [245]\.\d{1,3}\.\d{1,3} [ -~]{1,400}")
HOSTILE = list(corpus())
BROKEN = [one for one in HOSTILE if one.refused and len(one.raw) < 25_000_000]
OURS = {
    "from", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references", "reply-to",
    "mime-version", "content-type", "content-transfer-encoding", "auto-submitted", "return-path",
    "delivered-to", "precedence", "x-auto-response-suppress", "x-ticketgate-loop",
}  # fmt: skip


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helpdesk]:
    yield from _served(tmp_path_factory.mktemp("border"), "border")


@pytest.fixture(scope="module")
def desk_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helpdesk]:
    yield from _served(tmp_path_factory.mktemp("behind"), "behind")


def _served(place: Path, role: str) -> Iterator[Helpdesk]:
    running = Helpdesk(place, {"[store]": f'role = "{role}"\n\n[store]'}, workers=2)
    running.start()
    yield running
    running.stop()
    assert processes_of(running) == []


@pytest.mark.parametrize("one", HOSTILE, ids=[one.name for one in HOSTILE])
def test_a_hostile_mail_ends_in_a_recorded_outcome_and_harms_nobody(
    one: Hostile, desk: Helpdesk
) -> None:
    _send_and_see(one, desk, refused=one.refused)


@pytest.mark.parametrize("one", BROKEN, ids=[one.name for one in BROKEN])
def test_behind_another_server_a_broken_mail_is_kept_and_held(
    one: Hostile, desk_behind: Helpdesk
) -> None:
    row = _send_and_see(one, desk_behind, refused=False)
    assert row["outcome"] == "held", row


def test_the_listings_show_all_of_it_as_plain_text(desk: Helpdesk, desk_behind: Helpdesk) -> None:
    for one in (desk, desk_behind):
        for words in (["mails"], ["tickets"], ["outbox"], ["refusals"]):
            _assert_plain(_shown(one, *words), words)
            _assert_plain(_shown(one, *words, "--json"), words)
        for ticket in one.listing("tickets"):
            assert "\n" not in ticket["subject"], ticket
            _assert_plain(ticket["subject"], ticket)


def test_a_terminal_gets_the_table_without_anything_that_steers_it(desk: Helpdesk) -> None:
    ours, theirs = pty.openpty()
    program_path = [PROGRAM, "tickets", "--limit", "500", "--config", desk.config]
    env = desk.env | {"TERM": "dumb", "COLUMNS": "200"}
    with subprocess.Popen(program_path, stdout=theirs, env=env) as process:
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
        assert process.wait(60) == 0
    os.close(ours)
    _assert_plain(shown.decode().replace("\r\n", "\n"), "terminal")
    numbers = {str(row["ticket"]) for row in desk.listing("tickets", "--limit", "500")}
    assert len(numbers) > 30  # of all the mails above: these tests share a worker
    assert [number for number in numbers if number not in shown.decode()] == []


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, 65536)
    except OSError:  # the other end is closed
        return b""


def test_each_ticket_can_be_shown(desk: Helpdesk, desk_behind: Helpdesk) -> None:
    for one in (desk, desk_behind):
        for row in one.listing("tickets"):
            _assert_plain(_shown(one, "tickets", str(row["ticket"])), row["subject"])


def test_what_we_say_about_hostile_mails_is_sound_mail(
    desk: Helpdesk, desk_behind: Helpdesk
) -> None:
    for one in (desk, desk_behind):
        found = Books(one.place).desk("SELECT message_id, state, recipient FROM outbox")
        rows = {row["message_id"]: row for row in found}
        assert {row["state"] for row in rows.values()} == {"sent"}
        mails = one.outgoing()
        assert len(mails) == len(rows) > 0
        for path in mails:
            _assert_sound(path, rows)


def _spent_s(desk: Helpdesk) -> float:
    """Return how much CPU the roles have had."""
    stats = [Path(f"/proc/{pid}/stat").read_text() for pid in desk.roles().values()]
    ticks = [sum(map(int, stat.rpartition(")")[2].split()[11:13])) for stat in stats]
    return sum(ticks) / os.sysconf("SC_CLK_TCK")


def _send_and_see(one: Hostile, desk: Helpdesk, *, refused: bool) -> dict[str, object]:
    """Send it and a canary, and wait until all that follows is done."""
    books = Books(desk.place)
    refusals = books.journal("SELECT coalesce(max(id), 0) AS n FROM refusal")[0]["n"]
    crashes = _crashes(desk)
    spent_s = _spent_s(desk)
    attempt = hand_over(desk.smtp, one.raw, one.mail_from, SUPPORT, timeout_s=30)
    canary = hand_over(desk.smtp, _canary(one), "carl@canary.example", SUPPORT)
    assert (canary.how, canary.seconds < CANARY_S) == (OK, True), canary
    assert REPLY.fullmatch(attempt.reply), attempt
    row: dict[str, object] = {}
    if refused:
        assert attempt.how == REFUSED, attempt
        if not attempt.reply.startswith("552"):
            until(lambda: _refused_since(books, refusals), "the refusal is a row", ENDS_S)
    else:
        assert attempt.how == OK, attempt
        row = until(lambda: _ended(books, attempt.kept_as), "it is decided", ENDS_S)
        assert row["state"] == "done", row
        assert row["outcome"] in {"new", "held", "bounce", "comment", "automatic"}, row
        assert _kept(books, attempt.kept_as) == as_kept(one.raw)
    until(lambda: not books.waiting(), "all of it is sent", ENDS_S)
    assert _spent_s(desk) - spent_s < ENDS_CPU_S * slowness()
    assert _crashes(desk) == crashes, "a role died of it"
    return row


def _shown(desk: Helpdesk, *words: str) -> str:
    """Run a listing command in this process, which is quicker than a hundred programs."""
    os.environ.update(desk.env)
    done = CliRunner().invoke(program, [*words, "--config", str(desk.config)])
    assert done.exit_code == 0, done.output
    return str(done.stdout)


def _assert_sound(path: Path, rows: dict[str, dict[str, object]]) -> None:
    raw = path.read_bytes()
    row = rows[message_id_of(raw)]
    head, _, body = raw.partition(b"\n\n")
    assert head.isascii(), path
    assert b"\r" not in raw, path
    for line in raw.split(b"\n"):
        assert len(line) <= 998, path
        assert not set(line) & set(b"\0\x1b\x08\x07"), (path, line)
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    names = [name.lower() for name in mail.keys()]  # noqa: SIM118 - a mail may have a name twice
    assert set(names) <= OURS, (path, set(names) - OURS)
    assert len(names) == len(set(names)), (path, names)
    assert "bcc" not in names
    assert str(mail["to"].addresses[0].addr_spec) == row["recipient"]
    assert not [part.defects for part in mail.walk() if part.defects], path
    assert not mail["subject"].defects, path
    _assert_plain(str(mail["subject"]), path)
    shown = mail.get_body(("plain",))
    assert shown is not None, path
    text = shown.get_content().replace("\r\n", "\n")  # CRLF is right inside base64
    _assert_plain(text, path)
    assert body
    assert "982081" not in text + str(mail["subject"]), "a template was run"


def _assert_plain(text: str, where: object) -> None:
    for char in set(text) - {"\n", "\t"}:
        assert unicodedata.category(char) not in {"Cc", "Cs"}, (where, char)
        assert char not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029", (
            where, char,
        )  # fmt: skip


def _canary(one: Hostile) -> bytes:
    number = HOSTILE.index(one)
    return (
        f"From: Carl <carl{number}@canary.example>\r\nTo: {SUPPORT}\r\nSubject: canary {number}\r\n"
        f"Message-ID: <canary-{number}@canary.example>\r\n\r\nTweet.\r\n"
    ).encode()


def _ended(books: Books, mail: int) -> dict[str, object] | None:
    rows = books.desk(
        "SELECT state, outcome, reasons, attempts FROM inbox"
        f" WHERE mail = {mail} AND state != 'kept'"
    )
    return rows[0] if rows else None


def _refused_since(books: Books, last: int) -> bool:
    return bool(books.journal(f"SELECT id FROM refusal WHERE id > {last}"))


def _kept(books: Books, mail: int) -> bytes:
    rows = books.journal(
        "SELECT bytes FROM raw_mail JOIN delivery ON delivery.raw = raw_mail.id"
        f" WHERE delivery.id = {mail}"
    )
    return bytes(rows[0]["bytes"])


def _crashes(desk: Helpdesk) -> int:
    log = (desk.place / "serve.log").read_text()
    return log.count("role ended") + log.count("Traceback") + log.count("could not work")
