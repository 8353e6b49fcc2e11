"""An office: a demo directory whose store has worked on every sample, and one mail set aside."""

import os
import pty
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from gateway.demo.answering import ANSWERS
from gateway.demo.sending import kinds, sample
from gateway.demo.writing import write_demo
from store import refusals
from store.tables import inbox
from tests.stage import Stage
from tests.warm import Done, begin, end, run_program

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MARKUP = "[/bold] [link=http://x.example]click[/link] \x1b[31mred"


Run = Callable[..., Done]


def on_a_terminal(*args: object, columns: int = 300) -> str:
    """Run the program on a terminal and return what it shows."""
    master, slave = pty.openpty()
    environment = {"TERM": "xterm-256color", "COLUMNS": str(columns), "NO_COLOR": ""}
    begin([str(one) for one in args], environment, [slave] * 3)
    os.close(slave)
    shown = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # Linux ends a terminal's other side so
            break
        if not part:
            break
        shown += part
    os.close(master)
    assert end() == 0
    return shown.decode()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a demo with a ticket for each sample and some mails that wait."""
    place = tmp_path_factory.mktemp("office")
    write_demo(place, NOW)
    stage = Stage(place, place / "config.toml", NOW)
    for kind in kinds():
        if kind not in ANSWERS:
            one = sample(kind, stage.config)
            envelope = stage.envelope(one.raw, [one.recipient], one.mail_from, "127.0.0.1")
            stage.keep(one.raw, envelope)
    for name in ("markup", "broken"):
        raw = _mail(name, MARKUP)
        stage.keep(
            raw, stage.envelope(raw, ["support@helpdesk.example"], "m@x.example", "192.0.2.9")
        )
    stage.work()
    with stage.store.writing() as conn:
        broken = update(inbox).where(inbox.c.message_id == "<broken@x.example>")
        conn.execute(broken.values(state="broken", outcome="broken"))
    raw = _mail("waits", "not pulled yet")
    _keep(stage, raw)
    refused = refusals.Refusal(
        NOW,
        "smtp",
        "192.0.2.66",
        "a\x1b[31m@x.example",
        ("nobody@helpdesk.example",),
        "550 no",
        "unknown",
    )
    refusals.refuse(stage.store, [refused])
    stage.close()
    return place


@pytest.fixture(scope="module")
def run(office: Path) -> Run:
    """Run `ticketgate` on the office's configuration."""

    def on_office(*args: object, **more: Any) -> Done:
        return run_program(*args, TICKETGATE_CONFIG=str(office / "config.toml"), **more)

    return on_office


def _keep(stage: Stage, raw: bytes) -> None:
    to = ["support@helpdesk.example"]
    stage.keep(raw, stage.envelope(raw, to, "m@x.example", "192.0.2.9"))


def _mail(name: str, subject: str) -> bytes:
    text = (
        f"From: M <m@x.example>\nTo: support@helpdesk.example\nSubject: {subject}\n"
        f"Message-ID: <{name}@x.example>\nDate: Mon, 02 Mar 2026 12:00:00 +0000\n\n{subject}\n"
    )
    return text.replace("\n", "\r\n").encode()
