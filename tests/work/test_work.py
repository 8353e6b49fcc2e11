"""What the `work` role promises: nothing is lost, nothing is done twice, poison is set aside."""

import os
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from stage import Stage

import gateway.work
from parsers.envelope import Envelope
from parsers.errors import Deferred
from router.decision import Mail
from store import inbox, journal
from store.commit import Conflict, Decided, write
from store.tables import event, outbox, ticket
from tests.work.mails import ROOT, TO, keep, total


def test_a_mail_that_raises_is_tried_alone_and_parked_after_three_while_others_go_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_hear = gateway.work.hear_mail

    def hear(mail_id: int, envelope: Envelope, raw: bytes, *rest: Any) -> Mail:
        if b"poison" in raw:
            raise ZeroDivisionError("a fault in hearing")
        return true_hear(mail_id, envelope, raw, *rest)

    monkeypatch.setattr(gateway.work, "hear_mail", hear)
    good = [keep(stage, 1), keep(stage, 2)]
    bad = keep(stage, 3, "poison")
    good.append(keep(stage, 4))
    for _ in range(60):
        stage.worker.once()
        stage.now += timedelta(seconds=1)
    assert [stage.mail(m)["outcome"] for m in good] == ["new", "new", "new"]
    row = stage.mail(bad)
    assert (row["state"], row["outcome"], row["alone"]) == ("broken", "broken", 3)
    stage.tick()
    assert [str(s) for s in stage.said() if s.kind == "operator-notice"] == [
        "operator-notice -> operator@helpdesk.example"
    ]
    assert journal.read_raw(stage.store, bad).endswith(b"Text 3.\r\n"), "nothing of it is lost"

    monkeypatch.setattr(gateway.work, "hear_mail", true_hear)
    assert inbox.replay(stage.store, bad) == 1
    stage.work()
    assert stage.mail(bad)["outcome"] == "new"


def test_a_worker_killed_in_a_batch_costs_only_the_mail_that_kills_it(stage: Stage) -> None:
    """The program below dies like a crash in C would, each time it hears the bad mail."""
    good = [keep(stage, n) for n in (1, 2)]
    bad = keep(stage, 3, "poison")
    program = f"""
import os, sys
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "tests")!r}]
import gateway.work
from gateway.processes.link import Link
true_hear = gateway.work.hear_mail
def hear(mail_id, envelope, raw, *rest):
    if b"poison" in raw:
        os._exit(9)
    return true_hear(mail_id, envelope, raw, *rest)
gateway.work.hear_mail = hear
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from gateway.config.load import load
from gateway.desk import open_desk
from gateway.work import Worker
from store.engine import open_store
config = load(Path({str(stage.config.file)!r}))
worker = Worker(open_desk(config, open_store(config.store.url)), Link(), "work-0")
from store import inbox
inbox.take_back(worker.desk.store, by="work-0")
for _ in range(5):
    worker.once()
"""
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    ends = []
    while len(ends) < 10:
        ends.append(
            subprocess.run([sys.executable, "-c", program], env=env, check=False).returncode
        )
        if ends[-1] == 0:
            break
    assert ends == [9, 9, 9, 9, 0], "once in the batch, three times alone, then it is parked"
    assert [stage.mail(m)["outcome"] for m in good] == ["new", "new"]
    assert stage.mail(bad)["state"] == "broken"
    assert total(stage, ticket) == 2


def test_a_batch_that_was_rolled_back_is_done_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def failing(conn: object, *rest: object) -> object:
        done = write(conn, *rest)
        calls.append(1)
        if len(calls) == 1:
            raise Deferred("Later.", "the disk failed at the last moment")
        return done

    monkeypatch.setattr(gateway.work, "write", failing)
    mail = keep(stage, 1)
    with pytest.raises(Deferred):
        stage.worker.once()
    assert (total(stage, ticket), total(stage, event), total(stage, outbox)) == (0, 0, 0)
    stage.work()
    assert stage.mail(mail)["outcome"] == "new"
    assert stage.mail(mail)["attempts"] == 1, "our fault does not count"
    assert (total(stage, ticket), total(stage, event)) == (1, 1)


def test_a_mail_that_another_worker_wrote_meanwhile_is_not_written_again(stage: Stage) -> None:
    mail = keep(stage, 1)
    inbox.pull(stage.store)
    inbox.claim(stage.store, by="work-0", now=stage.now)
    raw = journal.read_raw(stage.store, mail)
    envelope = journal.read_delivery(stage.store, mail).envelope
    decisions = stage.explain(raw, envelope)
    for _ in range(2):
        with stage.store.writing() as conn:
            write(conn, [Decided(decisions, mail, by="work-0")], stage.desk.policy, stage.now)
    assert total(stage, ticket) == 1


def test_a_ticket_that_changed_since_it_was_read_is_not_overwritten(stage: Stage) -> None:
    keep(stage, 1)
    stage.work()
    raw = (
        b"From: anna@physics.example\r\nMessage-ID: <2@physics.example>\r\n"
        b"In-Reply-To: <1@physics.example>\r\nSubject: Re: Trouble\r\n\r\nMore.\r\n"
    )
    envelope = stage.envelope(raw, TO, "anna@physics.example", "127.0.0.1")
    stale = stage.explain(raw, envelope)
    with stage.store.writing() as conn:
        conn.execute(update(ticket).values(version=7, subject="changed by somebody else"))
    with pytest.raises(Conflict), stage.store.writing() as conn:
        write(conn, [Decided(stale)], stage.desk.policy, stage.now)
    assert total(stage, event) == 1


def test_three_workers_on_one_store_decide_each_mail_once(stage: Stage) -> None:
    mails = [keep(stage, n) for n in range(60)]
    program = f"""
import sys
from collections.abc import Iterator
sys.path[:0] = [{str(ROOT)!r}]
from pathlib import Path
from typing import Any
from gateway.config.load import load
from gateway.desk import open_desk
from gateway.processes.link import Link
from gateway.work import Worker
from store.engine import open_store
config = load(Path({str(stage.config.file)!r}))
worker = Worker(open_desk(config, open_store(config.store.url)), Link(), sys.argv[1])
while worker.once() == 0.0:
    pass
"""
    workers = [subprocess.Popen([sys.executable, "-c", program, f"work-{n}"]) for n in range(3)]
    assert [one.wait(timeout=60) for one in workers] == [0, 0, 0]
    assert {stage.mail(m)["outcome"] for m in mails} == {"new"}
    assert total(stage, ticket) == len(mails)
    with stage.store.reading() as conn:
        numbers = conn.execute(select(ticket.c.number)).scalars().all()
    assert sorted(numbers) == list(range(100001, 100001 + len(mails)))


def test_a_store_that_fails_while_reading_costs_no_mail_its_attempts(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> object:
        raise Deferred("Later.", "the journal cannot be read")

    mail = keep(stage, 1)
    monkeypatch.setattr(journal, "read_raws", failing)
    for _ in range(6):
        with pytest.raises(Deferred):
            stage.worker.once()
        stage.now += timedelta(seconds=2)
    monkeypatch.undo()
    os.environ["TICKETGATE_TEST_SECRET"] = "a secret for tests only, 32 bytes"
    stage.work()
    assert (stage.mail(mail)["outcome"], stage.mail(mail)["attempts"]) == ("new", 1)
