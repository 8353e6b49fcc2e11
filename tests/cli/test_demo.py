"""The demo's samples: where each ends, and what is said when one cannot be sent."""

import re
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from running import until
from sqlalchemy import update

from gateway.config.load import load
from gateway.demo.answering import ANSWERS
from gateway.demo.sending import CannotSend, kinds, sample
from gateway.demo.writing import write_demo
from store.listing import MailFilter, MailRow, mails
from store.tables import outbox
from store.visit import visit
from tests.cli.conftest import NOW
from tests.stage import Stage
from tests.warm import PROGRAM, run_program

ENDS = {
    "alarm": "held",
    "alarm-dkim": "held",  # no name server is asked here: tests/alarms
    "alarm-forged-dkim": "held",
    "alarm-forged-smime": "held",
    "alarm-smime": "new",
    "attachment": "new",
    "automatic": "automatic",
    "html": "new",
    "team": "held",
    "user-alias": "new",
    "user-no-site": "new",
    "user-site": "new",
    "user-subject": "new",
    "user-uncertified": "new",
    "user-unit": "new",
}


@pytest.fixture
def demo(place: Path) -> Path:
    write_demo(place, datetime.now(UTC))
    config = place / "config.toml"
    text = re.sub(r"(?m)^(listen = .*):\d+", r"\1:0", config.read_text())
    config.write_text(text.replace("#processes = 2", "processes = 1"))
    return config


@pytest.fixture
def door(demo: Path) -> Iterator[str]:
    """Serve the demo; the HOST:PORT of its SMTP door."""
    with (
        (demo.parent / "log").open("wb") as log,
        subprocess.Popen(
            [PROGRAM, "serve", "--config", demo], stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        assert process.stdout is not None
        ready = process.stdout.readline()
        found = re.search(r"^ready .*smtp=(\S+)", ready)
        try:
            assert found is not None, (demo.parent / "log").read_text()
            yield found[1]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
    assert process.returncode == 0


def decided(demo: Path, count: int) -> list[MailRow]:
    """Wait until so many mails are decided; the newest first."""

    def look() -> list[MailRow]:
        with visit(load(demo).store.url) as store:
            rows = list(mails(store, MailFilter(state="done")))
        return rows if len(rows) >= count else []

    found: list[MailRow] = until(look, f"{count} mails are decided")
    return found


def test_every_sample_ends_as_it_should_and_the_reply_joins_its_ticket(
    demo: Path, door: str
) -> None:
    assert set(kinds()) == {*ENDS, *ANSWERS}
    done = run_program("send-sample", "all", "--config", demo, "--door", door)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert len(lines) == len(ENDS)
    rows = {row.message_id: row for row in decided(demo, len(ENDS))}
    for line in lines:
        kind, _, rest = line.partition(": ")
        assert ": 250 2.0.0 kept as " in rest
        assert rows[rest.split()[-1]].outcome == ENDS[kind]
    reply = ("send-sample", "reply", "--config", demo, "--door", door)
    answer = until(
        lambda: answer if (answer := run_program(*reply)).code == 0 else None, "a receipt to answer"
    )
    assert answer.out.startswith("reply: to reply+"), answer.err
    newest = decided(demo, len(ENDS) + 1)[0]
    assert newest.outcome == "comment"
    assert newest.tickets


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_needs_a_ticket_and_says_what_to_send_first(demo: Path, kind: str) -> None:
    first = "supporter-solution" if kind == "verify" else "user-site"
    with pytest.raises(CannotSend, match=f"to (answer|verify) yet: send {first} first"):
        sample(kind, load(demo))


def a_mail_to_the_unit(demo: Path) -> None:
    maildir = demo.parent / "outgoing" / "new"
    maildir.mkdir(parents=True)
    (maildir / "1").write_text(
        "To: helpdesk@ngi-north.example\nReply-To: reply+x@helpdesk.example\n\n"
        "TICKET ID: 100001\nSTATUS: assigned\n"
    )


def test_an_answer_waits_for_what_the_daemon_has_in_hand(demo: Path) -> None:
    stage = Stage(demo.parent, demo, NOW)
    one = sample("user-site", stage.config)
    envelope = stage.envelope(one.raw, [one.recipient], one.mail_from, "127.0.0.1")
    stage.keep(one.raw, envelope)
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(sample, "supporter-question", stage.config)
        stage.work()
        a_mail_to_the_unit(demo)
        with stage.store.writing() as conn:
            conn.execute(update(outbox).values(state="sent"))
        assert asked.result(60).recipient == "reply+x@helpdesk.example"
    stage.close()


def test_a_demo_without_the_supporters_key_says_so(demo: Path) -> None:
    """Such as one that was made before there was a supporter."""
    (demo.parent / "people" / "nora.key").unlink()
    a_mail_to_the_unit(demo)
    with pytest.raises(CannotSend, match=r"people/nora\.key: No such file .*a new demo"):
        sample("supporter-question", load(demo))


def test_a_door_that_does_not_answer_is_75(demo: Path) -> None:
    args = ("send-sample", "team", "--config", demo, "--door", "127.0.0.1:1")
    done = run_program(*args)
    assert (done.code, done.out) == (75, "")
    assert "127.0.0.1:1 does not answer" in done.err
    assert run_program("send-sample", "team", "--config", demo).code == 1
    assert run_program(*args[:-1], "nonsense").code == 2


def test_samples_go_to_the_addresses_of_the_configuration(demo: Path) -> None:
    text = demo.read_text().replace("#alarm_address = ", "alarm_address = ")
    demo.write_text(text.replace('"alarm@helpdesk.example"', '"fire@brigade.example"'))
    one = sample("alarm", load(demo))
    assert one.recipient == "fire@brigade.example"
    assert b"\r\nTo: fire@brigade.example\r\n" in one.raw
    assert b"\n" not in one.raw.replace(b"\r\n", b"")
    assert one.raw.count(b"Message-ID:") == 1
    assert one.raw.count(b"Date:") == 1
