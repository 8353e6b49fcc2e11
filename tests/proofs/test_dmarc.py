"""Who may speak for a From address, by the published policy."""

import pytest
from publicsuffixlist import PublicSuffixList

from gateway.proofs.dmarc import align, is_aligned, organisation
from gateway.proofs.dns import Lookup
from parsers.evidence import Proof, ProofKind, ProofStatus, SenderEvidence
from tests.cost import costs_less_than
from tests.proofs.keys import signed
from tests.proofs.mails import judged, mail


def dkim(domain: str, status: ProofStatus = ProofStatus.PASS) -> Proof:
    return Proof(ProofKind.DKIM, domain, status)


async def verdict(lookup: Lookup, sender: str | None, *proofs: Proof) -> tuple[bool, Proof]:
    """Whether any DKIM proof aligns, and the DMARC proof."""
    *marked, dmarc = await align(proofs, sender, lookup)
    assert dmarc.kind is ProofKind.DMARC
    return any(proof.aligned for proof in marked), dmarc


async def test_the_domain_itself_aligns_and_passes(lookup: Lookup) -> None:
    aligned, dmarc = await verdict(lookup, "Ada@VO.example", dkim("vo.example"))
    assert aligned
    assert (dmarc.status, dmarc.identity) == (ProofStatus.PASS, "Ada@VO.example")
    assert dmarc.detail == "p=reject, signed by vo.example"


async def test_the_same_organisation_aligns(lookup: Lookup) -> None:
    aligned, dmarc = await verdict(lookup, "a@vo.example", dkim("mail.vo.example"))
    assert (aligned, dmarc.status) == (True, ProofStatus.PASS)
    aligned, dmarc = await verdict(lookup, "a@cs.vo.example", dkim("vo.example"))
    assert (aligned, dmarc.status) == (True, ProofStatus.PASS)


async def test_another_domain_of_an_unlisted_top_level_does_not_align(lookup: Lookup) -> None:
    aligned, dmarc = await verdict(lookup, "boss@legit.test", dkim("attacker.test"))
    assert (aligned, dmarc.status) == (False, ProofStatus.FAIL)


async def test_another_domain_of_a_public_suffix_does_not_align(lookup: Lookup) -> None:
    aligned, _ = await verdict(lookup, "boss@one.co.uk", dkim("two.co.uk"))
    assert not aligned
    aligned, _ = await verdict(lookup, "boss@one.co.uk", dkim("co.uk"))
    assert not aligned


def test_the_rule_for_unlisted_top_levels_is_neither_nobody_nor_everybody() -> None:
    for top in ("test", "grid", "internal", "local"):
        assert organisation(f"mail.legit.{top}") == f"legit.{top}"
        assert organisation(top) == ""
        assert not is_aligned(f"legit.{top}", f"attacker.{top}")
    assert PublicSuffixList(accept_unknown=False).privatesuffix("legit.test") is None
    assert organisation("vo-one.org") != organisation("vo-two.org")


def test_nothing_aligns_with_nothing() -> None:
    assert not is_aligned("test", "grid")
    assert not is_aligned("uk", "co.uk")
    assert not is_aligned("", "")
    assert not is_aligned("test", "legit.test")


async def test_a_strict_domain_wants_itself(lookup: Lookup) -> None:
    aligned, dmarc = await verdict(lookup, "a@strict.example", dkim("mail.strict.example"))
    assert (aligned, dmarc.status) == (False, ProofStatus.FAIL)
    aligned, dmarc = await verdict(lookup, "a@strict.example", dkim("strict.example"))
    assert (aligned, dmarc.status) == (True, ProofStatus.PASS)


async def test_a_sub_domain_inherits_the_policy_for_sub_domains(lookup: Lookup) -> None:
    _, dmarc = await verdict(lookup, "a@sub.strict.example", dkim("sub.strict.example"))
    assert dmarc.detail == "p=quarantine; strict, signed by sub.strict.example"


async def test_without_a_policy_nothing_passes_and_the_signature_still_aligns(
    lookup: Lookup,
) -> None:
    aligned, dmarc = await verdict(lookup, "a@nopolicy.example", dkim("mail.nopolicy.example"))
    assert (aligned, dmarc.status) == (True, ProofStatus.NONE)


async def test_two_policies_are_none(lookup: Lookup) -> None:
    _, dmarc = await verdict(lookup, "a@twopolicies.example", dkim("twopolicies.example"))
    assert dmarc.status is ProofStatus.NONE


async def test_a_policy_that_is_not_answered_is_not_known(lookup: Lookup) -> None:
    aligned, dmarc = await verdict(lookup, "a@broken.example", dkim("mail.broken.example"))
    assert (aligned, dmarc.status) == (False, ProofStatus.TEMPERROR)
    aligned, dmarc = await verdict(lookup, "a@broken.example", dkim("broken.example"))
    assert (aligned, dmarc.status) == (True, ProofStatus.TEMPERROR)


async def test_a_key_of_the_domain_that_is_not_answered_is_not_a_failure(lookup: Lookup) -> None:
    late = dkim("vo.example", ProofStatus.TEMPERROR)
    _, dmarc = await verdict(lookup, "a@vo.example", late)
    assert dmarc.status is ProofStatus.TEMPERROR
    stranger = dkim("attacker.test", ProofStatus.TEMPERROR)
    _, dmarc = await verdict(lookup, "a@vo.example", stranger)
    assert dmarc.status is ProofStatus.FAIL


async def test_nobody_aligns_with_no_address(lookup: Lookup) -> None:
    aligned, dmarc = await verdict(lookup, None, dkim("vo.example"))
    assert (aligned, dmarc.status, dmarc.identity) == (False, ProofStatus.NONE, "")


async def test_failures_never_align_and_cost_no_question() -> None:
    nobody = Lookup(["127.0.0.1"], 1)
    aligned, dmarc = await verdict(nobody, "a@vo.example", dkim("vo.example", ProofStatus.FAIL))
    assert (aligned, dmarc.status) == (False, ProofStatus.NONE)


async def test_spf_never_makes_it_pass(lookup: Lookup) -> None:
    spf = Proof(ProofKind.SPF, "a@vo.example", ProofStatus.PASS, aligned=True)
    other = dkim("attacker.test")
    odd = Proof(ProofKind.SPF, "vo.example", ProofStatus.PASS)
    *marked, dmarc = await align((spf, odd, other), "a@vo.example", lookup)
    assert marked == [spf, odd, other]
    assert dmarc.status is ProofStatus.FAIL


async def test_any_of_several_signatures_may_align(lookup: Lookup) -> None:
    raw = mail()
    raw = signed(signed(raw), d="lists.example")
    *proofs, dmarc = await align(await judged(raw, lookup), "ada@vo.example", lookup)
    assert [(p.identity, p.aligned) for p in proofs] == [
        ("lists.example", False), ("vo.example", True),
    ]  # fmt: skip
    assert dmarc.status is ProofStatus.PASS


def test_an_organisation_is_found_in_no_time() -> None:
    organisation("warm.example")
    with costs_less_than(1):  # another library needs 132 s for this
        for number in range(1_000):
            organisation(f"a.b{number}.example")


@pytest.mark.parametrize("policy", ["v=DMARC1", "V=DMARC1; p=none", "v=DMARC2; p=none", "p=none"])
def test_what_is_no_policy_is_none(policy: str) -> None:
    from gateway.proofs.dmarc import _is_dmarc

    assert _is_dmarc(policy.encode()) is (policy == "v=DMARC1")


async def test_a_policy_without_an_answer_is_not_waited_for_where_nothing_could_align(
    lookup: Lookup,
) -> None:
    """A list's signature proves nothing, whatever the policy of From's domain turns out to be."""
    aligned, dmarc = await verdict(lookup, "a@broken.example", dkim("lists.other.example"))
    assert (aligned, dmarc.status) == (False, ProofStatus.NONE)
    foreign = dkim("lists.other.example", ProofStatus.TEMPERROR)
    own = dkim("vo.example", ProofStatus.TEMPERROR)
    for proof, waits in ((foreign, False), (own, True)):
        judged = await align([proof], "a@vo.example", lookup)
        assert SenderEvidence(judged).unanswered is waits
