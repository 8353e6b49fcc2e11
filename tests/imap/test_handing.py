"""Handing over from a thread to the event loop: no room is lost, whatever the loop does."""

import asyncio
import threading
from datetime import UTC, datetime

import pytest

from gateway.inbound.imap import handing
from gateway.inbound.imap.envelope import unread_envelope
from gateway.inbound.imap.handing import Handing
from gateway.inbound.imap.lease import Lease
from gateway.inbound.taking import Taking
from gateway.intake import Intake
from parsers.errors import Deferred
from store import leases
from store.engine import Store, open_store
from store.journal import deliveries_after
from tests.imap.boxes import ADDRESSES, KEYS, mail, section

BOX = "user@localhost/INBOX"


def taking_of(intake: Intake) -> Taking:
    return Taking(ADDRESSES, KEYS, intake, lambda: datetime.now(UTC), "behind", ())


def hand_of(store: Store, intake: Intake, lease: Lease | None = None) -> Handing:
    lease, loop = lease or Lease(store, BOX, "doors-0"), asyncio.get_running_loop()
    return Handing(section(1, "user"), taking_of(intake), store, lease, loop)


@pytest.fixture
async def intake(store: Store) -> Intake:
    return Intake(store, wake=lambda: None, reserve_bytes=0)


def held(intake: Intake) -> int:
    return intake._room.bytes_held


async def let_the_loop_turn() -> None:
    """Let it do all that was asked of it, and what follows from that."""
    for _ in range(100):
        await asyncio.sleep(0)


async def test_room_is_not_lost_when_the_loop_answers_too_late(
    store: Store, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing, "LOOP_WAIT_S", 0.1)
    hand, said = hand_of(store, intake), []

    def ask() -> None:
        try:
            hand.make_room(1_000_000)
        except Deferred as error:
            said.append(error.detail)

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join()  # so that the loop hangs meanwhile
    await let_the_loop_turn()
    assert said == [handing.SILENT_LOOP]
    assert held(intake) == 0
    await intake.close()


async def test_room_is_counted_until_it_is_given_back(store: Store, intake: Intake) -> None:
    hand = hand_of(store, intake)
    share = await asyncio.to_thread(hand.make_room, 1_000_000)
    assert held(intake) == 1_000_000
    with pytest.raises(Deferred):
        await asyncio.to_thread(hand.make_room, 1_000_000_000)
    hand.give_back(share)
    await let_the_loop_turn()
    assert held(intake) == 0
    await intake.close()


async def test_after_handing_over_nothing_is_held(store: Store, intake: Intake) -> None:
    hand = hand_of(store, intake)
    share = await asyncio.to_thread(hand.make_room, 1000)
    handed = await asyncio.to_thread(hand.hand_over, 1, {1: mail(1), 2: mail(2), 3: mail(1)}, share)
    assert (handed.kept, handed.again) == ((1, 2), (3,))
    assert held(intake) == 0
    await intake.close()


async def test_a_lost_lease_keeps_nothing_and_is_no_trouble_of_the_store(postgres_url: str) -> None:
    shared = open_store(postgres_url)
    intake = Intake(shared, wake=lambda: None, reserve_bytes=0)
    lease = Lease(shared, BOX, "doors-0")
    assert lease.take()
    hand = hand_of(shared, intake, lease)
    await asyncio.to_thread(hand.hand_over, 1, {1: mail(1)}, intake.share())
    taken = leases.take(shared, BOX, "doors-0", 30.0)  # by a doors process that was begun after us
    assert taken is not None
    for number in range(2, 12):
        others = [keep_of_another_door(intake, number)] if number > 6 else []
        beside = asyncio.gather(*others)
        with pytest.raises(leases.LeaseLost):
            await asyncio.to_thread(hand.hand_over, 1, {number: mail(number)}, intake.share())
        await beside
        assert intake.healthy
    assert len(deliveries_after(shared, 0, 100)) == 1 + 5
    await intake.close()
    shared.close()


async def keep_of_another_door(intake: Intake, number: int) -> None:
    raw = mail(100 + number)
    envelope = unread_envelope("support@helpdesk.example", datetime.now(UTC))
    await taking_of(intake).take(envelope, raw)
