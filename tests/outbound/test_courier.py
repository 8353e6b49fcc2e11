import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.outbound.carry import OnFailed
from gateway.outbound.courier import Courier, Settings
from gateway.outbound.handover import Relays
from gateway.outbound.letter import Writer
from gateway.outbound.maildir import Maildir
from gateway.outbound.relay import Relay, open_relay
from parsers.errors import Deferred
from parsers.mail import hear
from store import outbox
from store.engine import Store, open_store
from templates.render import Speaker
from templates.samples import TICKET
from tests.outbound.rows import KEYS, NOW, OURS, FakeTime, add_row, row_of, states
from tests.outbound.sinks import Sink, free_port, serving, silence, smtp_sink

QUICK = Settings(mark_waits_s=())


def writer(speaker: Speaker | None = None, raw_of: Any = None, link_of: Any = None) -> Writer:
    return Writer(
        speaker or Speaker(),
        name="Example Helpdesk",
        addresses=OURS,
        keys=KEYS,
        raw_of=raw_of or (lambda _mail: None),
        link_of=link_of,
    )


def courier(
    store: Store,
    relay: Relay,
    *,
    now: Callable[[], Any] | None = None,
    settings: Settings = QUICK,
    second: Relay | None = None,
    on_failed: OnFailed | None = None,
    write: Writer | None = None,
) -> Courier:
    return Courier(
        store,
        write or writer(),
        Relays(relay, second),
        settings,
        now or FakeTime(),
        on_failed=on_failed,
    )


async def test_all_due_rows_are_sent_and_marked(store: Store, tmp_path: Path) -> None:
    for row_id in range(1, 81):
        add_row(store, row_id, lane=row_id % 3, recipient=f"r{row_id}@lab.example")
    add_row(store, 99, due_at=NOW + timedelta(seconds=1))
    assert await courier(store, Maildir(tmp_path / "out")).once() == 80
    assert states(store) == {**dict.fromkeys(range(1, 81), "sent"), 99: "waiting"}
    assert len(list((tmp_path / "out" / "new").iterdir())) == 80


async def test_the_mail_is_what_the_row_says(store: Store) -> None:
    add_row(store, 7, in_reply_to=["<first@lab.example>"], kind="receipt")
    async with serving(Sink()) as sink:
        relay = open_relay(sink.url)
        await courier(store, relay).once()
        await relay.close()
    (taken,) = sink.taken
    heard = hear(taken.mail)
    assert heard.subject == "Ticket-ID: #42 SUBMITTED Transfers to T1-EXAMPLE fail"
    assert heard.message_id == "<t.42.7.00112233445566778899@hd.example>"
    assert heard.in_reply_to == ("<first@lab.example>",)
    assert heard.references[-1] == "<first@lab.example>"
    assert heard.references[0].startswith("<t.42.")
    assert str(heard.sender) == "Example Helpdesk <support@hd.example>"
    assert [str(box) for box in heard.reply_to] == [f"reply+{'r' * 37}@hd.example"]
    assert heard.date == NOW
    assert heard.automatic == "auto-replied"
    assert taken.mail_from == f"bounces+{'b' * 37}@hd.example"
    assert taken.rcpt == "jo@lab.example"


async def test_a_row_without_a_bounce_token_goes_from_the_null_sender(
    store: Store, tmp_path: Path
) -> None:
    add_row(store, bounce_token="", reply_token="")
    await courier(store, Maildir(tmp_path)).once()
    (file,) = (tmp_path / "new").iterdir()
    assert file.read_bytes().startswith(b"Return-Path: <>\n")
    assert b"\nReply-To" not in file.read_bytes()


async def test_refused_deferred_and_taken_recipients_each_go_their_own_way(store: Store) -> None:
    add_row(store, 1, recipient="gone@lab.example")
    add_row(store, 2, recipient="later@lab.example")
    add_row(store, 3)
    told: list[tuple[int, str]] = []
    replies = {"gone@lab.example": "550 no such user", "later@lab.example": "450 greylisted"}
    async with serving(Sink({"RCPT": replies.get})) as sink:
        relay = open_relay(sink.url)
        await courier(store, relay, on_failed=lambda row, why: told.append((row.id, why))).once()
        await relay.close()
    assert states(store) == {1: "failed", 2: "waiting", 3: "sent"}
    assert told[0][0] == 1
    assert "550 no such user" in told[0][1]
    later = row_of(store, 2)
    assert later["attempts"] == 1
    assert NOW + timedelta(minutes=1) <= later["due_at"] <= NOW + timedelta(minutes=1.2)
    assert "450 greylisted" in later["last_error"]


@pytest.mark.parametrize(("option", "state"), [("-f", "failed"), ("-r", "waiting")])
async def test_postfix_sink_refusing_or_deferring_recipients(
    store: Store, option: str, state: str
) -> None:
    add_row(store)
    with smtp_sink(option, "RCPT") as url:
        relay = open_relay(url)
        await courier(store, relay).once()
        await relay.close()
    assert states(store) == {1: state}


async def test_five_days_of_deferring_end_in_failure_and_one_notice(store: Store) -> None:
    now, told = FakeTime(), []
    add_row(store)
    async with serving(Sink({"RCPT": "450 later"})) as sink:
        relay = open_relay(sink.url)
        mine = courier(store, relay, now=now, on_failed=lambda row, _why: told.append(row.id))
        while states(store)[1] == "waiting":
            now.now = max(now.now, row_of(store)["due_at"])
            await mine.once()
        await relay.close()
    assert states(store) == {1: "failed"}
    assert told == [1]
    assert timedelta(days=5) <= now.now - NOW <= timedelta(days=5, hours=5)
    assert 30 <= row_of(store)["attempts"] <= 45


async def test_a_relay_that_is_down_uses_up_no_attempts_and_all_goes_when_it_is_back(
    store: Store,
) -> None:
    for row_id in range(1, 41):
        add_row(store, row_id)
    now = FakeTime()
    port = free_port()
    relay = open_relay(f"smtp://127.0.0.1:{port}")
    mine = courier(store, relay, now=now)
    begun = await mine.once()
    assert begun <= QUICK.slots
    for _ in range(100):  # one probe at a time
        now.pass_by(minutes=5)
        assert await mine.once() <= 1
    assert set(states(store).values()) == {"waiting"}
    assert {row_of(store, row_id)["attempts"] for row_id in range(1, 41)} == {0}
    async with serving(Sink(), port=port) as sink:
        now.pass_by(minutes=5)
        await mine.once()
        assert set(states(store).values()) == {"sent"}
        assert len(sink.taken) == 40
        await relay.close()


async def test_rows_grow_too_old_while_the_relay_is_down_and_somebody_is_told(
    store: Store,
) -> None:
    for row_id in (1, 2, 3):
        add_row(store, row_id)
    now, told = FakeTime(), set()
    relay = open_relay(f"smtp://127.0.0.1:{free_port()}")
    mine = courier(store, relay, now=now, on_failed=lambda row, _why: told.add(row.id))
    await mine.once()
    now.pass_by(days=5)
    for _ in range(3):
        await mine.once()
        now.pass_by(minutes=10)
    assert set(states(store).values()) == {"failed"}
    assert told == {1, 2, 3}


async def test_a_silent_relay_does_not_hold_up_an_alarm_longer_than_its_patience(
    store: Store, tmp_path: Path
) -> None:
    add_row(store, 1, lane=0)
    settings = replace(QUICK, alarm_patience_s=0.3)
    with silence() as url:
        second = Maildir(tmp_path / "second")
        await courier(store, open_relay(url), settings=settings, second=second).once()
    assert states(store) == {1: "sent"}
    assert len(list((tmp_path / "second" / "new").iterdir())) == 1


async def test_an_alarm_fails_only_when_both_relays_refuse_it(store: Store) -> None:
    for row_id, (one, two) in enumerate(
        [("550 no", "550 no"), ("450 no", "550 no"), ("550 no", "450 no")], 1
    ):
        add_row(store, row_id, lane=0)
        async with serving(Sink({"RCPT": one})) as first, serving(Sink({"RCPT": two})) as second:
            relays = open_relay(first.url), open_relay(second.url)
            await courier(store, relays[0], second=relays[1]).once()
            for relay in relays:
                await relay.close()
    assert states(store) == {1: "failed", 2: "waiting", 3: "waiting"}


async def test_an_alarm_does_not_wait_for_a_relay_that_is_known_to_be_down(
    store: Store, tmp_path: Path
) -> None:
    now = FakeTime()
    with silence() as url:
        settings = replace(QUICK, send_s=0.2, alarm_patience_s=20)
        second = Maildir(tmp_path / "second")
        mine = courier(store, open_relay(url), now=now, settings=settings, second=second)
        add_row(store, 1)
        await mine.once()
        now.pass_by(hours=1)  # a probe would be allowed
        add_row(store, 2, lane=0)
        start = asyncio.get_running_loop().time()
        await mine.once()
        assert asyncio.get_running_loop().time() - start < 10
    assert states(store) == {1: "waiting", 2: "sent"}


@pytest.mark.parametrize("reply", ["550 no", "450 no"])
async def test_an_alarm_that_the_first_relay_refuses_goes_by_the_second(
    store: Store, tmp_path: Path, reply: str
) -> None:
    add_row(store, 1, lane=0)
    add_row(store, 2, lane=2)
    async with serving(Sink({"RCPT": reply})) as sink:
        relay = open_relay(sink.url)
        await courier(store, relay, second=Maildir(tmp_path / "second")).once()
        await relay.close()
    assert states(store)[1] == "sent"
    assert states(store)[2] != "sent"


async def test_an_alarm_is_tried_even_when_ordinary_mail_is_held_back(store: Store) -> None:
    now = FakeTime()
    port = free_port()
    relay = open_relay(f"smtp://127.0.0.1:{port}")
    mine = courier(store, relay, now=now)
    add_row(store, 1)
    await mine.once()  # the gate is closed now
    add_row(store, 2, lane=0)
    async with serving(Sink(), port=port) as sink:
        await mine.once()
        assert states(store)[2] == "sent"
        assert len(sink.taken) >= 1
        await relay.close()


async def test_an_alarm_does_not_wait_behind_ordinary_mail(store: Store) -> None:
    for row_id in range(1, 41):
        add_row(store, row_id)
    hold = asyncio.Event()
    slow = Sink(hold=hold)
    stop, wake = asyncio.Event(), asyncio.Event()
    async with serving(slow) as sink:
        relay = open_relay(sink.url)
        running = asyncio.create_task(courier(store, relay).run(stop, wake))
        await asyncio.wait_for(slow.arrived.wait(), 10)  # every ordinary slot hangs in DATA
        slow.arrived.clear()
        sessions = sink.sessions
        add_row(store, 100, lane=0)
        wake.set()
        await until(lambda: sink.sessions > sessions or slow.arrived.is_set())
        await until(lambda: states(store)[100] == "claimed")
        hold.set()
        await until(lambda: states(store)[100] == "sent")
        stop.set()
        await asyncio.wait_for(running, 10)


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


async def test_three_couriers_on_one_store_send_each_row_once(store: Store) -> None:
    for row_id in range(1, 101):
        add_row(store, row_id)
    others = [open_store(store.url) for _ in range(2)]
    async with serving(Sink()) as sink:
        relay = open_relay(sink.url)
        couriers = [
            courier(one, relay, settings=replace(QUICK, name=f"c{i}", batch=7))
            for i, one in enumerate([store, *others])
        ]
        begun = await asyncio.gather(*(one.once() for one in couriers))
        await relay.close()
    for other in others:
        other.close()
    assert sum(begun) == 100
    assert len({hear(taken.mail).message_id for taken in sink.taken}) == len(sink.taken) == 100


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
from tests.outbound.test_courier import QUICK, courier
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
        await asyncio.wait_for(sink.arrived.wait(), 30)
        os.kill(child.pid, signal.SIGKILL)
        await child.wait()
        hold.set()
        assert states(store) == {1: "claimed"}
        stop, wake = asyncio.Event(), asyncio.Event()
        relay = open_relay(sink.url)
        running = asyncio.create_task(courier(store, relay).run(stop, wake))
        await until(lambda: states(store)[1] == "sent")
        stop.set()
        await asyncio.wait_for(running, 10)
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


async def test_stopping_finishes_the_mail_in_hand_and_hands_the_others_back(
    store: Store,
) -> None:
    for row_id in range(1, 21):
        add_row(store, row_id)
    hold = asyncio.Event()
    async with serving(Sink(hold=hold)) as sink:
        settings = replace(QUICK, slots=2)
        stop, wake = asyncio.Event(), asyncio.Event()
        mine = courier(store, open_relay(sink.url), settings=settings)
        running = asyncio.create_task(mine.run(stop, wake))
        await until(lambda: sink.sessions == 2 and sink.arrived.is_set())
        stop.set()
        await until(lambda: list(states(store).values()).count("waiting") == 18)
        assert not running.done()
        hold.set()
        await asyncio.wait_for(running, 10)
    assert sorted(states(store).values()) == ["sent"] * 2 + ["waiting"] * 18
    assert {row_of(store, row_id)["attempts"] for row_id in range(3, 21)} == {0}


async def test_a_wake_up_sends_a_new_row_at_once_and_a_lost_one_only_later(
    store: Store, tmp_path: Path
) -> None:
    stop, wake = asyncio.Event(), asyncio.Event()
    settings = replace(QUICK, poll_s=0.2)
    mine = courier(store, Maildir(tmp_path / "out"), settings=settings)
    running = asyncio.create_task(mine.run(stop, wake))
    add_row(store, 1)
    wake.set()
    await until(lambda: states(store)[1] == "sent")
    add_row(store, 2)  # nobody says so
    await until(lambda: states(store)[2] == "sent")
    stop.set()
    await asyncio.wait_for(running, 10)


async def until(condition: Callable[[], bool], limit_s: float = 15) -> None:
    """Wait for a condition of the store, which nobody announces, until a deadline."""
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - another process or thread fulfils it
            await asyncio.sleep(0.005)
