"""Our own signature: the same mail, signed, and the faults that are said before it matters."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.commands.keys_smime import smime
from gateway.commands.setup import check_config
from gateway.config.load import Severity, load
from gateway.outbound.smime import SmimeSigner, load_signer, sign_or_mark
from gateway.outbound.smime_check import check_signing
from parsers.errors import Deferred, Malformed
from parsers.evidence import ProofStatus
from parsers.mail import hear
from tests.config.good import GOOD, SECRET
from tests.smime.authority import DAY, NOW, Holder, authority, key, person
from tests.smime.conftest import Pki

GATE = "noreply-alarm@helpdesk.example"
ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n"
MAIL = (
    b"From: Helpdesk <noreply-alarm@helpdesk.example>\r\nTo: noc@site.example\r\n"
    b"Subject: ALARM: storage down\r\nMessage-ID: <1@helpdesk.example>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed;\r\n boundary="=_m1"\r\n\r\n'
    b"--=_m1\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nSt=C3=B6rung am FZK-LCG2\r\n\r\n"
    b'--=_m1\r\nContent-Type: application/json\r\n\r\n{"ticket": 1}\r\n--=_m1--\r\n'
)  # fmt: skip


def robot(pki: Pki, **words: object) -> Holder:
    return person(pki.sub, "Robot: gateway", **{"addresses": [GATE], **words})  # type: ignore[arg-type]


def signer(holder: Holder) -> SmimeSigner:
    return SmimeSigner(holder.cert, holder.key, holder.above)


@pytest.mark.parametrize("kind", ["ec", "rsa2048"])
def test_a_signed_mail_is_the_same_mail(pki: Pki, kind: str) -> None:
    mail = signer(robot(pki, kind=kind)).sign(MAIL, datetime.now(UTC))
    before, after = hear(MAIL), hear(mail)
    for name in ("message_id", "sender", "to", "subject", "text", "visible", "block"):
        assert getattr(after, name) == getattr(before, name)
    assert mail.isascii()
    assert b"\n" not in mail.replace(b"\r\n", b"")
    assert max(map(len, mail.split(b"\r\n"))) <= 998
    assert mail.count(b"MIME-Version") == 1
    proof = pki.judge(mail, GATE)
    assert proof.status is ProofStatus.PASS, proof.detail
    assert proof.aligned
    assert proof.covers == {"body"}


def test_a_mail_without_content_type_gets_one(pki: Pki) -> None:
    mail = signer(robot(pki)).sign(b"From: a@b.example\r\n\r\nhello\r\n", datetime.now(UTC))
    assert hear(mail).text == "hello"
    assert b"MIME-Version: 1.0\r\n" in mail
    assert pki.judge(mail, GATE).status is ProofStatus.PASS


@pytest.mark.parametrize(
    "mail",
    [
        b"From: a@b.example\n\nhello\n",
        b"From: a@b.example\r\n\r\nhell\xc3\xb6\r\n",
        b"From: a@b.example\r\n\r\nhello\nyou\r\n",
        b"From: a@b.example\r\n\r\n" + b"x" * 999 + b"\r\n",
        b"no header\r\n\r\nhello\r\n",
        b"From: a@b.example\r\n",
        b"",
    ],
)
def test_a_mail_that_a_relay_might_change_is_not_signed(pki: Pki, mail: bytes) -> None:
    with pytest.raises(Malformed):
        signer(robot(pki)).sign(mail, datetime.now(UTC))


def test_what_cannot_be_signed_is_sent_with_a_mark_or_held(pki: Pki) -> None:
    old = signer(robot(pki, start=NOW - 40 * DAY, days=39))
    mail, why = sign_or_mark(old, MAIL, NOW, "send")
    assert "not valid now" in why
    assert mail == b"X-Ticketgate-Unsigned: signing failed\r\n" + MAIL
    with pytest.raises(Deferred):
        sign_or_mark(old, MAIL, NOW, "hold")
    signed, why = sign_or_mark(signer(robot(pki)), MAIL, NOW, "hold")
    assert not why
    assert b"X-Ticketgate-Unsigned" not in signed


def test_the_chain_goes_along_without_root_and_without_strangers(pki: Pki) -> None:
    gate = robot(pki)
    stranger = authority([("CN", "Stranger")], secret=key("ec", 60))
    bundle = pki.place / "robot.pem"
    bundle.write_bytes(gate.pem + pki.root.pem + stranger.pem + pki.sub.pem)
    assert load_signer(bundle, gate.key_pem).chain == (pki.sub.cert,)


Write = Callable[[Pki, Path], None]


def configured(pki: Pki, holder: Holder, more: str = "", *, anchors: bool = True) -> Path:
    """Write a configuration that signs with this certificate; return its file."""
    holder.files(pki.place, "robot")
    (pki.place / "secret").touch(mode=0o600)
    (pki.place / "secret").write_text(SECRET)
    keys = '[keys]\nsmime_cert = "robot.pem"\nsmime_key = { file = "robot.key" }\n'
    proof = '[proof]\nanchors = "anchors"\n' if anchors else ""
    path = pki.place / "config.toml"
    path.write_text(GOOD + proof + more + keys)
    return path


def said(pki: Pki, holder: Holder, now: datetime | None = None, **words: bool) -> list[str]:
    found = check_signing(load(configured(pki, holder, **words)), now or datetime.now(UTC))
    return [f"{f.severity} {f.key} {f.message}" for f in found]


def test_a_good_certificate_needs_no_word(pki: Pki) -> None:
    assert said(pki, robot(pki)) == []


FAULTS: list[tuple[str, Callable[[Pki], Holder], str]] = [
    ("expired", lambda p: robot(p, start=NOW - 40 * DAY, days=39), "error keys.smime_cert expired"),
    ("future", lambda p: robot(p, start=NOW + DAY), "error keys.smime_cert is not valid before"),
    ("soon", lambda p: robot(p, start=NOW, days=20.5), "warning keys.smime_cert expires on"),
    ("another key", lambda p: Holder(robot(p).cert, key("ec", 61), (p.sub.cert,)),
     "error keys.smime_key is not the key"),
    ("another From", lambda p: robot(p, addresses=["x@helpdesk.example"]),
     "does not name noreply-alarm@helpdesk.example"),
    ("no address", lambda p: robot(p, addresses=[]), "it names: none"),
    ("short key", lambda p: robot(p, kind="rsa1024"), "1024 bits"),
    ("no chain", lambda p: Holder(robot(p).cert, robot(p).key), "our own verifier refuses"),
    ("wrong purpose", lambda p: robot(p, eku=[]), "our own verifier refuses"),
]  # fmt: skip


@pytest.mark.parametrize("row", FAULTS, ids=lambda row: row[0])
def test_each_fault_of_our_certificate_is_said_plainly(
    pki: Pki, row: tuple[str, Callable[[Pki], Holder], str]
) -> None:
    _, make, why = row
    assert any(why in line for line in said(pki, make(pki))), said(pki, make(pki))


def test_what_cannot_be_judged_is_a_warning(pki: Pki) -> None:
    (line,) = said(pki, robot(pki), anchors=False)
    assert line.startswith("warning keys.smime_cert was not checked")
    (pki.anchors / "people.r0").unlink()
    (line,) = said(pki, robot(pki))
    assert line.startswith("warning keys.smime_cert cannot be checked now")


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("robot.pem", b"nonsense", "holds no certificate"),
        ("robot.pem", None, "cannot be read"),
        ("robot.key", b"nonsense hunter2", "no private key"),
        ("robot.key", ENCRYPTED, "smime_key is"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_named_and_its_content_is_not(
    pki: Pki, name: str, data: bytes | None, why: str
) -> None:
    config = configured(pki, robot(pki))
    if data is None:
        (pki.place / name).unlink()
    else:
        (pki.place / name).write_bytes(data)
    (finding,) = check_signing(load(config), NOW)
    assert why in finding.message
    assert "hunter2" not in finding.message
    assert finding.severity is Severity.ERROR


def test_check_config_says_faults_with_their_lines(pki: Pki) -> None:
    path = configured(pki, robot(pki, start=NOW, days=20.5))
    (pki.anchors / "ca0.signing_policy").write_bytes(b"nonsense\n")
    done = CliRunner().invoke(check_config, [str(path)])
    line = path.read_text().splitlines().index('smime_cert = "robot.pem"') + 1
    assert done.exit_code == 1
    assert "no self-signed CA certificate" in done.stdout
    assert f"config.toml:{line}: keys.smime_cert: " in done.stdout
    assert "trust anchors read" not in done.output
    (pki.anchors / "ca0.signing_policy").unlink()
    (pki.anchors / "ca0.r0").unlink()
    done = CliRunner().invoke(check_config, [str(path)])
    assert done.exit_code == 0
    assert "run fetch-crl" in done.stdout


def test_keys_smime_shows_the_certificate_and_its_faults(pki: Pki) -> None:
    path = configured(pki, robot(pki))
    done = CliRunner().invoke(smime, ["--config", str(path)])
    assert done.exit_code == 0, done.output
    assert "/DC=org/DC=example/OU=People/CN=Robot: gateway" in done.stdout
    assert GATE in done.stdout
    path = configured(pki, robot(pki, addresses=["x@helpdesk.example"]))
    done = CliRunner().invoke(smime, ["--config", str(path), "--json"])
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["addresses"] == ["x@helpdesk.example"]
    assert told["faults"][0]["key"] == "keys.smime_cert"
    assert datetime.fromisoformat(told["not_after"]) - NOW > timedelta(days=30)


def test_keys_smime_without_a_certificate_says_how_to_set_one(pki: Pki) -> None:
    path = configured(pki, robot(pki))
    path.write_text(path.read_text().partition("[keys]")[0])
    done = CliRunner().invoke(smime, ["--config", str(path)])
    assert done.exit_code == 3
    assert "[keys] smime_cert" in done.output
