"""The probe's mail: each form is one that we would believe, and what came back is judged."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config.load import load
from gateway.probe import probe, ways_in
from gateway.proofs.forged import FORMS, Probe
from gateway.proofs.results import results_proofs
from parsers.evidence import ProofStatus
from parsers.gate import look
from parsers.header import read_header
from parsers.mail import hear
from tests.ports import free_port
from tests.proofs import nameserver
from tests.proofs.mails import NOW, configured
from tests.proofs.nameserver import NameServer

PROBE = Probe("mx.example", "helpdesk.example", "support@helpdesk.example", "0123456789abcdef")
RECEIVED = b"Received: from client.example by mx.example; Wed, 25 Nov 2026 10:00:00 +0000\r\n"
SENT = PROBE.written(NOW)
START, END = SENT.index(b"Authentication"), SENT.index(b"From: ")
CLAIMS, REST = SENT[START:END], SENT[END:]
OWN = (
    b"Authentication-Results: mx.example; dkim=pass header.d=helpdesk.example;\r\n"
    b" dmarc=pass header.from=helpdesk.example\r\n"
)


# Renamed, for people to read: as good as taken away.
RENAMED = re.sub(rb"(?mi)^authentication-", b"X-Old-Authentication-", CLAIMS)


def claims() -> list[bytes]:
    """Return each forged field of the probe."""
    fields: list[bytes] = []
    for line in CLAIMS.splitlines(keepends=True):
        if line[:1] in b" \t":
            fields[-1] += line
        else:
            fields.append(line)
    return fields


@pytest.mark.parametrize(("form", "field"), list(zip(FORMS, claims(), strict=True)))
def test_each_form_on_top_would_be_believed_and_is_named(form: str, field: bytes) -> None:
    raw = field + RECEIVED + REST
    (proof,) = results_proofs(read_header(raw), "imap", "mx.example", "noreply@helpdesk.example")
    assert proof.status is ProofStatus.PASS
    judged = PROBE.judged(raw)
    assert (judged.survived, judged.believed) == ((form,), True)


@pytest.mark.parametrize(
    ("raw", "survived", "believed", "speaks"),
    [
        (OWN + RECEIVED + REST, False, False, True),
        (RECEIVED + REST, False, False, False),
        (RECEIVED + OWN + REST, False, False, False),
        (RECEIVED + CLAIMS + REST, True, False, False),
        (OWN + RECEIVED + CLAIMS + REST, True, False, True),
        (CLAIMS + REST, True, False, False),
        (CLAIMS + RECEIVED + REST, True, True, True),
        (RECEIVED + RENAMED + REST, False, False, False),
    ],
)
def test_what_came_back_is_judged(
    raw: bytes, *, survived: bool, believed: bool, speaks: bool
) -> None:
    judged = PROBE.judged(raw)
    assert bool(judged.survived) == survived
    assert (judged.believed, judged.server_speaks) == (believed, speaks)


def test_it_is_a_sound_mail_that_is_known_as_our_own() -> None:
    assert look(SENT, file=True).faults == ()
    heard = hear(SENT)
    assert heard.loop_marks == ("helpdesk.example",)
    assert heard.message_id == PROBE.message_id
    assert b"\n" not in SENT.replace(b"\r\n", b"")
    assert all(len(line) <= 78 for line in SENT.split(b"\r\n"))


# ---- whom DNS names ----


@pytest.fixture(scope="module")
def names() -> Iterator[NameServer]:
    """A server that knows domains with several, no and unsaid mail servers."""
    if nameserver.PROGRAM is None:
        pytest.skip("nsd is not installed (tests/servers/packages.txt)")
    zones = {
        "vo.example": "@ MX 20 backup\n@ MX 10 mx\n",
        "nomail.example": "@ MX 0 .\n",
        "plain.example": "@ A 192.0.2.7\n",
        "broken.example": None,
    }
    server = NameServer(zones, free_port())
    yield server
    server.stop()


def dns(names: NameServer) -> str:
    return f'[dns]\nservers = ["127.0.0.1"]\nport = {names.port}\n'


@pytest.mark.parametrize(
    ("domain", "ways"),
    [
        ("vo.example", ("smtp://mx.vo.example:25", "smtp://backup.vo.example:25")),
        ("plain.example", ("smtp://plain.example:25",)),
    ],
)
def test_every_mail_server_of_the_address_is_tried(
    place: Path, names: NameServer, domain: str, ways: tuple[str, ...]
) -> None:
    assert ways_in(configured(place, dns(names)), domain) == ways


@pytest.mark.parametrize(
    ("domain", "why"),
    [("nomail.example", "takes no mail"), ("broken.example", "broken.example MX")],
)
def test_who_names_none_is_no_pass(place: Path, names: NameServer, domain: str, why: str) -> None:
    box = (
        '[[imap]]\nhost = "127.0.0.1"\ntls = "off"\nuser = "u"\npassword = { file = "secret" }\n'
        f'address = "support@{domain}"\ntrusted_results = "mx.example"\n'
    )
    text = configured(place).file.read_text().replace('"helpdesk.example"', f'"{domain}"')
    (place / "config.toml").write_text(text + dns(names) + box)
    (said,) = probe(load(place / "config.toml"))
    assert not isinstance(said, str)
    assert said.key == "imap.trusted_results"
    assert why in said.message
    assert "--through" in said.message
