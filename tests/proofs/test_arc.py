"""ARC chains of lists that we know, and of those that we do not."""

import authres
import dkim
import pytest

from gateway.proofs.arc import arc_proofs
from gateway.proofs.dns import Lookup
from parsers.evidence import Proof, ProofStatus
from parsers.header import read_header
from tests.cost import costs_less_than
from tests.proofs import keys
from tests.proofs.mails import mail

RESULTS = "lists.example; dkim=pass header.d=vo.example; dmarc=pass header.from=vo.example"


def sealed(raw: bytes, domain: str = "lists.example", results: str = RESULTS) -> bytes:
    """Return a mail as a list seals it, after it has checked the sender."""
    assert authres  # the library's chains need it
    with_results = f"Authentication-Results: {results}\r\n".encode() + raw
    fields = dkim.arc_sign(
        with_results, b"s1", domain.encode(), keys.rsa_key(), domain.encode(),
        include_headers=[b"from", b"to", b"subject", b"date", b"message-id"],
    )  # fmt: skip
    return b"".join(fields) + raw


async def said(
    raw: bytes, lookup: Lookup, trusted: tuple[str, ...] = ("lists.example",)
) -> tuple[Proof, ...]:
    return await arc_proofs(raw, read_header(raw), "a@vo.example", frozenset(trusted), lookup)


async def test_a_listed_sealer_says_what_it_saw(lookup: Lookup) -> None:
    (proof,) = await said(sealed(mail()), lookup)
    assert (proof.status, proof.identity, proof.aligned) == (
        ProofStatus.PASS, "lists.example", True,
    )  # fmt: skip
    assert proof.covers == frozenset()


async def test_nobody_else_is_asked_for_and_costs_no_question() -> None:
    nobody = Lookup(["127.0.0.1"], 1)
    assert await said(sealed(mail()), nobody, trusted=()) == ()
    assert await said(sealed(mail(), "attacker.test"), nobody) == ()
    assert await said(mail(), nobody) == ()


async def test_a_chain_that_a_stranger_closed_is_not_the_lists(lookup: Lookup) -> None:
    own = "attacker.test; arc=pass; dmarc=pass header.from=vo.example"
    chain = sealed(sealed(mail()), "attacker.test", own)
    assert chain.count(b"ARC-Seal:") == 2
    (proof,) = await said(chain, lookup, trusted=("attacker.test",))
    assert proof.status is ProofStatus.PASS
    assert await said(chain, lookup) == ()


@pytest.mark.parametrize(
    "results",
    [
        "lists.example; dmarc=fail header.from=vo.example",
        "lists.example; dmarc=pass header.from=attacker.test",
        "lists.example; dkim=pass header.d=vo.example",
        "lists.example; dmarc=pass header.from=vo.example; dmarc=fail header.from=vo.example",
    ],
)
async def test_a_list_that_saw_no_proof_says_so(lookup: Lookup, results: str) -> None:
    (proof,) = await said(sealed(mail(), results=results), lookup)
    assert (proof.status, proof.aligned) == (ProofStatus.PASS, False)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"on fire", b"at sea!"),
        (b"FZK", b"RAL"),
        (b"dmarc=pass", b"dmarc=pasS"),
        (b"cv=none", b"cv=pass"),
    ],
)
async def test_a_changed_mail_or_chain_fails(lookup: Lookup, old: bytes, new: bytes) -> None:
    raw = sealed(mail())
    assert old in raw
    proofs = await said(raw.replace(old, new), lookup)
    assert [proof.status for proof in proofs] == [ProofStatus.FAIL]


async def test_a_giant_key_in_somebody_elses_set_costs_nothing(lookup: Lookup) -> None:
    first = sealed(mail()).replace(b"d=lists.example; s=s1", b"d=vo.example; s=monstrous")
    chain = sealed(first, results="lists.example; arc=pass; dmarc=pass header.from=vo.example")
    with costs_less_than(2):
        (proof,) = await said(chain, lookup)
        assert proof.status is ProofStatus.FAIL


async def test_a_signed_length_in_a_chain_is_not_believed(lookup: Lookup) -> None:
    """Refused before the arithmetic, since nobody can make a sound chain with the library."""
    assert await said(sealed(mail()).replace(b"c=relaxed", b"l=1; c=relaxed"), lookup) == ()


async def test_a_key_that_is_not_answered_is_not_a_failure() -> None:
    (proof,) = await said(sealed(mail()), Lookup(["127.0.0.1"], 1))
    assert proof.status is ProofStatus.TEMPERROR


@pytest.mark.parametrize(
    "junk",
    [b"ARC-Seal: i=1\r\n", b"ARC-Seal: i=0; d=lists.example\r\n", b"ARC-Seal: x\r\n",
     b"ARC-Seal: i=99999999999; d=lists.example\r\n", b"ARC-Seal: i=2; d=lists.example\r\n" * 60,
     b"ARC-Message-Signature: i=1; d=lists.example; l=0\r\n"],
)  # fmt: skip
async def test_a_broken_chain_is_nothing(lookup: Lookup, junk: bytes) -> None:
    for raw in (junk + mail(), junk + sealed(mail())):
        for proof in await said(raw, lookup):
            assert proof.status is not ProofStatus.PASS
