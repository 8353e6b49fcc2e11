import asyncio
import time

import pytest

from gateway.outbound.errors import RecipientDeferred, RelayDown
from gateway.outbound.relay import Login, open_relay
from gateway.outbound.smtp import Phases, SmtpRelay
from parsers.errors import Deferred, MailError, Refused
from tests.outbound.sinks import Certificates, Sink, serving, silence, smtp_sink
from tests.ports import free_port

MAIL = b"Subject: x\r\n\r\n.a line with a dot\r\n..two\r\n.\r\nend\r\n"
FROM, TO = "bounces+t@hd.example", "jo@lab.example"


async def test_a_mail_arrives_byte_for_byte_in_its_envelope() -> None:
    async with serving(Sink()) as sink:
        relay = open_relay(sink.url)
        assert "queued" in await relay.send(MAIL, FROM, TO)
        await relay.close()
    (taken,) = sink.taken
    assert (taken.mail, taken.mail_from, taken.rcpt) == (MAIL, FROM, TO)


async def test_the_null_sender_is_spoken_as_empty_brackets() -> None:
    async with serving(Sink()) as sink:
        relay = open_relay(sink.url)
        await relay.send(MAIL, "", TO)
        await relay.close()
    assert sink.taken[0].mail_from in {"", "<>"}


async def test_several_mails_ride_on_one_connection_even_after_a_refused_recipient() -> None:
    answers = {"RCPT": lambda address: "550 no" if address.startswith("bad") else None}
    async with serving(Sink(answers)) as sink:
        relay = open_relay(sink.url)
        await relay.send(MAIL, FROM, TO)
        with pytest.raises(Refused):
            await relay.send(MAIL, FROM, "bad@lab.example")
        await relay.send(MAIL, FROM, TO)
        await relay.close()
    assert len(sink.taken) == 2
    assert sink.sessions == 1


async def test_a_connection_carries_so_many_mails_and_no_more() -> None:
    async with serving(Sink()) as sink:
        relay = SmtpRelay("127.0.0.1", sink.port, phases=Phases(mails=2))
        for _ in range(5):
            await relay.send(MAIL, FROM, TO)
        await relay.close()
    assert sink.sessions == 3


async def test_a_kept_connection_that_the_relay_closed_meanwhile_is_no_fault() -> None:
    async with serving(Sink()) as first:
        relay = open_relay(first.url)
        await relay.send(MAIL, FROM, TO)
        for line in relay._idle:  # type: ignore[attr-defined] # what a relay's idle timer does
            line.smtp.transport.abort()
        await relay.send(MAIL, FROM, TO)
        await relay.close()
    assert len(first.taken) == 2


@pytest.mark.parametrize(
    ("command", "reply", "kind"),
    [
        ("MAIL", "451 later", Deferred),
        ("MAIL", "550 you may not", RelayDown),
        ("MAIL", "552 too big", Refused),
        ("MAIL", "421 closing", RelayDown),
        ("RCPT", "450 greylisted", RecipientDeferred),
        ("RCPT", "550 no such user", Refused),
        ("RCPT", "421 closing", RelayDown),
        ("DATA", "451 later", Deferred),
        ("DATA", "554 spam", Refused),
        ("DATA", "421 closing", RelayDown),
    ],
)
async def test_each_answer_is_judged_by_its_command_and_code(
    command: str, reply: str, kind: type[MailError]
) -> None:
    async with serving(Sink({command: reply})) as sink:
        relay = open_relay(sink.url)
        with pytest.raises(kind) as caught:
            await relay.send(MAIL, FROM, TO)
        await relay.close()
    assert type(caught.value) is kind
    assert reply in caught.value.detail


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        (("-r", "RCPT"), RecipientDeferred),
        (("-f", "RCPT"), Refused),
        (("-r", "."), Deferred),
        (("-f", "."), Refused),
        (("-q", "RCPT"), Deferred),
        (("-q", "DATA"), Deferred),
        (("-f", "CONNECT"), RelayDown),
        (("-r", "EHLO,HELO"), RelayDown),
        (("-f", "EHLO,HELO"), RelayDown),
    ],
)
async def test_a_second_kind_of_server_is_judged_the_same(
    options: tuple[str, ...], kind: type[MailError]
) -> None:
    with smtp_sink(*options) as url:
        relay = open_relay(url)
        with pytest.raises(kind) as caught:
            await relay.send(MAIL, FROM, TO)
        await relay.close()
    assert type(caught.value) is kind


async def test_nobody_listening_is_a_relay_that_is_down() -> None:
    with pytest.raises(RelayDown):
        await open_relay(f"smtp://127.0.0.1:{free_port()}").send(MAIL, FROM, TO)


async def test_a_relay_that_says_nothing_is_given_up_in_time() -> None:
    with silence() as url:
        port = int(url.rpartition(":")[2])
        relay = SmtpRelay("127.0.0.1", port, phases=Phases(connect_s=0.3))
        start = time.monotonic()
        with pytest.raises(RelayDown):
            await relay.send(MAIL, FROM, TO)
        assert time.monotonic() - start < 20  # by itself it waits for 30


async def test_silence_after_the_mail_itself_may_be_about_that_mail() -> None:
    async with serving(Sink(hold=asyncio.Event())) as sink:
        relay = SmtpRelay("127.0.0.1", sink.port, phases=Phases(data_s=0.3))
        with pytest.raises(Deferred) as caught:
            await relay.send(MAIL, FROM, TO)
        assert not isinstance(caught.value, RelayDown)
        await relay.close()


async def test_a_cancelled_mail_leaves_no_half_spoken_connection() -> None:
    async with serving(Sink(hold=asyncio.Event())) as sink:
        relay = open_relay(sink.url)
        sending = asyncio.create_task(relay.send(MAIL, FROM, TO))
        await sink.arrived.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert sink.hold is not None
        sink.hold.set()
        await relay.send(b"Subject: second\r\n\r\n", FROM, TO)
        await relay.close()
    assert sink.sessions == 2
    assert sink.taken[-1].mail == b"Subject: second\r\n\r\n"


async def test_tls_from_the_start_with_a_certificate_that_is_known(
    certificates: Certificates,
) -> None:
    async with serving(Sink(), tls=certificates.server) as sink:
        url = f"smtps://127.0.0.1:{sink.port}"
        relay = open_relay(url, Login(ca_file=certificates.ca))
        await relay.send(MAIL, FROM, TO)
        await relay.close()
        with pytest.raises(RelayDown, match="certificate"):
            await open_relay(url).send(MAIL, FROM, TO)
    assert len(sink.taken) == 1


async def test_starttls_with_a_login(certificates: Certificates) -> None:
    async with serving(Sink(), starttls=certificates.server, password="secret") as sink:
        url = f"smtp+starttls://127.0.0.1:{sink.port}"
        relay = open_relay(url, Login("desk", "secret", certificates.ca))
        await relay.send(MAIL, FROM, TO)
        await relay.close()
        with pytest.raises(RelayDown, match="535"):
            await open_relay(url, Login("desk", "wrong", certificates.ca)).send(MAIL, FROM, TO)
        with pytest.raises(RelayDown, match="certificate"):
            await open_relay(url, Login("desk", "secret")).send(MAIL, FROM, TO)
    assert len(sink.taken) == 1


async def test_a_relay_that_offers_no_starttls_gets_neither_password_nor_mail() -> None:
    async with serving(Sink()) as sink:
        relay = open_relay(f"smtp+starttls://127.0.0.1:{sink.port}", Login("desk", "secret"))
        with pytest.raises(RelayDown):
            await relay.send(MAIL, FROM, TO)
    assert sink.taken == []


@pytest.mark.parametrize(
    "url",
    [
        *("", "maildir:", "maildir://x", "smtp:host", "smtp://", "smtp://h:1/x", "smtp://u:p@h"),
        *("x://h", "smtp://h:no", "smtp://h:70000"),
    ],
)
def test_a_url_that_names_no_relay_is_an_error(url: str) -> None:
    with pytest.raises(ValueError, match="relay"):
        open_relay(url)


def test_a_password_without_tls_is_an_error_but_for_loopback() -> None:
    with pytest.raises(ValueError, match="smtps"):
        open_relay("smtp://relay.example", Login("desk", "secret"))
    open_relay("smtp://127.0.0.1", Login("desk", "secret"))
    assert "secret" not in repr(Login("desk", "secret"))
