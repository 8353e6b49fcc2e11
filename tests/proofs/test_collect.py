"""Many mails at once: each method and each mail for itself."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import dns.message
import pytest
import structlog

from gateway.proofs.collect import Asked, Provers, ToProve, prove
from gateway.proofs.dns import Lookup
from gateway.proofs.provers import lookup_of, provers_of
from parsers.evidence import Proof, ProofKind, ProofStatus, SenderEvidence
from tests.proofs.keys import signed
from tests.proofs.mails import NOW, configured, envelope, mail
from tests.proofs.nameserver import NameServer

ADA = "ada@vo.example"


def to_prove(raw: bytes, sender: str | None = ADA, **about: Any) -> ToProve:
    return ToProve(raw, envelope(**about), sender)


@pytest.fixture
def provers(place: Path, lookup: Lookup) -> Provers:
    return provers_of(configured(place), lookup)


@asynccontextmanager
async def half_silent(nsd: NameServer) -> AsyncIterator[int]:
    """A server that passes questions on to nsd, and drops those for names of silent.example."""
    loop = asyncio.get_running_loop()
    with socket.socket(type=socket.SOCK_DGRAM) as front:
        front.bind(("127.0.0.1", 0))
        front.setblocking(False)

        async def one(question: bytes, peer: Any) -> None:
            with socket.socket(type=socket.SOCK_DGRAM) as back:
                back.setblocking(False)
                back.connect(("127.0.0.1", nsd.port))
                await loop.sock_sendall(back, question)
                await loop.sock_sendto(front, await loop.sock_recv(back, 65_535), peer)

        async def serve() -> None:
            asked = set()
            while True:
                question, peer = await loop.sock_recvfrom(front, 65_535)
                name = dns.message.from_wire(question).question[0].name.to_text()
                if not name.lower().endswith("silent.example."):
                    asked.add(asyncio.create_task(one(question, peer)))

        serving = asyncio.create_task(serve())
        yield front.getsockname()[1]
        serving.cancel()


async def test_a_proven_mail_has_all_its_proofs_in_order(provers: Provers) -> None:
    evidence = await prove(to_prove(signed(mail())), provers, NOW)
    assert [(p.kind, p.status, p.aligned) for p in evidence.proofs] == [
        (ProofKind.DKIM, ProofStatus.PASS, True),
        (ProofKind.DMARC, ProofStatus.PASS, True),
        (ProofKind.SPF, ProofStatus.PASS, True),
    ]
    assert not evidence.unanswered
    said = json.loads(json.dumps([proof.to_json() for proof in evidence.proofs]))
    assert [Proof.from_json(one) for one in said] == list(evidence.proofs)


async def test_mails_that_are_proven_at_once_keep_their_own_answers(provers: Provers) -> None:
    raws = [mail(), signed(mail()), mail(), signed(mail(), s="weak")]
    found = await asyncio.gather(*(prove(to_prove(raw), provers, NOW) for raw in raws))
    assert [bool(evidence.passed(ProofKind.DKIM)) for evidence in found] == [
        False, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "raw",
    [
        signed(mail()) + b"a bare\nline end\r\n",
        signed(mail()) + b"a bare\rline end\r\n",
        b"Subject: twice\r\n" + signed(mail()),
        signed(mail()).replace(b"Subject:", b"Subject :"),
        signed(mail()) + b"\x00",
        b"",
    ],
    ids=["bare LF", "bare CR", "two subjects", "blank before colon", "NUL", "nothing"],
)
async def test_a_mail_with_a_structure_fault_has_no_evidence(provers: Provers, raw: bytes) -> None:
    evidence = await prove(to_prove(raw), provers, NOW)
    assert not evidence.passed(ProofKind.DKIM)
    if raw:
        assert evidence == SenderEvidence()


async def test_a_fault_that_the_door_noted_is_enough(provers: Provers) -> None:
    one = to_prove(signed(mail()))
    faulty = replace(one, envelope=replace(one.envelope, faults=("anything",)))
    assert await prove(faulty, provers, NOW) == SenderEvidence()


async def test_a_hundred_silent_mails_do_not_delay_the_one_that_is_answered(
    nsd: NameServer, place: Path
) -> None:
    async with half_silent(nsd) as port:
        provers = provers_of(configured(place), Lookup(["127.0.0.1"], port, lifetime_s=4))
        silent = [
            to_prove(
                signed(mail(From=f"a@{n}.silent.example"), d=f"{n}.silent.example"),
                f"a@{n}.silent.example",
                mail_from=f"a@{n}.silent.example",
            )
            for n in range(100)
        ]
        waiting = {asyncio.create_task(prove(one, provers, NOW)) for one in silent}
        answered = asyncio.create_task(prove(to_prove(signed(mail())), provers, NOW))
        done, _ = await asyncio.wait({*waiting, answered}, return_when=asyncio.FIRST_COMPLETED)
        assert done == {answered}  # though it came last
        assert answered.result().passed(ProofKind.DMARC)
        others = await asyncio.gather(*waiting)
        assert len(others) == 100
        assert all(one.unanswered and not one.passed(ProofKind.DKIM) for one in others)
        assert all(one.silences for one in others)


def broken(error: BaseException) -> Any:
    async def method(*_: Any) -> tuple[Proof, ...]:
        raise error

    return method


async def never(*_: Any) -> tuple[Proof, ...]:
    await asyncio.Event().wait()
    return ()


METHODS = ("dkim", "dmarc", "smime", "results", "spf", "arc")


@pytest.mark.parametrize("method", METHODS)
async def test_a_method_that_breaks_costs_its_own_proof_and_no_text_is_logged(
    provers: Provers, method: str
) -> None:
    spoilt = replace(provers, **{method: broken(ValueError("the disks are on fire"))})
    with structlog.testing.capture_logs() as logged:
        evidence = await prove(to_prove(signed(mail())), spoilt, NOW)
    kinds = {proof.kind: proof for proof in evidence.proofs}
    if method != "dkim":
        assert kinds[ProofKind.DKIM].status is ProofStatus.PASS
    if method != "spf":
        assert kinds[ProofKind.SPF].status is ProofStatus.PASS
    kind = ProofKind.RESULTS if method == "results" else ProofKind(method)
    assert kinds[kind].status is ProofStatus.PERMERROR
    assert any(line["event"] == "a sender check failed" for line in logged)
    assert "disks" not in repr(logged)


@pytest.mark.parametrize("method", METHODS)
async def test_a_method_that_hangs_is_not_answered_in_time(provers: Provers, method: str) -> None:
    hanging = replace(provers, **{method: never})
    evidence = await prove(to_prove(signed(mail())), hanging, NOW, limit_s=3)
    kind = ProofKind.RESULTS if method == "results" else ProofKind(method)
    (late,) = [proof for proof in evidence.proofs if proof.kind is kind]
    assert late.status is ProofStatus.TEMPERROR
    assert evidence.unanswered == (method not in {"spf", "arc"}), "hints are not waited for"
    if method not in {"dkim", "dmarc"}:
        assert evidence.passed(ProofKind.DMARC)
    if method == "dmarc":
        assert evidence.passed(ProofKind.DKIM)
    if method == "dkim":
        (dmarc,) = [proof for proof in evidence.proofs if proof.kind is ProofKind.DMARC]
        assert dmarc.status is ProofStatus.TEMPERROR


async def test_smime_is_one_more_method(provers: Provers) -> None:
    asked: list[tuple[bytes, str | None, datetime]] = []

    async def smime(raw: bytes, sender: str | None, now: datetime) -> tuple[Proof, ...]:
        asked.append((raw, sender, now))
        return (Proof(ProofKind.SMIME, "/CN=Ada", ProofStatus.PASS),)

    raw = signed(mail())
    evidence = await prove(to_prove(raw), replace(provers, smime=smime), NOW)
    assert asked == [(raw, ADA, NOW)]
    assert [p.kind for p in evidence.proofs].index(ProofKind.SMIME) == 2


async def test_results_are_believed_in_their_mailbox_only(provers: Provers) -> None:
    raw = (
        b"Authentication-Results: mx.example.org; dkim=pass header.d=vo.example;"
        b" dmarc=pass header.from=vo.example\r\nReceived: by mx.example.org; now\r\n" + mail()
    )
    boxed = ToProve(raw, envelope(peer="", door="imap"), ADA, "mx.example.org")
    evidence = await prove(boxed, provers, NOW)
    assert evidence.passed(ProofKind.RESULTS)
    for one in (replace(boxed, envelope=envelope()), replace(boxed, trusted_results="")):
        assert not (await prove(one, provers, NOW)).passed(ProofKind.RESULTS)


async def test_a_mail_of_our_own_network_costs_no_question(place: Path) -> None:
    nobody = Lookup(["127.0.0.1"], 1)
    config = configured(place, "[relay]\n")
    networks = 'listen = "127.0.0.1:0"\nsubmission_networks = ["192.0.2.0/24"]'
    (place / "config.toml").write_text(
        (place / "config.toml").read_text().replace('listen = "127.0.0.1:0"', networks)
    )
    from gateway.config.load import load

    evidence = await prove(to_prove(mail()), provers_of(load(config.file), nobody), NOW)
    assert not evidence.unanswered


async def test_the_configuration_reaches_the_methods(nsd: NameServer, place: Path) -> None:
    config = configured(
        place,
        f'[dns]\nservers = ["127.0.0.1"]\nport = {nsd.port}\n'
        '[proof]\nmin_rsa_bits = 4096\nweak_key_domains = ["vo.example"]\n',
    )
    provers = provers_of(config, lookup_of(config))
    weak = await prove(to_prove(signed(mail())), provers, NOW)
    assert weak.passed(ProofKind.DKIM)
    other = signed(mail(From="b@legit.test"), d="legit.test")
    strong = await prove(to_prove(other, "b@legit.test"), provers, NOW)
    assert not strong.passed(ProofKind.DKIM)


async def test_a_large_mail_is_proven_too(provers: Provers) -> None:
    raw = signed(mail(body="A line of some log file that was sent along.\r\n" * 30_000))
    evidence = await prove(to_prove(raw), provers, NOW)
    assert evidence.passed(ProofKind.DMARC)


async def test_no_mail_buys_many_questions(place: Path) -> None:
    asked: list[str] = []

    class Counting:
        async def txt(self, name: str) -> tuple[bytes, ...]:
            asked.append(name)
            return ()

        async def ask(self, name: str, kind: str) -> Sequence[Any]:
            asked.append(f"{name} {kind}")
            return ()

    raw = mail()
    fields = b"".join(
        f"DKIM-Signature: v=1; a=rsa-sha256; d=d{n}.example; s=s; h=from; bh={'A' * 43}=;"
        f" b=AAAA\r\n".encode()
        for n in range(100)
    )
    await prove(to_prove(fields + raw), provers_of(configured(place), Counting()), NOW)  # type: ignore[arg-type]
    assert len([name for name in asked if "_domainkey" in name]) == 5
    assert len(asked) < 12


def test_the_method_signature_is_what_the_integrator_was_told() -> None:
    assert set(Provers.__dataclass_fields__) == {"lookup", *METHODS}
    assert set(Asked.__dataclass_fields__) == {"mail", "header", "lookup", "now"}
