"""Mailboxes of a real Dovecot are read, emptied, and never read twice."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from store.journal import read_raw
from store.mailboxes import read_cursor, remembered
from tests.imap.boxes import mail, section
from tests.imap.conftest import Read, World
from tests.imap.dovecot import Dovecot


def name(user: str) -> str:
    return f"{user}@localhost/INBOX"


async def test_mails_are_kept_byte_for_byte_and_moved_to_done(
    dovecot: Dovecot, user: str, read: Read
) -> None:
    mails = [mail(n) for n in range(5)]
    dovecot.fill(user, mails)
    world = await read(section(dovecot.port, user))
    await world.until(lambda: dovecot.count(user, "Done") == 5, "five mails in Done")
    assert world.raws() == mails
    assert dovecot.count(user) == 0
    with dovecot.client(user, "Done") as client:
        assert len(client.search("SEEN")) == 5
    envelope = world.kept()[0].envelope
    assert (envelope.door, envelope.peer) == ("imap", "")
    assert envelope.mail_from == "anna@physics.example"
    assert envelope.recipients == ("support@helpdesk.example",)
    await world.until(lambda: world.detail(user) == "", "it says that it is well")
    assert world.wakes


async def test_a_new_mail_is_seen_by_idling_long_before_the_next_poll(
    dovecot: Dovecot, user: str, read: Read
) -> None:
    world = await read(section(dovecot.port, user, poll="5 min"))
    await world.until(lambda: world.detail(user) == "")
    for number in range(2):
        await asyncio.to_thread(dovecot.fill, user, [mail(number)])
        await world.until(lambda n=number: len(world.kept()) == n + 1)  # it waits for a minute


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_a_mailbox_is_read_through_tls(
    tls: str, dovecot: Dovecot, user: str, read: Read, authority: Any
) -> None:
    dovecot.fill(user, [mail(1)])
    port = dovecot.tls_port if tls == "implicit" else dovecot.port
    world = await read(section(port, user, tls=tls, ca_file=authority.ca, poll="5 min"))
    await world.until(lambda: len(world.kept()) == 1)
    assert world.kept()[0].envelope.tls
    await asyncio.to_thread(dovecot.fill, user, [mail(2)])
    await world.until(lambda: len(world.kept()) == 2, "news arrive through TLS")


async def test_flags_that_people_set_change_nothing(
    dovecot: Dovecot, user: str, read: Read
) -> None:
    dovecot.fill(user, [mail(1), mail(2)])
    with dovecot.client(user) as client:
        client.add_flags(client.search(), [rb"\Seen", rb"\Flagged"])
    world = await read(section(dovecot.port, user))
    await world.until(lambda: len(world.kept()) == 2)


async def test_a_mail_that_is_moved_back_is_the_same_mail_and_goes_to_done_again(
    dovecot: Dovecot, user: str, read: Read
) -> None:
    dovecot.fill(user, [mail(1)])
    world = await read(section(dovecot.port, user))
    await world.until(lambda: dovecot.count(user, "Done") == 1)
    with dovecot.client(user, "Done") as client:
        client.move(client.search(), "INBOX")
    await asyncio.to_thread(dovecot.fill, user, [mail(1), mail(2)])
    await world.until(lambda: dovecot.count(user, "Done") == 3)
    assert world.raws() == [mail(1), mail(2)]


async def test_a_renumbered_mailbox_makes_no_new_mail(
    dovecot: Dovecot, user: str, read: Read
) -> None:
    mails = [mail(n) for n in range(20)]
    dovecot.fill(user, mails, "Work")
    chosen = section(dovecot.port, user, folder="Work")
    first = await read(chosen)
    await first.until(lambda: dovecot.count(user, "Done") == 20)
    await first.close()
    before = read_cursor(first.store, f"{user}@localhost/Work")
    with dovecot.client(user) as client:
        client.delete_folder("Work")
    dovecot.fill(user, [*mails, mail(99)], "Work")
    second = await read(chosen)
    await second.until(lambda: dovecot.count(user, "Done") == 41)
    after = read_cursor(second.store, f"{user}@localhost/Work")
    assert before is not None
    assert after is not None
    assert before.uidvalidity != after.uidvalidity
    assert second.raws() == [*mails, mail(99)]


async def test_a_mailbox_that_is_deleted_under_us_is_found_again(
    dovecot: Dovecot, user: str, read: Read
) -> None:
    dovecot.fill(user, [mail(1)], "Work")
    world = await read(section(dovecot.port, user, folder="Work"))
    await world.until(lambda: dovecot.count(user, "Done") == 1)
    with dovecot.client(user) as client:
        client.delete_folder("Work")
    await asyncio.to_thread(dovecot.fill, user, [mail(1), mail(2)], "Work")
    await world.until(lambda: dovecot.count(user, "Done") == 3)
    assert world.raws() == [mail(1), mail(2)]


async def test_with_since_now_only_later_mails_are_read(
    dovecot: Dovecot, user: str, read: Read
) -> None:
    dovecot.fill(user, [mail(1), mail(2)])
    chosen = section(dovecot.port, user, since="now")
    world = await read(chosen)
    await world.until(lambda: world.detail(user) == "")
    await asyncio.to_thread(dovecot.fill, user, [mail(3)])
    await world.until(lambda: dovecot.count(user, "Done") == 1)
    await world.close()
    again = await read(chosen)
    await asyncio.to_thread(dovecot.fill, user, [mail(4)])
    await again.until(lambda: dovecot.count(user, "Done") == 2)
    assert again.raws() == [mail(3), mail(4)]
    assert dovecot.count(user) == 2


async def test_moves_that_are_refused_stop_nothing_and_are_made_up_for(
    dovecot: Dovecot, user: str, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.inbound.imap.filing.FIRST_S", 2.0)
    dovecot.fill(user, [mail(0)], "Done")
    dovecot.forbid(user, "Done")
    dovecot.fill(user, [mail(n) for n in range(1, 6)])
    world = await read(section(dovecot.port, user))
    await world.until(lambda: "cannot be moved to Done" in world.detail(user))
    await asyncio.to_thread(dovecot.fill, user, [mail(6)])
    await world.until(lambda: len(world.kept()) == 6, "new mail is read all the same")
    assert dovecot.count(user) == 6
    await world.close()
    world = await read(section(dovecot.port, user))
    await world.until(lambda: "cannot be moved" in world.detail(user))
    assert len(world.kept()) == 6
    dovecot.forbid(user, "Done", "")
    await world.until(lambda: dovecot.count(user, "Done") == 7, "moved later")
    await world.until(lambda: world.detail(user) == "")
    assert len(world.kept()) == 6


async def test_a_read_only_folder_is_read_once(dovecot: Dovecot, user: str, read: Read) -> None:
    dovecot.fill(user, [mail(1), mail(2)], "Shared")
    dovecot.forbid(user, "Shared", "lr")
    chosen = section(dovecot.port, user, folder="Shared")
    name = f"imap {user}@localhost/Shared"
    for _ in range(2):
        world = await read(chosen)
        await world.until(
            lambda w=world: any("read-only" in one.detail for one in [w.health().get(name)] if one)
        )
        assert len(world.kept()) == 2
        await world.close()


async def test_one_broken_mailbox_does_not_hold_up_another(
    dovecot: Dovecot, user: str, read: Read
) -> None:
    dovecot.fill(user, [mail(1)])
    other = section(dovecot.port, f"{user}x", folder="Nowhere")
    world = await read(other, section(dovecot.port, user))
    await world.until(lambda: len(world.kept()) == 1)
    await world.until(lambda: world.detail(user) == "")
    told = f"imap {user}x@localhost/Nowhere"
    await world.until(lambda: told in world.health() and world.health()[told].failing)


async def test_a_refused_login_is_told_and_the_password_is_not(
    own_dovecot: Dovecot, user: str, read: Read, capfd: pytest.CaptureFixture[str]
) -> None:
    from gateway.config.secrets import Secret

    world = await read(section(own_dovecot.port, user, password=Secret(b"wrong-password")))
    await world.until(lambda: "login refused" in world.detail(user))
    assert "wrong-password" not in world.detail(user)
    assert "wrong-password" not in "".join(capfd.readouterr())


async def test_a_mail_over_the_limit_is_refused_and_others_go_on(
    dovecot: Dovecot, user: str, read: Read
) -> None:
    big = mail(1, "x" * 70 * 1000 + "\r\n" + "y" * 70 * 1000)
    dovecot.fill(user, [big, mail(2)])
    world = await read(section(dovecot.port, user, max_size=100_000))
    await world.until(lambda: dovecot.count(user, "Refused") == 1)
    await world.until(lambda: world.raws() == [mail(2)])
    (refusal,) = await asyncio.to_thread(world.refusals)
    assert refusal.door == "imap"
    assert "more than max_size" in refusal.reason
    await world.until(lambda: "1 parked in a day" in world.detail(user))


async def test_mails_that_vanish_while_they_are_read_are_passed_over(
    dovecot: Dovecot, user: str, read: Read
) -> None:
    dovecot.fill(user, [mail(n) for n in range(300)])

    def delete_every_third(world: World) -> None:
        with dovecot.client(user) as client:
            client.delete_messages(client.search()[::3])
            client.expunge()
        assert world

    world = await read(section(dovecot.port, user))
    await asyncio.to_thread(delete_every_third, world)
    await world.until(lambda: dovecot.count(user) == 0)
    assert len(world.kept()) == len({one.message_id for one in world.kept()})
    assert dovecot.count(user, "Done") <= len(world.kept())


async def test_the_cursor_follows_and_the_rows_tell_what_was_taken(
    dovecot: Dovecot, user: str, read: Read
) -> None:
    dovecot.fill(user, [mail(n) for n in range(3)])
    world = await read(section(dovecot.port, user))
    await world.until(lambda: dovecot.count(user, "Done") == 3)
    await world.until(lambda: (read_cursor(world.store, name(user)) or world).uid == 3)  # type: ignore[union-attr]
    cursor = read_cursor(world.store, name(user))
    assert cursor is not None
    rows = remembered(world.store, name(user), cursor.uidvalidity, range(1, 4))
    assert [row.taken for row in rows.values()] == [True] * 3
    assert [read_raw(world.store, row.delivery or 0) for row in rows.values()] == world.raws()


async def test_recipients_come_from_the_topmost_line_of_the_named_header(
    dovecot: Dovecot, user: str, read: Read
) -> None:
    ours, forged = "reply+abc@helpdesk.example", "reply+forged@helpdesk.example"
    raw = f"Delivered-To: {ours}\r\nDelivered-To: {forged}\r\n".encode() + mail(1, to=forged)
    dovecot.fill(user, [raw, mail(2, to=f"Help <{ours}>")])
    world = await read(section(dovecot.port, user, recipient_header="Delivered-To"))
    await world.until(lambda: len(world.kept()) == 2)
    support = "support@helpdesk.example"
    assert [one.envelope.recipients for one in world.kept()] == [(ours,), (support,)]


async def test_without_a_named_header_tokens_come_from_to_and_cc(
    dovecot: Dovecot, user: str, read: Read
) -> None:
    ours = "reply+abc@helpdesk.example"
    dovecot.fill(user, [mail(1, to=f"Help <{ours}>, alarm@helpdesk.example")])
    world = await read(section(dovecot.port, user))
    await world.until(lambda: len(world.kept()) == 1)
    assert world.kept()[0].envelope.recipients == ("support@helpdesk.example", ours)
    assert world.kept()[0].lane == 1


async def test_the_mailbox_of_the_alarm_address_has_the_lane_of_alarms(
    dovecot: Dovecot, user: str, read: Read
) -> None:
    dovecot.fill(user, [mail(1)])
    world = await read(section(dovecot.port, user, address="alarm@helpdesk.example"))
    await world.until(lambda: len(world.kept()) == 1)
    assert world.kept()[0].lane == 0


async def test_a_broken_header_is_kept_with_its_faults(
    dovecot: Dovecot, user: str, read: Read
) -> None:
    dovecot.fill(user, [b"From: Mallory <m@physics.example>\r\n" + mail(1)])
    world = await read(section(dovecot.port, user))
    await world.until(lambda: len(world.kept()) == 1)
    assert world.kept()[0].envelope.faults


def test_poll_has_a_unit(user: str) -> None:
    assert section(1, user).poll == timedelta(seconds=2)
