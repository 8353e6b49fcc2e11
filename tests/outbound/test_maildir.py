import asyncio
import mailbox
from pathlib import Path

import pytest

from gateway.outbound.errors import RelayDown
from gateway.outbound.maildir import Maildir, file_name
from gateway.outbound.relay import open_relay

MAIL = (
    b"From: support@hd.example\r\nDate: Tue, 24 Nov 2026 09:30:00 +0000\r\n"
    b"Message-ID: <t.42.7.x@hd.example>\r\n\r\nHello\r\n"
)


async def test_a_mail_becomes_a_file_that_mail_programs_read(tmp_path: Path) -> None:
    relay = open_relay(f"maildir:{tmp_path}/out")
    await relay.send(MAIL, "bounces+t@hd.example", "jo@lab.example")
    (message,) = mailbox.Maildir(tmp_path / "out", create=False)
    assert message["Return-Path"] == "<bounces+t@hd.example>"
    assert message["Delivered-To"] == "jo@lab.example"
    assert message["Message-ID"] == "<t.42.7.x@hd.example>"
    assert message.get_payload() == "Hello\n"
    assert list((tmp_path / "out" / "tmp").iterdir()) == []
    (file,) = (tmp_path / "out" / "new").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


async def test_a_mail_sent_again_takes_the_place_of_its_first_copy(tmp_path: Path) -> None:
    relay = Maildir(tmp_path)
    await asyncio.gather(*(relay.send(MAIL, "", "jo@lab.example") for _ in range(5)))
    await relay.send(MAIL, "", "an@lab.example")
    assert len(list((tmp_path / "new").iterdir())) == 2


async def test_a_disk_that_takes_nothing_is_a_relay_that_is_down(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RelayDown):
        await Maildir(tmp_path / "file").send(MAIL, "", "jo@lab.example")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / file_name(MAIL, "jo@lab.example")).mkdir()
    with pytest.raises(RelayDown):
        await Maildir(tmp_path).send(MAIL, "", "jo@lab.example")
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("head", "seconds"),
    [
        (b"Date: Tue, 24 Nov 2026 09:30:00 +0000", "1795512600"),
        (b"Date: Tue, 24 Nov 2026 09:30:00 -0000", "1795512600"),
        (b"Date: nonsense", "0"),
        (b"X: y", "0"),
    ],
)
def test_a_file_is_named_by_the_date_of_its_mail(head: bytes, seconds: str) -> None:
    assert file_name(head + b"\r\n\r\nx", "jo@lab.example").partition(".")[0] == seconds
