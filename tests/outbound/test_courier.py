"""The courier sends what is due, each row its own way, and stops in order."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.outbound.maildir import Maildir
from gateway.outbound.relay import open_relay
from parsers.mail import hear
from parsers.returned import digest_of
from store.engine import Store, open_store
from templates.samples import SAMPLES
from tests.outbound.couriers import QUICK, courier, until
from tests.outbound.rows import NOW, FakeTime, add_row, row_of, states
from tests.outbound.sinks import Sink, serving, smtp_sink
from tests.ports import free_port


async def test_all_due_rows_are_sent_and_marked(store: Store, tmp_path: Path) -> None:
    for row_id in range(1, 81):
        add_row(store, row_id, lane=row_id % 3, recipient=f"r{row_id}@lab.example")
    add_row(store, 99, due_at=NOW + timedelta(seconds=1))
    assert await courier(store, Maildir(tmp_path / "out")).once() == 80
    assert states(store) == {**dict.fromkeys(range(1, 81), "sent"), 99: "waiting"}
    assert len(list((tmp_path / "out" / "new").iterdir())) == 80


async def test_of_a_solution_it_is_kept_by_what_it_is_known_again(
    store: Store, tmp_path: Path
) -> None:
    kind, values = SAMPLES["solution"]
    add_row(store, 1, kind=str(kind), values=values)
    add_row(store, 2)
    await courier(store, Maildir(tmp_path)).once()
    raws = [file.read_bytes() for file in (tmp_path / "new").iterdir()]
    (heard,) = [mail for mail in map(hear, raws) if "SOLVED" in mail.subject]
    assert digest_of(heard.subject, heard.text) in row_of(store, 1)["words"].split()
    assert not row_of(store, 2)["words"]


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


@pytest.mark.parametrize("kind", ["help", "status"])
async def test_an_answer_to_a_question_says_that_it_is_one(
    store: Store, tmp_path: Path, kind: str
) -> None:
    add_row(store, kind=kind)
    await courier(store, Maildir(tmp_path)).once()
    (file,) = (tmp_path / "new").iterdir()
    assert b"\nAuto-Submitted: auto-replied\n" in file.read_bytes()


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
        await asyncio.wait_for(running, 60)
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
    await asyncio.wait_for(running, 60)
