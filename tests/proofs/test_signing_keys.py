"""The keys that sign our mail: which are taken, how they are made, what is published of them."""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import program
from gateway.config.load import examine
from gateway.config.signingkeys import UnusableKey, read_ed25519, read_rsa
from gateway.outbound.signing import (
    signer_of,
    zone_line,
)
from gateway.proofs.dns import Lookup
from parsers.evidence import ProofStatus
from tests.ports import free_port
from tests.proofs import keys
from tests.proofs.mails import NOW, configured, judged, mail
from tests.proofs.nameserver import NameServer


def openssl(*words: str) -> bytes:
    return subprocess.run(["openssl", *words], capture_output=True, check=True).stdout


UNUSABLE: dict[str, tuple[Callable[[], bytes], str]] = {
    "too short": (lambda: keys.rsa_key(1024), "is too short: 1024 bits"),
    "another kind": (keys.ed25519_pem, "is not an RSA key"),
    "public": (lambda: b"-----BEGIN PUBLIC KEY-----\n", "is not a private key"),
    "words": (lambda: b"hello", "is not a private key"),
    "locked": (
        lambda: openssl("genrsa", "-aes128", "-passout", "pass:secret", "2048"),
        "is locked with a password",
    ),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_key_that_cannot_sign_is_a_fault_at_start_with_its_line(name: str, place: Path) -> None:
    make, why = UNUSABLE[name]
    configured(place)
    (place / "dkim.pem").write_bytes(make())
    (place / "dkim.pem").chmod(0o600)
    file = place / "config.toml"
    file.write_text(
        file.read_text() + '[keys]\ndkim_selector = "s1"\ndkim_key = { file = "dkim.pem" }\n'
    )
    config, faults = examine(file)
    assert config is None
    (fault,) = [one for one in faults if one.key == "keys.dkim_key"]
    assert f"the key {why}" in fault.message
    assert file.read_text().splitlines()[fault.line - 1].startswith("dkim_key")


def test_a_key_of_another_kind_is_said_plainly() -> None:
    with pytest.raises(UnusableKey, match="is not an Ed25519 key"):
        read_ed25519(keys.rsa_key())
    assert read_rsa(keys.rsa_key()).key_size == 2048


SIGNS = 'dkim_key = { file = "dkim.pem" }\ndkim_selector = "s1"'


@pytest.mark.parametrize(
    ("text", "key", "why"),
    [
        ('dkim_key = { file = "gone.pem" }\ndkim_selector = "s1"', "dkim_key", "cannot be read"),
        ('dkim_key = { file = "dkim.pem" }', "dkim_key", "needs dkim_selector"),
        ('dkim_selector = "s1"', "dkim_selector", "needs dkim_key"),
        ('dkim_ed25519_key = { file = "ed.pem" }\ndkim_ed25519_selector = "e"',
         "dkim_ed25519_key", "needs dkim_key"),
        (
            f'{SIGNS}\ndkim_other_key = {{ file = "dkim.pem" }}\ndkim_other_selector = "S1"',
            "dkim_other_selector", "is the same as dkim_selector",
        ),
        ('dkim_key = { file = "dkim.pem" }\ndkim_selector = "-s"', "dkim_selector", "pattern"),
        (f'{SIGNS}\ndkim_domain = "other.example"', "dkim_domain", "does not speak for"),
    ],
)  # fmt: skip
def test_keys_that_do_not_fit_together_are_faults(
    place: Path, text: str, key: str, why: str
) -> None:
    configured(place)
    for name, pem in (("dkim.pem", keys.rsa_key()), ("ed.pem", keys.ed25519_pem())):
        (place / name).write_bytes(pem)
        (place / name).chmod(0o600)
    file = place / "config.toml"
    file.write_text(f"{file.read_text()}[keys]\n{text}\n")
    _, faults = examine(file)
    assert any(one.key == f"keys.{key}" and why in one.message for one in faults), faults


def run(*words: str | Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(program, [str(word) for word in words])
    return done.exit_code, done.stdout, done.stderr


async def test_a_key_made_by_the_command_and_published_as_printed_is_believed(
    place: Path,
) -> None:
    config = configured(place).file
    code, rsa_line, _ = run(
        "keys", "dkim", place / "one.pem", "--selector", "s1", "--config", config
    )
    assert code == 0
    code, ed_line, _ = run(
        "keys", "dkim", place / "two.pem", "--selector", "e1", "--ed25519", "--config", config
    )
    assert code == 0
    code, next_line, _ = run(
        "keys", "dkim", place / "next.pem", "--selector", "s2", "--bits", "3072", "--config", config
    )
    assert code == 0
    assert (place / "one.pem").stat().st_mode & 0o777 == 0o600
    config.write_text(
        config.read_text() + '[keys]\ndkim_selector = "s1"\ndkim_key = { file = "one.pem" }\n'
        'dkim_ed25519_selector = "e1"\ndkim_ed25519_key = { file = "two.pem" }\n'
        'dkim_other_selector = "s2"\ndkim_other_key = { file = "next.pem" }\n'
    )
    if not shutil.which("nsd", path=os.environ.get("PATH", "") + ":/usr/sbin"):
        pytest.skip("nsd is not installed (tests/servers/packages.txt)")
    lines = rsa_line + ed_line + next_line
    server = NameServer({"vo.example": "", "helpdesk.example": lines}, free_port())
    try:
        config.write_text(
            config.read_text() + f'[dns]\nservers = ["127.0.0.1"]\nport = {server.port}\n'
        )
        code, shown, said = await asyncio.to_thread(run, "keys", "show", "--config", config)
        assert (code, shown) == (0, lines)
        assert [line.split(": ")[1] for line in said.splitlines()] == ["fits"] * 3
        loaded, _ = examine(config)
        assert loaded is not None
        signer = signer_of(loaded)
        assert signer is not None
        raw = signer.signed(mail(From="support@helpdesk.example"), NOW)
        proofs = await judged(raw, Lookup(["127.0.0.1"], server.port))
        assert [(p.status, p.identity) for p in proofs] == [
            (ProofStatus.PASS, "helpdesk.example")
        ] * 2
    finally:
        server.stop()


def test_a_key_is_never_written_over_another_file(place: Path) -> None:
    config = configured(place).file
    (place / "there.pem").write_text("precious")
    code, out, err = run("keys", "dkim", place / "there.pem", "--selector", "s", "--config", config)
    assert (code, out) == (1, "")
    assert "is there already" in err
    assert (place / "there.pem").read_text() == "precious"


@pytest.mark.parametrize("selector", ["", "a b", "s_1", "-", "a" * 64])
def test_a_selector_that_the_configuration_would_refuse_makes_no_key(
    place: Path, selector: str
) -> None:
    config = configured(place).file
    code, _, _ = run("keys", "dkim", place / "new.pem", "--selector", selector, "--config", config)
    assert code == 1
    assert not (place / "new.pem").exists()


def test_without_keys_there_is_nothing_to_show(place: Path) -> None:
    code, out, err = run("keys", "show", "--config", configured(place).file)
    assert (code, out) == (0, "")
    assert "unsigned" in err
    assert signer_of(configured(place)) is None


def test_a_zone_line_keeps_each_string_within_its_limit() -> None:
    line = zone_line("s1._domainkey.vo.example", "x" * 600)
    assert re.findall(r'"([^"]*)"', line) == ["x" * 250, "x" * 250, "x" * 100]
    assert [len(part) for part in line.splitlines()] == [34, 256, 256, 108]
    assert zone_line("e1._domainkey.vo.example", "p=x") == 'e1._domainkey.vo.example. IN TXT "p=x"'
