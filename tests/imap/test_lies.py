"""Servers that break the rules in earnest: no mail is lost, taken for another, or taken twice."""

import pytest

from gateway.inbound.imap import filing, mailbox
from tests.imap.boxes import mail, section
from tests.imap.conftest import Read
from tests.imap.fake import FakeServer, Session, only_fetch, reading, saying

pytestmark = pytest.mark.usefixtures("hasty")


async def test_a_mail_whose_size_is_left_out_is_not_passed_over(
    server: FakeServer, read: Read
) -> None:
    server.faults["FETCH"] = only_fetch(7, Session.done, body=False)
    world = await read(reading(server))
    await world.until(lambda: server.moved.get("Refused") == [mail(7)])
    del server.faults["FETCH"]
    await world.holds(3, 40_000)


async def test_a_mail_that_comes_without_bytes_is_not_taken_for_an_empty_one(
    server: FakeServer, read: Read
) -> None:
    def empty(session: Session, tag: bytes) -> None:
        session.send(b"* 1 FETCH (UID 7 BODY[] {0}\r\n)\r\n")
        session.done(tag)

    server.faults["FETCH"] = only_fetch(7, empty)
    world = await read(reading(server))
    await world.until(lambda: "UID 7 in" in world.reasons(), "it is parked")
    await world.holds(3, 40_000)


async def test_a_folder_that_is_renumbered_after_it_was_opened_is_read_anew(
    server: FakeServer, read: Read
) -> None:
    def renumber(session: Session, _tag: bytes, _line: str) -> bool:
        if server.uidvalidity == 1:
            server.uidvalidity = 2
            server.mails[3] = mail(103)
            session.send(b"* OK [UIDVALIDITY 2] renumbered\r\n")
        return False

    def leave_once(session: Session, _tag: bytes, _line: str) -> bool:
        del server.faults["IDLE"]
        server.faults["SEARCH"] = renumber
        session.leave()
        return True

    server.faults["IDLE"] = leave_once
    world = await read(reading(server))
    await world.until(lambda: len(server.moved.get("Done", [])) == 4)
    await world.holds(3, 7, 103, 40_000)


async def test_a_folder_whose_uids_began_again_in_secret_is_read_anew(
    server: FakeServer, read: Read
) -> None:
    world = await read(reading(server))
    await world.until(lambda: len(server.moved.get("Done", [])) == 3)
    server.uidnext = 0  # restored from a backup
    server.mails.update({2: mail(2), 3: mail(103), 5: mail(7)})
    await world.until(lambda: len(server.moved["Done"]) == 6)
    server.mails.update({7: mail(8)})
    await world.until(lambda: len(server.moved["Done"]) == 7)
    await world.holds(2, 3, 7, 8, 103, 40_000)


async def test_a_mail_that_comes_to_light_below_the_others_is_found(
    server: FakeServer, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # not hasty: this server may be slow, and is not connected to again
    monkeypatch.setattr(mailbox, "WHOLE_AGAIN_S", 1.5)
    world = await read(reading(server))
    await world.until(lambda: len(server.moved.get("Done", [])) == 3)
    server.mails[5] = mail(5)  # somebody took back that it is deleted
    await world.holds(3, 5, 7, 40_000)
    assert server.said["connections"] == 1


async def test_a_search_that_is_answered_in_several_lines_is_read(
    server: FakeServer, read: Read
) -> None:
    server.faults["SEARCH"] = saying("OK done", b"* SEARCH 3\r\n", b"* SEARCH 7 40000\r\n")
    world = await read(reading(server))
    await world.holds(3, 7, 40_000)


@pytest.mark.parametrize("found", [b"0", b"99999999999999999999", b"-3", b"one"])
async def test_uids_that_cannot_be_are_a_fault_of_the_server(
    found: bytes, server: FakeServer, read: Read
) -> None:
    server.faults["SEARCH"] = saying("OK done", b"* SEARCH " + found + b"\r\n")
    world = await read(reading(server))
    await world.until(lambda: world.detail("user") not in {"", "nothing"})
    assert "fault of ours" not in world.detail("user")
    server.faults.clear()
    await world.holds(3, 7, 40_000)


async def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next_one(
    server: FakeServer, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # not hasty, as above

    def idle(session: Session, tag: bytes, _line: str) -> bool:
        session.send(b"+ idling\r\n")
        session.stream.readline()
        session.send(b"* SEARCH 50000\r\n")
        session.done(tag)
        return True

    server.faults["IDLE"] = idle
    world = await read(reading(server))
    await world.holds(3, 7, 40_000)
    server.mails[40_001] = mail(40_001)
    await world.holds(3, 7, 40_000, 40_001)
    await world.until(lambda: server.said["SELECT"] >= 3)
    assert server.said["connections"] == 1


async def test_what_a_server_tells_of_each_mail_does_not_pile_up(
    server: FakeServer, read: Read
) -> None:
    seen = []

    def look(session: Session, tag: bytes, _line: str) -> bool:
        client = world.client()
        seen.append(sum(map(len, client._imap.untagged_responses.values())))
        session.send("* 1 EXPUNGE\r\n" * 500)
        session.done(tag)
        return True

    world = await read(reading(server))
    server.faults["STORE"] = look
    server.mails.update({uid: mail(uid) for uid in range(100, 1000)})
    await world.until(lambda: len(server.moved.get("Done", [])) >= 903)
    assert max(seen) < 20, seen


async def test_a_folder_that_does_not_say_read_write_is_emptied(
    server: FakeServer, read: Read
) -> None:
    server.selected = "OK selected"
    world = await read(reading(server))
    await world.until(lambda: len(server.moved.get("Done", [])) == 3)


async def test_a_done_folder_that_somebody_removes_is_made_again(
    server: FakeServer, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # not hasty, as above
    monkeypatch.setattr(filing, "FIRST_S", 0.2)
    world = await read(reading(server))
    await world.until(lambda: len(server.moved.get("Done", [])) == 3)

    def gone(session: Session, tag: bytes, _line: str) -> bool:
        if "Done" in server.folders:
            return False
        session.done(tag, "NO [TRYCREATE] no such folder")
        return True

    server.folders.discard("Done")
    server.faults["MOVE"] = gone
    server.mails[40_001] = mail(40_001)
    await world.until(lambda: len(server.moved["Done"]) == 4)
    assert server.said["connections"] == 1


async def test_a_folder_that_cannot_be_subscribed_to_is_used_all_the_same(
    server: FakeServer, read: Read
) -> None:
    server.faults["SUBSCRIBE"] = saying("NO not here")
    world = await read(reading(server))
    await world.until(lambda: len(server.moved.get("Done", [])) == 3)


@pytest.mark.parametrize("user", ["help desk", 'HELP\\desk"', "helpdesk"])
async def test_the_name_of_a_user_is_quoted(user: str, server: FakeServer, read: Read) -> None:
    lines = []

    def log_in(_session: Session, _tag: bytes, line: str) -> bool:
        lines.append(line)
        return False

    server.faults["LOGIN"] = log_in
    world = await read(section(server.port, user, poll="1 s"))
    await world.holds(3, 7, 40_000)
    quoted = user.replace("\\", "\\\\").replace('"', '\\"')
    assert lines[0].startswith(f'LOGIN "{quoted}" "')


async def test_exists_without_mails_is_nothing(read: Read) -> None:
    with FakeServer({}) as server:
        world = await read(reading(server))
        await world.until(lambda: world.detail("user") == "")
        assert world.kept() == []


@pytest.mark.parametrize("more", ["UIDPLUS", ""])
async def test_without_move_a_copy_is_made_and_only_ours_is_removed(
    more: str, server: FakeServer, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # not hasty, as above
    monkeypatch.setattr("tests.imap.fake.CAPABILITY", f"CAPABILITY IMAP4rev1 {more}".strip())
    expunged = []

    def expunge(_session: Session, _tag: bytes, line: str) -> bool:
        expunged.append(line)
        return False

    server.faults["EXPUNGE"] = expunge
    world = await read(reading(server))
    await world.holds(3, 7, 40_000)
    await world.until(lambda: server.said["STORE"] >= 2)  # as seen, as deleted
    await world.until(lambda: server.said["SELECT"] >= 2, "and it goes on")
    assert server.said["COPY"] == 1
    assert server.said["MOVE"] == 0
    assert expunged == (["UID EXPUNGE 3,7,40000"] if more else []), "never those of others"
