"""The published ways to forge a sender, one readable mail each (espoofer a01 to a19, c01 to c03).

`victim` is legit.test, which signs and has a strict policy; the attacker owns attacker.test, its
name server and its keys. Whatever is forged, nothing that proves a sender may come out of it:
no aligned pass of DKIM, no DMARC pass, no believed results.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.proofs.collect import ToProve, prove
from gateway.proofs.dns import Lookup
from gateway.proofs.provers import provers_of
from parsers.evidence import Proof, ProofKind, ProofStatus
from parsers.gate import look
from parsers.mail import hear
from tests.proofs.keys import signed
from tests.proofs.mails import NOW, configured, envelope, mail

VICTIM = "boss@legit.test"
ATTACKER = {"d": "attacker.test", "h": ("from", "to", "subject", "date", "message-id")}


@dataclass(frozen=True)
class Attack:
    """One forged mail: how it is made, and its envelope."""

    make: Callable[[], bytes]
    mail_from: str = "m@attacker.test"
    door: str = "smtp"
    trusted: str = ""


def by_attacker(raw: bytes, **about: str) -> bytes:
    return signed(raw, **{**ATTACKER, **about})


def with_from(*lines: bytes) -> bytes:
    """Return a mail with these lines in the place of From, signed by the attacker."""
    raw = by_attacker(mail(From="m@attacker.test"))
    return raw.replace(b"From: m@attacker.test\r\n", b"".join(line + b"\r\n" for line in lines))


def from_is(value: str) -> Callable[[], bytes]:
    """Return a maker of a mail with such a From, duly signed by the attacker's domain."""
    return lambda: by_attacker(mail(From="@@").replace(b"@@", value.encode("utf-8")))


RESULTS = (
    "Authentication-Results: mx.example.org; dkim=pass header.d=legit.test;"
    " dmarc=pass header.from=legit.test\r\n"
)
ATTACKS = {
    "a01 MAIL FROM in a sub-domain that does not exist": Attack(
        lambda: mail(From=VICTIM), "any@mailfrom.attacker.test"
    ),
    "a02 empty MAIL FROM, and a HELO that passes": Attack(lambda: mail(From=VICTIM), ""),
    "a03 a selector that ends with NUL in the attacker's zone": Attack(
        lambda: by_attacker(
            mail(From=VICTIM), d="legit.test", s="s1._domainkey.attacker.test.\x00.any"
        )
    ),
    "a04 a selector with a quote, in the attacker's zone": Attack(
        lambda: by_attacker(
            mail(From=VICTIM), d="legit.test", s="s1._domainkey.attacker.test.'any"
        )
    ),
    "a04 a domain with a quote in it": Attack(
        lambda: by_attacker(mail(From=VICTIM), d="legit.test'a.attacker.test")
    ),
    "a05 MAIL FROM with a bracket": Attack(
        lambda: mail(From=VICTIM), "any@legit.test(.attacker.test"
    ),
    "a06 MAIL FROM with a quoted name": Attack(
        lambda: mail(From=VICTIM), '"any@legit.test"@attacker.test'
    ),
    "a07 MAIL FROM with a route": Attack(
        lambda: mail(From=VICTIM), "@attacker.test,@any.test:x@legit.test"
    ),
    "a08 two From lines, the victim first": Attack(
        lambda: with_from(b"From: " + VICTIM.encode(), b"From: m@attacker.test")
    ),
    "a08 two From lines, the victim second": Attack(
        lambda: with_from(b"From: m@attacker.test", b"From: " + VICTIM.encode())
    ),
    "a09 a blank before the first From": Attack(
        lambda: b" From: boss@legit.test\r\n" + by_attacker(mail(From="m@attacker.test"))
    ),
    "a09 a blank before From": Attack(
        lambda: with_from(b" From: boss@legit.test", b"From: m@attacker.test")
    ),
    "a10 a blank before the colon": Attack(
        lambda: with_from(b"From : boss@legit.test", b"From: m@attacker.test")
    ),
    "a11 a fold before the colon": Attack(
        lambda: with_from(b"From\r\n : boss@legit.test", b"From: m@attacker.test")
    ),
    "a12 an unreadable From, and the victim in Sender": Attack(
        lambda: by_attacker(mail(From="m", Sender=VICTIM))
    ),
    "a13 no From, and the victim in Resent-From": Attack(
        lambda: by_attacker(mail(From="", Resent_From=VICTIM), h="from")
    ),
    "a14 two mailboxes": Attack(from_is(f"{VICTIM}, m@attacker.test")),
    "a14 two mailboxes, the victim second": Attack(from_is(f"m@attacker.test, {VICTIM}")),
    "a15 an encoded word as the address": Attack(
        from_is("=?utf-8?B?Ym9zc0BsZWdpdC50ZXN0?=<m@attacker.test>,boss@legit.test")
    ),
    "a16 a route": Attack(from_is("<@attacker.test,@any.test:boss@legit.test>")),
    "a17 a backslash": Attack(from_is("<boss@legit.test>\\,<m@attacker.test>")),
    "a18 text behind the bracket": Attack(from_is(f"<{VICTIM}> m@attacker.test")),
    "a19 a quoted local part": Attack(from_is('"boss@legit.test"@attacker.test')),
    "a name that is an address": Attack(from_is('"boss@legit.test" <m@attacker.test>')),
    "a group": Attack(from_is(f"legit: {VICTIM};")),
    "a comment": Attack(from_is(f"m@attacker.test({VICTIM})")),
    "a homograph": Attack(from_is("boss@l\N{CYRILLIC SMALL LETTER IE}git.test")),
    "a fullwidth at": Attack(from_is("boss\N{FULLWIDTH COMMERCIAL AT}legit.test")),
    "a percent route": Attack(from_is("boss%legit.test@attacker.test")),
    "a bang path": Attack(from_is("legit.test!boss@attacker.test")),
    "the attacker's signature for the victim's From": Attack(from_is(VICTIM)),
    "i= of the victim": Attack(lambda: by_attacker(mail(From=VICTIM), i="@legit.test")),
    "a bare CR hides a second From": Attack(
        lambda: by_attacker(mail(From="m@attacker.test", X_Note="x\rFrom: boss@legit.test"))
    ),
    "an mbox line on top": Attack(
        lambda: b"From boss@legit.test\r\n" + by_attacker(mail(From="m@attacker.test"))
    ),
    "forged results from outside": Attack(
        lambda: RESULTS.encode() + mail(From=VICTIM), trusted="mx.example.org"
    ),
    "forged results under the mailbox's own block": Attack(
        lambda: b"Received: by mx.example.org; now\r\n" + RESULTS.encode() + mail(From=VICTIM),
        door="imap", trusted="mx.example.org",
    ),
    "a victim's mail with another body": Attack(
        lambda: signed(mail(From=VICTIM), d="legit.test").replace(b"disks", b"tapes"), VICTIM
    ),
    "a victim's mail with a longer body (l=)": Attack(
        lambda: signed(mail(From=VICTIM), d="legit.test", l="10") + b"more\r\n", VICTIM
    ),
    "a victim's mail with a second Subject": Attack(
        lambda: b"Subject: ALARM\r\n" + signed(mail(From=VICTIM), d="legit.test"), VICTIM
    ),
    "a victim's mail with a second Message-ID": Attack(
        lambda: b"Message-ID: <2@x>\r\n" + signed(mail(From=VICTIM), d="legit.test"), VICTIM
    ),
    "a victim's SHA-1 signature": Attack(
        lambda: signed(mail(From=VICTIM), d="legit.test", a="rsa-sha1"), VICTIM
    ),
    "a victim's mail without a signed From": Attack(
        lambda: signed(mail(From="other@legit.test"), d="legit.test", h=("subject", "date"))
        .replace(b"other@", b"boss@"), VICTIM,
    ),
}  # fmt: skip


async def proofs_of(attack: Attack, place: Path, lookup: Lookup) -> tuple[Proof, ...]:
    """Return everything that the daemon would keep of such a mail."""
    raw = attack.make()
    heard = hear(raw, mail_from=attack.mail_from)
    sender = heard.sender.address if heard.sender else None
    peer = "203.0.113.66" if attack.door == "smtp" else ""
    one = ToProve(raw, envelope(attack.mail_from, peer, attack.door), sender, attack.trusted)
    evidence = await prove(one, provers_of(configured(place), lookup), NOW)
    return evidence.proofs


@pytest.mark.parametrize("name", ATTACKS)
async def test_a_forgery_proves_nothing(name: str, place: Path, lookup: Lookup) -> None:
    heard = hear(ATTACKS[name].make(), mail_from=ATTACKS[name].mail_from).sender
    for proof in await proofs_of(ATTACKS[name], place, lookup):
        speaks = proof.aligned and proof.status is ProofStatus.PASS
        # What is aligned is aligned with the attacker's own address, never with the victim's.
        own = heard is not None and heard.address.endswith("@attacker.test")
        assert not speaks or own, proof
        if proof.kind is ProofKind.DMARC and proof.status is ProofStatus.PASS:
            assert own, proof


BROKEN = [name for name in ATTACKS if look(ATTACKS[name].make()).faults]


@pytest.mark.parametrize("name", BROKEN)
async def test_a_mail_with_a_structure_fault_has_no_evidence_at_all(
    name: str, place: Path, lookup: Lookup
) -> None:
    assert await proofs_of(ATTACKS[name], place, lookup) == ()


def test_the_faults_are_those_that_two_readers_read_differently() -> None:
    assert {name.partition(" ")[0] for name in BROKEN} >= {"a03", "a08", "a10", "a11"}


async def test_c01_to_c03_a_user_of_the_same_provider_is_that_provider(
    place: Path, lookup: Lookup
) -> None:
    """DKIM cannot tell one user of a domain from another: such domains are for S/MIME only.

    What is kept says whose signature it is, so that the rule about the domain can be applied.
    """
    raw = signed(mail(From=VICTIM), d="legit.test")
    proofs = await proofs_of(Attack(lambda: raw, "mallory@legit.test"), place, lookup)
    (dkim,) = [proof for proof in proofs if proof.kind is ProofKind.DKIM]
    assert (dkim.identity, dkim.aligned) == ("legit.test", True)


async def test_the_victims_own_mail_is_proven(place: Path, lookup: Lookup) -> None:
    attack = Attack(lambda: signed(mail(From=VICTIM), d="legit.test"), VICTIM)
    proofs = await proofs_of(attack, place, lookup)
    passed = {proof.kind for proof in proofs if proof.status is ProofStatus.PASS and proof.aligned}
    assert passed == {ProofKind.DKIM, ProofKind.DMARC}
