"""SPF as a hint, asked of a real name server."""

from dataclasses import replace

import pytest

from gateway.proofs.dns import Lookup
from gateway.proofs.spf import spf_proofs, within
from parsers.evidence import Proof, ProofStatus
from tests.cost import costs_less_than
from tests.proofs.mails import envelope


async def said(
    lookup: Lookup, mail_from: str, peer: str, sender: str | None = "ada@spf.example"
) -> Proof:
    (proof,) = await spf_proofs(envelope(mail_from, peer), sender, lookup)
    return proof


@pytest.mark.parametrize("peer", ["192.0.2.7", "192.0.2.9"])
async def test_a_peer_that_is_named_passes_through_includes_and_exchangers(
    lookup: Lookup, peer: str
) -> None:
    proof = await said(lookup, "ada@spf.example", peer)
    assert (proof.status, proof.aligned) == (ProofStatus.PASS, True)
    assert proof.identity == "ada@spf.example"


async def test_a_pass_for_another_domain_is_not_aligned(lookup: Lookup) -> None:
    proof = await said(lookup, "bounce@spf.example", "192.0.2.7", "boss@legit.test")
    assert (proof.status, proof.aligned) == (ProofStatus.PASS, False)
    assert not (await said(lookup, "bounce@spf.example", "192.0.2.7", None)).aligned


@pytest.mark.parametrize(
    ("mail_from", "status"),
    [
        ("a@spf.example", ProofStatus.FAIL),
        ("a@soft.spf.example", ProofStatus.FAIL),
        ("a@nothing.spf.example", ProofStatus.NONE),
        ("a@a-loop.spf.example", ProofStatus.PERMERROR),
        ("a@loop.spf.example", ProofStatus.PERMERROR),
        ("a@bad.spf.example", ProofStatus.PERMERROR),
        ("a@lost.spf.example", ProofStatus.TEMPERROR),
        ("a@broken.example", ProofStatus.TEMPERROR),
    ],
)
async def test_each_end_has_its_word(lookup: Lookup, mail_from: str, status: ProofStatus) -> None:
    proof = await said(lookup, mail_from, "203.0.113.9")
    assert proof.status is status
    assert not proof.aligned


async def test_a_record_with_macros_is_expanded(lookup: Lookup) -> None:
    assert (await said(lookup, "a@ptr.spf.example", "192.0.2.7")).status is ProofStatus.PASS


async def test_a_record_of_endless_terms_costs_no_time(lookup: Lookup) -> None:
    with costs_less_than(0.5):  # the library alone needs seconds
        assert (
            await said(lookup, "m@long.attacker.test", "192.0.2.7")
        ).status is ProofStatus.PERMERROR


@pytest.mark.parametrize(
    "mail_from",
    [
        "", "<>", "spf.example", "@spf.example", "a@", "a@spf", '"a@attacker.test"@spf.example',
        "a@b@spf.example", "<a@spf.example>", "@attacker.test,@any.test:a@spf.example",
        "a@spf.example(.attacker.test", "a@spf.example'@attacker.test", "(a@spf.example",
        "a@[192.0.2.7]", "a@spf.example\x00.attacker.test", "a@spf..example", "a" * 300 + "@x.org",
        "a@spf_.example", "a%spf.example@",
    ],
)  # fmt: skip
async def test_an_envelope_that_two_readers_read_differently_is_no_evidence(
    mail_from: str,
) -> None:
    nobody = Lookup(["127.0.0.1"], 1)
    proof = await said(nobody, mail_from, "192.0.2.7")
    assert (proof.status, proof.aligned) == (ProofStatus.NONE, False)


@pytest.mark.parametrize(
    "peer",
    ["", "127.0.0.1", "::1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "fe80::1", "fd00::1",
     "169.254.0.1", "100.64.0.1", "::ffff:127.0.0.1", "0.0.0.0", "unix"],
)  # fmt: skip
async def test_a_peer_of_our_own_network_is_not_judged(peer: str) -> None:
    nobody = Lookup(["127.0.0.1"], 1)
    assert await spf_proofs(envelope(peer=peer), "ada@vo.example", nobody) == ()


async def test_what_our_users_submit_is_not_judged() -> None:
    nobody = Lookup(["127.0.0.1"], 1)
    assert await spf_proofs(replace(envelope(), submitted=True), "a@vo.example", nobody) == ()


async def test_a_peer_with_an_ipv6_address_is_judged(lookup: Lookup) -> None:
    assert (await said(lookup, "a@spf.example", "2001:db8::1")).status is ProofStatus.FAIL


def test_a_network_holds_its_addresses_only() -> None:
    from ipaddress import ip_network

    networks = [ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")]
    assert within("192.0.2.9", networks)
    assert within("2001:db8::1", networks)
    assert not within("198.51.100.1", networks)
    assert not within("", networks)
