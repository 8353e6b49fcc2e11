"""Broken templates, poison rows, deaths between sending and marking; and what cannot travel."""

import asyncio
import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.outbound.maildir import Maildir
from gateway.outbound.relay import open_relay
from parsers.errors import Deferred
from parsers.mail import hear
from store import outbox
from store.engine import Store
from templates.render import Speaker
from templates.samples import TICKET
from tests.outbound.couriers import courier, until, writer
from tests.outbound.rows import FakeTime, add_row, row_of, states
from tests.outbound.sinks import Sink, serving


async def test_a_broken_template_is_replaced_by_the_built_in_words(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "own" / "update").mkdir(parents=True)
    (tmp_path / "own" / "update" / "body.txt").write_text("{{ broken")
    add_row(store, 1)
    add_row(store, 2, kind="receipt", values={"subject": "only this"})
    write = writer(Speaker(tmp_path / "own"))
    await courier(store, Maildir(tmp_path / "out"), write=write).once()
    assert states(store) == {1: "sent", 2: "sent"}
    mails = [path.read_text() for path in (tmp_path / "out" / "new").iterdir()]
    assert all("This is the short form of this mail" in mail for mail in mails)
    assert any("  connection refused" in mail for mail in mails)


async def test_a_poison_row_is_parked_and_never_stands_in_the_way(
    store: Store, tmp_path: Path
) -> None:
    def broken_disk(mail: int) -> bytes | None:
        raise RuntimeError(f"cannot read {mail}")

    now, told = FakeTime(), []
    add_row(store, 1, attachments_of=5)
    add_row(store, 2)
    add_row(store, 3, recipient="not an address")
    out = Maildir(tmp_path / "out")
    mine = courier(
        store,
        out,
        now=now,
        write=writer(raw_of=broken_disk),
        on_failed=lambda row, why: told.append((row.id, why)),
    )
    await mine.once()
    assert states(store) == {1: "waiting", 2: "sent", 3: "failed"}
    for _ in range(2):
        now.pass_by(hours=1)
        await mine.once()
    assert states(store)[1] == "failed"
    assert "cannot read 5" in row_of(store, 1)["last_error"]
    assert [row_id for row_id, _why in told] == [3, 1]


async def test_a_stored_mail_that_cannot_be_read_now_is_waited_for(
    store: Store, tmp_path: Path
) -> None:
    def busy(_mail: int) -> bytes | None:
        raise Deferred("later", "journal busy")

    add_row(store, attachments_of=5)
    await courier(store, Maildir(tmp_path), write=writer(raw_of=busy)).once()
    assert states(store) == {1: "waiting"}
    assert row_of(store)["last_error"] == "journal busy"


async def test_attachments_travel_up_to_a_limit_and_the_rest_is_named(store: Store) -> None:
    parts = [("small.txt", b"x" * 1_000), ("big.tar", b"y" * 5_000_000), ("last.txt", b"z")]
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n"
    for name, data in parts:
        head = f'--b\r\nContent-Disposition: attachment; filename="{name}"\r\n'.encode()
        raw += head + b"Content-Type: application/x-y\r\n\r\n" + data + b"\r\n"
    raw += b"--b--\r\n"
    signature = b"Content-Type: application/pkcs7-signature\r\n\r\nMIIB"
    raw = b"Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n" + raw
    raw += b"--s\r\n" + signature + b"\r\n--s--\r\n"
    files = [{"name": name, "size": len(data)} for name, data in parts]
    add_row(store, 1, attachments_of=5, values={**TICKET, "attachments": files})
    add_row(store, 2, attachments_of=6, values={**TICKET, "attachments": files})
    write = writer(
        raw_of={5: raw, 6: None}.__getitem__,
        link_of=lambda mail, index, _date: f"https://hd.example/mails/{mail}/{index}",
    )
    async with serving(Sink()) as sink:
        relay = open_relay(sink.url)
        await courier(store, relay, write=write).once()
        await relay.close()
    heard = sorted((hear(taken.mail) for taken in sink.taken), key=lambda mail: mail.message_id)
    assert [file.filename for file in heard[0].attachments] == ["small.txt", "last.txt"]
    assert "* big.tar, 5.0 MB\n  https://hd.example/mails/5/1\n" in heard[0].text
    assert heard[1].attachments == ()
    assert "no longer kept:\n* small.txt, 1 kB\n* big.tar" in heard[1].text


async def test_a_mail_that_was_sent_but_not_marked_goes_again_as_the_same_bytes(
    store: Store,
) -> None:
    class Unwritable(Store):
        """A store whose disk fills up between the claim and the mark."""

        writes = 0

        @contextmanager
        def writing(self) -> Any:
            type(self).writes += 1
            if type(self).writes > 1:
                raise Deferred("later", "disk full")
            with super().writing() as conn:
                yield conn

    add_row(store)
    full = Unwritable(store.url, store.desk, store.journal, store.lock_path)
    now = FakeTime()
    async with serving(Sink()) as sink:
        relay = open_relay(sink.url)
        await courier(full, relay, now=now).once()
        assert states(store) == {1: "claimed"}
        later = courier(store, relay, now=now)
        assert await later.once() == 0
        now.pass_by(hours=1)
        assert await later.once() == 1
        await relay.close()
    assert states(store) == {1: "sent"}
    assert len(sink.taken) == 2
    assert sink.taken[0] == sink.taken[1]


CHILD = """
import asyncio, sys
from tests.outbound.couriers import QUICK, courier
from gateway.outbound.relay import open_relay
from store.engine import open_store
store = open_store(sys.argv[1])
asyncio.run(courier(store, open_relay(sys.argv[2])).once())
"""


async def test_a_courier_killed_between_send_and_mark_sends_the_same_bytes_again(
    store: Store,
) -> None:
    add_row(store)
    hold = asyncio.Event()
    async with serving(Sink(hold=hold)) as sink:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CHILD, store.url, sink.url, cwd=Path(__file__).parents[2]
        )
        await asyncio.wait_for(sink.arrived.wait(), 60)
        os.kill(child.pid, signal.SIGKILL)
        await child.wait()
        hold.set()
        assert states(store) == {1: "claimed"}
        stop, wake = asyncio.Event(), asyncio.Event()
        relay = open_relay(sink.url)
        running = asyncio.create_task(courier(store, relay).run(stop, wake))
        await until(lambda: states(store)[1] == "sent")
        stop.set()
        await asyncio.wait_for(running, 60)
    assert len(sink.seen) == 2
    assert sink.seen[0] == sink.seen[1]


async def test_a_failure_that_cannot_be_announced_is_announced_later(
    store: Store, tmp_path: Path
) -> None:
    told: list[int] = []

    def tell(row: outbox.OutboxRow, _why: str) -> None:
        told.append(row.id)
        if len(told) == 1:
            raise Deferred("later", "store busy")

    now = FakeTime()
    add_row(store, recipient="not an address")
    mine = courier(store, Maildir(tmp_path), now=now, on_failed=tell)
    await mine.once()
    assert states(store) == {1: "waiting"}
    now.pass_by(hours=1)
    await mine.once()
    assert states(store) == {1: "failed"}
    assert told == [1, 1]
