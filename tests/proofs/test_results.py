"""When the word of a mail server in front of a mailbox is believed."""

from collections.abc import Sequence

import pytest

from gateway.proofs.results import results_proofs
from parsers.evidence import Proof, ProofStatus
from parsers.header import read_header
from tests.proofs.mails import mail

OURS = "mx.example.org"
GOOD = f"{OURS}; dkim=pass header.d=vo.example; dmarc=pass header.from=vo.example"
RECEIVED = "Received: from mx.vo.example by mx.example.org; Wed, 25 Nov 2026 10:00:00 +0000"


def said(
    *above: str,
    below: str = "",
    door: str = "imap",
    trusted: str = OURS,
    sender: str | None = "ada@vo.example",
    received: str = RECEIVED,
    signed: Sequence[str] = (),
) -> tuple[Proof, ...]:
    lines = [f"Authentication-Results: {line}" for line in above]
    if received:
        lines.append(received)
    if below:
        lines.append(f"Authentication-Results: {below}")
    lines += [f"DKIM-Signature: {tags}" for tags in signed]
    raw = "".join(f"{line}\r\n" for line in lines).encode() + mail()
    return results_proofs(read_header(raw), door, trusted, sender)


def passes(*above: str, **about: str | Sequence[str] | None) -> bool:
    proofs = said(*above, **about)  # type: ignore[arg-type]
    assert len(proofs) <= 1
    passed = any(proof.status is ProofStatus.PASS for proof in proofs)
    assert passed == any(proof.aligned for proof in proofs)
    return passed


def test_the_trusted_server_is_believed() -> None:
    (proof,) = said(GOOD)
    assert (proof.status, proof.identity, proof.aligned) == (
        ProofStatus.PASS, "ada@vo.example", True,
    )  # fmt: skip
    assert proof.covers == frozenset()
    assert proof.signed_at is None


@pytest.mark.parametrize(
    "line",
    [
        (
            f"{OURS};\r\n\tdkim=pass (2048-bit key; unprotected) header.d=vo.example"
            " header.i=@vo.example header.a=rsa-sha256 header.s=s1 header.b=AbCd;\r\n\tspf=pass"
            " smtp.mailfrom=ada@vo.example;\r\n\tdmarc=pass (p=reject) header.from=vo.example"
        ),
        f"{OURS} 1; dkim=pass header.i=@mail.vo.example; dmarc=pass header.from=VO.example",
        (
            f"{OURS.upper()}; dkim=fail header.d=x.example; dkim=pass header.d=vo.example;"
            " dmarc=pass action=none header.from=vo.example;compauth=pass reason=100"
        ),
    ],
    ids=["opendmarc", "google", "microsoft"],
)
def test_the_shapes_of_common_servers_are_read(line: str) -> None:
    assert passes(line)


def test_results_below_the_line_of_a_later_delivery_are_none_and_it_is_said() -> None:
    """Dovecot's LMTP puts its Received line on top of what Postfix and its filters wrote."""
    (proof,) = said(received=RECEIVED, below=GOOD)
    assert (proof.status, proof.aligned) == (ProofStatus.NONE, False)
    assert "stands below a Received line" in proof.detail
    (proof,) = said(received=RECEIVED, below=GOOD.replace(OURS, "mx.elsewhere.example"))
    assert "says nothing of DMARC" in proof.detail


def test_results_in_several_fields_of_the_server_count_together() -> None:
    dkim, _, dmarc = GOOD.rpartition("; ")
    assert passes(f"{OURS}; {dmarc}", dkim)


def test_only_a_mailbox_may_believe_anybody() -> None:
    for door in ("smtp", "lmtp", ""):
        assert said(GOOD, door=door) == ()


def test_nobody_is_believed_without_being_named() -> None:
    assert said(GOOD, trusted="") == ()


def test_a_line_that_was_there_before_is_not_believed() -> None:
    assert not passes(below=GOOD)
    assert not passes(f"{OURS}; dmarc=fail header.from=vo.example", below=GOOD)


def test_without_a_received_line_nobody_knows_who_wrote_it() -> None:
    assert not passes(GOOD, received="")


@pytest.mark.parametrize(
    "name",
    ["evil.example", f"x.{OURS}", f"{OURS}.evil.example", f"evil{OURS}", "mx.example", '"mx"'],
)
def test_a_similar_name_is_another_server(name: str) -> None:
    assert not passes(GOOD.replace(OURS, name, 1))


@pytest.mark.parametrize(
    "line",
    [
        f"{OURS}; none",
        f"{OURS}; dkim=pass header.d=vo.example",
        f"{OURS}; dmarc=pass header.from=vo.example",
        f"{OURS}; dkim=fail header.d=vo.example; dmarc=pass header.from=vo.example",
        f"{OURS}; dkim=pass header.d=attacker.test; dmarc=pass header.from=vo.example",
        f"{OURS}; dkim=pass; dmarc=pass header.from=vo.example",
        f"{OURS}; dkim=pass header.d=vo.example; dmarc=fail header.from=vo.example",
        f"{OURS}; dkim=pass header.d=vo.example; dmarc=none header.from=vo.example",
        f"{OURS}; dkim=pass header.d=vo.example; dmarc=pass header.from=mail.vo.example",
        f"{OURS}; dkim=pass header.d=vo.example; dmarc=pass header.from=attacker.test",
        f"{OURS}; dkim=pass header.d=vo.example; dmarc=pass",
        f"{OURS}; dkim=pass header.d=vo.example; dmarc=pass (header.from=vo.example)",
        f"{OURS}; dkim=pass header.d=vo.example; dmarc=pass smtp.from=vo.example",
        f"{GOOD}; dmarc=fail header.from=vo.example",
        f"{GOOD}; dmarc=pass header.from=vo.example",
        f"{GOOD} header.from=attacker.test",
        f"evil.example; {GOOD}",
        f"{OURS} 2; " + GOOD.partition("; ")[2],
        f"{OURS}; ({GOOD})",
        GOOD.replace("vo.example", "vö.example"),
        "(" * 3_000 + GOOD,
        ";" * 3_000,
        f"{GOOD} ({'x' * 9_000})",
        "",
    ],
    ids=range(24),
)
def test_what_is_not_one_clear_sentence_is_not_believed(line: str) -> None:
    assert not passes(line)


def test_two_fields_that_contradict_each_other_are_not_believed() -> None:
    assert not passes(GOOD, f"{OURS}; dmarc=fail header.from=vo.example")


def test_an_address_that_is_not_plain_is_nobody() -> None:
    assert said(GOOD, sender=None) == ()


SIGNATURE = "v=1; a=rsa-sha256; d=vo.example; s=s1; bh=AA=; b=AA=; h=From:Subject:Date:Message-ID"


def test_the_signature_that_it_means_has_to_bind_the_whole_text() -> None:
    other = SIGNATURE.replace("vo.example", "list.example")
    assert passes(GOOD, signed=[SIGNATURE, f"{other}; l=7"])
    assert not passes(GOOD, signed=[SIGNATURE, f"{SIGNATURE}; l=7"])
    assert not passes(GOOD, signed=[SIGNATURE.replace("vo.example", "mx.vo.example") + "; l=7"])
    folded = SIGNATURE.replace("; s=", ";" + 70 * " " + "s=")  # the same to those who relax it
    assert not passes(GOOD, signed=[f"{folded}; l=7"])


def test_a_mail_that_can_be_given_another_name_or_date_has_none_here() -> None:
    (named,) = said(GOOD, signed=[SIGNATURE])
    assert named.replay_key == "results:ada@vo.example:<1@vo.example>"
    for field in ("Date", "Message-ID"):
        lacks = SIGNATURE.replace(f":{field}", "")
        (nameless,) = said(GOOD, signed=[SIGNATURE, lacks])
        assert nameless.status is ProofStatus.PASS
        assert not nameless.replay_key, "so it raises no alarm"
