"""TLS that is not what it should be: nobody is told our password, and the operator is told why."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.imap.boxes import mail, section
from tests.imap.certificates import Authority
from tests.imap.conftest import Read
from tests.imap.dovecot import Dovecot
from tests.imap.fake import FakeServer, Session, reading

pytestmark = pytest.mark.usefixtures("hasty")


@pytest.fixture(params=["other.example 2 mismatch", "localhost -1 expired"])
def bad(
    request: pytest.FixtureRequest, place: Path, authority: Authority
) -> Iterator[tuple[Dovecot, str]]:
    """A server whose certificate does not fit, and the word for why."""
    host, days, why = request.param.split()
    server = Dovecot(place / "dovecot", authority.sign(why, host, int(days)))
    server.start()
    yield server, why
    server.stop()


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_a_certificate_that_does_not_fit_is_refused(
    tls: str, bad: tuple[Dovecot, str], authority: Authority, user: str, read: Read
) -> None:
    server, why = bad
    server.fill(user, [mail(1)])
    port = server.tls_port if tls == "implicit" else server.port
    world = await read(section(port, user, tls=tls, ca_file=authority.ca))
    await world.until(lambda: why in world.detail(user), why)
    assert "certificate refused" in world.detail(user)
    assert server.count(user) == 1


async def test_an_authority_that_nobody_knows_is_refused(
    dovecot: Dovecot, user: str, read: Read
) -> None:
    world = await read(section(dovecot.tls_port, user, tls="implicit"))
    await world.until(lambda: "certificate refused" in world.detail(user))


async def test_a_file_of_authorities_that_cannot_be_read_is_named(
    dovecot: Dovecot, user: str, read: Read, place: Path
) -> None:
    missing = place / "missing.pem"
    chosen = section(dovecot.tls_port, user, tls="implicit").model_copy(update={"ca_file": missing})
    world = await read(chosen)
    await world.until(lambda: f"ca_file {missing} cannot be read" in world.detail(user))


def preauth(session: Session, _tag: bytes, _line: str) -> bool:
    session.send(b"* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] welcome\r\n")
    return True


@pytest.mark.parametrize("faults", [{}, {"greeting": preauth}], ids=["not offered", "preauth"])
async def test_without_starttls_nothing_is_said_in_clear_text(
    faults: dict[str, Any], server: FakeServer, read: Read
) -> None:
    server.faults.update(faults)
    world = await read(reading(server, tls="starttls"))
    await world.until(lambda: server.said["connections"] >= 3, "it comes back, and back")
    await world.until(lambda: world.detail("user") not in {"", "nothing"}, "it says so")
    for word in ("LOGIN", "AUTHENTICATE", "SELECT"):
        assert server.said[word] == 0
