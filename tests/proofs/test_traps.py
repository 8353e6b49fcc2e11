"""Every way in which the DKIM library alone would say yes, and ours must not (and the reverse)."""

import re
from datetime import timedelta
from email.utils import format_datetime

import dkim
import pytest

from gateway.proofs.dns import Lookup
from gateway.proofs.keyrecord import KeyRules
from parsers.evidence import ProofStatus
from tests.cost import costs_less_than
from tests.proofs import keys
from tests.proofs.keys import signed
from tests.proofs.mails import NOW, judged, mail, one


def at(offset: timedelta) -> str:
    return str(int((NOW + offset).timestamp()))


def library_says(raw: bytes) -> bool:
    """What a bare `dkim.verify` says, given the good key."""
    record = f"v=DKIM1; p={keys.public_rsa(keys.rsa_key())}".encode()
    return bool(dkim.verify(raw, dnsfunc=lambda *_, **__: record))


async def test_a_good_signature_passes_and_says_what_it_covers(lookup: Lookup) -> None:
    proof = await one(signed(mail(), t=at(timedelta(0))), lookup)
    assert proof.status is ProofStatus.PASS
    assert proof.identity == "vo.example"
    assert proof.detail == "rsa-sha256, 2048 bits, selector s1"
    assert proof.signed_at == NOW
    assert proof.replay_key == "dkim:vo.example:<1@vo.example>"
    assert proof.covers == {"from", "to", "subject", "date", "message-id", "body"}
    assert not proof.aligned


async def test_text_behind_a_signed_length_is_not_believed(lookup: Lookup) -> None:
    raw = signed(mail(), l="5") + b"and wake everybody up\r\n"
    assert library_says(raw)
    proof = await one(raw, lookup)
    assert (proof.status, proof.detail) == (
        ProofStatus.FAIL, "only a part of the body is signed (l=)",
    )  # fmt: skip


async def test_sha1_is_not_believed(lookup: Lookup) -> None:
    raw = signed(mail(), a="rsa-sha1")
    assert library_says(raw)
    assert (await one(raw, lookup)).status is ProofStatus.FAIL


@pytest.mark.parametrize(("selector", "bits"), [("weak", 1024), ("tiny", 512)])
async def test_a_short_key_is_not_believed(lookup: Lookup, selector: str, bits: int) -> None:
    proof = await one(signed(mail(), s=selector, key=keys.rsa_key(bits)), lookup)
    assert proof.status is ProofStatus.FAIL
    assert f"{bits} bits" in proof.detail


async def test_a_named_domain_may_use_1024_bits_but_never_fewer(lookup: Lookup) -> None:
    rules = KeyRules(2048, frozenset({"vo.example"}))
    weak = signed(mail(), s="weak", key=keys.rsa_key(1024))
    assert (await one(weak, lookup, rules=rules)).status is ProofStatus.PASS
    tiny = signed(mail(), s="tiny", key=keys.rsa_key(512))
    assert (await one(tiny, lookup, rules=rules)).status is ProofStatus.FAIL
    elsewhere = KeyRules(2048, frozenset({"other.example"}))
    assert (await one(weak, lookup, rules=elsewhere)).status is ProofStatus.FAIL


@pytest.mark.parametrize("selector", ["giant", "slow", "monstrous"])
async def test_a_giant_key_costs_nothing(lookup: Lookup, selector: str) -> None:
    with costs_less_than(1):
        proof = await one(signed(mail(), s=selector), lookup)
        assert proof.status is ProofStatus.PERMERROR


@pytest.mark.parametrize("late", [timedelta(hours=1), timedelta(hours=9)], ids=str)
async def test_an_expired_signature_is_not_believed(lookup: Lookup, late: timedelta) -> None:
    raw = signed(mail(), t=at(-timedelta(days=2)), x=at(-late))
    assert library_says(raw)
    proof = await one(raw, lookup)
    assert (proof.status, proof.detail) == (ProofStatus.FAIL, "it has expired (x=)")


async def test_a_signature_of_tomorrow_is_not_believed(lookup: Lookup) -> None:
    raw = signed(mail(), t=at(timedelta(hours=2)))
    assert library_says(raw)
    assert (await one(raw, lookup)).status is ProofStatus.FAIL


async def test_ten_minutes_of_skew_are_forgiven_both_ways(lookup: Lookup) -> None:
    ahead = signed(mail(), t=at(timedelta(minutes=9)))
    assert (await one(ahead, lookup)).status is ProofStatus.PASS
    expired = signed(mail(), t=at(-timedelta(days=1)), x=at(-timedelta(minutes=9)))
    assert (await one(expired, lookup)).status is ProofStatus.PASS


async def test_an_old_mail_is_judged_by_the_given_time_and_not_by_the_clock(
    lookup: Lookup,
) -> None:
    then = NOW - timedelta(days=40)
    raw = signed(mail(), t=str(int(then.timestamp())), x=str(int(then.timestamp()) + 86_400))
    assert (await one(raw, lookup, now=then)).status is ProofStatus.PASS
    assert (await one(raw, lookup)).status is ProofStatus.FAIL


async def test_an_expiry_before_the_making_is_broken(lookup: Lookup) -> None:
    raw = signed(mail(), t=at(timedelta(0)), x=at(-timedelta(minutes=1)))
    assert (await one(raw, lookup)).status is ProofStatus.PERMERROR


async def test_without_a_time_the_signed_date_is_the_clock(lookup: Lookup) -> None:
    assert (await one(signed(mail()), lookup)).signed_at == NOW
    unsigned = signed(mail(), h=("from", "subject", "message-id"))
    proof = await one(unsigned, lookup)
    assert proof.status is ProofStatus.PASS
    assert proof.signed_at is None


async def test_a_signed_date_in_the_future_is_no_clock(lookup: Lookup) -> None:
    raw = signed(mail(Date=format_datetime(NOW + timedelta(days=300))))
    proof = await one(raw, lookup)
    assert (proof.status, proof.signed_at) == (ProofStatus.PASS, None)


async def test_an_unsigned_from_is_not_believed(lookup: Lookup) -> None:
    raw = signed(mail(), h=("to", "subject", "date"))
    assert library_says(raw)
    proof = await one(raw, lookup)
    assert (proof.status, proof.detail) == (ProofStatus.FAIL, "From is not signed")


async def test_a_second_subject_is_not_covered(lookup: Lookup) -> None:
    """Two Subjects never come here (a structure fault); the proof alone says it too."""
    raw = b"Subject: ALARM elsewhere\r\n" + signed(mail())
    assert library_says(raw)
    assert "subject" not in (await one(raw, lookup)).covers


async def test_without_message_id_a_signature_is_named_by_what_it_binds(lookup: Lookup) -> None:
    proof = await one(signed(mail(), h=("from", "subject", "date")), lookup)
    assert proof.status is ProofStatus.PASS
    assert "message-id" not in proof.covers
    assert re.fullmatch(r"dkim:vo\.example:=[0-9a-f]{64}", proof.replay_key)


@pytest.mark.parametrize(
    ("selector", "status", "why"),
    [
        ("testing", ProofStatus.FAIL, "tested"),
        ("onlysha1", ProofStatus.FAIL, "SHA-256"),
        ("web", ProofStatus.FAIL, "not for mail"),
        ("revoked", ProofStatus.FAIL, "revoked"),
        ("nokey", ProofStatus.PERMERROR, "holds no key"),
        ("other", ProofStatus.PERMERROR, "not a DKIM key"),
        ("junk", ProofStatus.PERMERROR, "cannot be read"),
        ("badkey", ProofStatus.PERMERROR, "not an RSA key"),
        ("twice", ProofStatus.PERMERROR, "stands twice"),
        ("two", ProofStatus.PERMERROR, "several records"),
        ("absent", ProofStatus.PERMERROR, "no key is published"),
        ("ed", ProofStatus.PERMERROR, "another kind"),
    ],
)
async def test_a_key_record_that_is_not_for_this_is_not_used(
    lookup: Lookup, selector: str, status: ProofStatus, why: str
) -> None:
    proof = await one(signed(mail(), s=selector), lookup)
    assert proof.status is status
    assert why in proof.detail


@pytest.mark.parametrize("selector", ["s1", "bare", "mailonly", "alias", "nosub"])
async def test_a_key_record_that_is_in_order_is_used(lookup: Lookup, selector: str) -> None:
    assert (await one(signed(mail(), s=selector), lookup)).status is ProofStatus.PASS


async def test_a_key_not_for_subdomains_does_not_speak_for_one(lookup: Lookup) -> None:
    raw = signed(mail(), s="nosub", i="@mail.vo.example")
    assert (await one(raw, lookup)).status is ProofStatus.FAIL
    assert (await one(signed(mail(), i="@mail.vo.example"), lookup)).status is ProofStatus.PASS


async def test_a_long_key_needs_tcp_or_large_answers_and_passes(lookup: Lookup) -> None:
    proof = await one(signed(mail(), s="big", key=keys.rsa_key(4096)), lookup)
    assert proof.detail == "rsa-sha256, 4096 bits, selector big"


async def test_ed25519_passes(lookup: Lookup) -> None:
    proof = await one(signed(mail(), s="ed", a="ed25519-sha256"), lookup)
    assert (proof.status, proof.detail) == (
        ProofStatus.PASS, "ed25519-sha256, 256 bits, selector ed",
    )  # fmt: skip


SIGNED_TAGS: tuple[dict[str, str | None], ...] = (
    {"v": "2"}, {"v": None}, {"d": None}, {"s": None}, {"q": "dns/spf"}, {"t": "soon"},
    {"x": "-1"}, {"t": "9" * 12}, {"z": "x b=1"}, {"i": "@attacker.test"}, {"i": "vo.example"},
    {"i": "@vo.example.attacker.test"}, {"i": "@xvo.example"},
    {"d": "vo.example\x00.attacker.test"},
    {"d": 'vo.example".attacker.test'}, {"d": "vo.example."}, {"d": ""}, {"d": "(vo.example)"},
    {"s": "s1\x00"}, {"s": 's1"'}, {"s": "s1._domainkey.vo.example/"}, {"s": "s" * 64},
)  # fmt: skip


@pytest.mark.parametrize("tags", SIGNED_TAGS, ids=str)
async def test_a_tag_that_is_not_as_the_standard_says_is_not_believed(
    lookup: Lookup, tags: dict[str, str | None]
) -> None:
    """The arithmetic is right in each: what is refused is the tag."""
    proof = await one(signed(mail(), **tags), lookup)
    assert proof.status is ProofStatus.PERMERROR
    assert "not fit" not in proof.detail


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"a=rsa-sha256", b"a=rsa-sha512"), (b"c=relaxed/relaxed", b"c=nofws"),
        (b"c=relaxed/relaxed", b"c=relaxed/nofws"), (b"h=from :", b"h=from : bad name :"),
        (b"h=from :", b"h=from : :"), (b"h=from :", b"g=from :"), (b"bh=", b"bh=AAAA"),
        (b" b=", b" b=!"), (b" b=", b" k=1; c="), (b"v=1;", b"v=1;; "), (b"v=1;", b"v=1; 7=1;"),
        (b"v=1;", b"v=1; \xc3\xbc=1;"), (b"v=1;", b"v=1; hello;"),
    ],
)  # fmt: skip
async def test_a_signature_that_cannot_be_read_is_broken(
    lookup: Lookup, old: bytes, new: bytes
) -> None:
    raw = signed(mail())
    assert old in raw
    proof = await one(raw.replace(old, new, 1), lookup)
    assert proof.status is ProofStatus.PERMERROR
    assert "not fit" not in proof.detail


async def test_a_tag_twice_is_not_believed(lookup: Lookup) -> None:
    raw = signed(mail()).replace(b"v=1;", b"v=1; d=attacker.test;", 1)
    assert (await one(raw, lookup)).status is ProofStatus.PERMERROR


async def test_every_one_of_five_signatures_is_looked_at_and_no_sixth(lookup: Lookup) -> None:
    raw = mail()
    fields = [keys.signature(raw, s=s) for s in ("junk", "s1", "two", "absent", "bare", "s1", "s1")]
    proofs = await judged(b"".join(fields) + raw, lookup)
    assert [proof.status.value for proof in proofs] == [
        "permerror", "pass", "permerror", "permerror", "pass",
    ]  # fmt: skip


async def test_a_blank_before_the_first_field_is_no_crash(lookup: Lookup) -> None:
    raw = b" x\r\n" + signed(mail())
    with pytest.raises(IndexError):
        library_says(raw)
    assert all(p.status is not ProofStatus.PASS for p in await judged(raw, lookup))


async def test_a_long_run_of_blanks_costs_no_time(lookup: Lookup) -> None:
    """The library's pattern for blanks at line ends would take hours for this."""
    raw = mail(body=" " * 400_000 + "x\r\n")
    squeezed_first = signed(mail(body=" x\r\n"))
    field = squeezed_first[: squeezed_first.index(b"From: ")]
    with costs_less_than(2):
        proof = await one(field + raw, lookup)
    assert proof.status is ProofStatus.PASS  # in relaxed form it is the same body


async def test_a_long_gap_in_a_signature_costs_no_time(lookup: Lookup) -> None:
    value = signed(mail())
    raw = value.replace(b" b=", b" b" + b"\r\n " * 2_000 + b"=", 1)
    assert raw != value
    with costs_less_than(1):
        assert (await one(raw, lookup)).status is ProofStatus.PERMERROR


async def test_no_answer_for_one_key_is_not_no_key_and_touches_no_other(lookup: Lookup) -> None:
    raw = mail()
    fields = keys.signature(raw, d="key.broken.example") + keys.signature(raw)
    first, second = await judged(fields + raw, lookup)
    assert first.status is ProofStatus.TEMPERROR
    assert first.identity == "key.broken.example"
    assert second.status is ProofStatus.PASS


async def test_a_changed_body_and_a_changed_field_fail(lookup: Lookup) -> None:
    raw = signed(mail())
    changed = await one(raw.replace(b"disks", b"tapes"), lookup)
    assert (changed.status, changed.detail) == (
        ProofStatus.FAIL, "the body was changed, selector s1",
    )  # fmt: skip
    assert (await one(raw.replace(b"FZK", b"RAL"), lookup)).status is ProofStatus.FAIL


async def test_a_mail_with_plain_line_feeds_is_verified_too(lookup: Lookup) -> None:
    raw = signed(mail()).replace(b"\r\n", b"\n")
    assert (await one(raw, lookup)).status is ProofStatus.PASS
