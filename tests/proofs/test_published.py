"""Whether DNS publishes what we sign with: every state of a record, asked of a real server."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import program
from gateway.config.load import load
from gateway.outbound.published import Standing, look_up
from gateway.outbound.signing import ed25519_key, rsa_key, zone_line
from tests.ports import free_port
from tests.proofs import keys
from tests.proofs.mails import CONFIG, configured
from tests.proofs.nameserver import NameServer

DOMAIN = "vo.example"


def write(place: Path, nsd: NameServer, section: str, domain: str = DOMAIN) -> Path:
    """Write a configuration that asks the name server, with these lines in [keys]."""
    configured(place)
    for name, pem in (
        ("dkim.pem", keys.rsa_key()),
        ("next.pem", keys.rsa_key(2048, 1)),
        ("ed.pem", keys.ed25519_pem()),
    ):
        (place / name).write_bytes(pem)
        (place / name).chmod(0o600)
    file = place / "config.toml"
    dns = f'[dns]\nservers = ["127.0.0.1"]\nport = {nsd.port}\n'
    text = CONFIG.replace("helpdesk.example", domain).replace(f"tpm@{domain}", "tpm@x.example")
    file.write_text(f"{text}{dns}[keys]\n{section}\n")
    return file


def rsa(selector: str, file: str = "dkim.pem") -> str:
    return f'dkim_selector = "{selector}"\ndkim_key = {{ file = "{file}" }}'


def run(*words: str | Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(program, [str(word) for word in words])
    return done.exit_code, done.stdout, done.stderr


STATES = [
    ("s1", Standing.FITS, ""),  # written as RSAPublicKey, as the standard says
    ("alias", Standing.FITS, ""),
    ("mailonly", Standing.FITS, ""),
    ("nowhere", Standing.MISSING, ""),
    ("big", Standing.OTHER, ""),
    ("ed", Standing.OTHER, ""),
    ("badkey", Standing.OTHER, ""),
    ("revoked", Standing.REVOKED, ""),
    ("two", Standing.UNUSABLE, "2 records"),
    ("junk", Standing.UNUSABLE, "tag=value"),
    ("nokey", Standing.UNUSABLE, "holds no key"),
    ("testing", Standing.UNUSABLE, "t=y"),
    ("onlysha1", Standing.UNUSABLE, "h="),
    ("web", Standing.UNUSABLE, "s="),
    ("other", Standing.UNUSABLE, "not a DKIM key"),
]


@pytest.mark.parametrize(("selector", "standing", "detail"), STATES, ids=str)
def test_each_state_of_a_record_is_named(
    place: Path, nsd: NameServer, selector: str, standing: Standing, detail: str
) -> None:
    config = write(place, nsd, rsa(selector))
    (found,) = look_up(load(config))
    assert (found.standing, found.name) == (standing, f"{selector}._domainkey.{DOMAIN}")
    assert detail in found.detail
    fits = standing is Standing.FITS
    code, out, _ = run("check-config", "--config", config)
    assert (code, "keys.dkim_selector" in out) == ((0, False) if fits else (1, True)), out
    record = zone_line(found.name, rsa_key(selector, keys.rsa_key()).record)
    assert (str(standing) in out, record in out) == (not fits, not fits)


def test_what_nobody_answers_is_never_called_missing(place: Path, nsd: NameServer) -> None:
    config = write(place, nsd, rsa("s1"), "broken.example")
    code, out, _ = run("check-config", "--config", config)
    assert code == 0
    assert "warning: s1._domainkey.broken.example: not answered: " in out
    code, out, err = run("keys", "show", "--config", config)
    assert code == 0
    assert out.startswith("s1._domainkey.broken.example. IN TXT")
    assert err.startswith("s1._domainkey.broken.example: not answered")


def test_a_key_as_this_program_prints_it_fits(place: Path) -> None:
    one, two = rsa_key("a", keys.rsa_key()), ed25519_key("b", keys.ed25519_pem())
    lines = [zone_line(f"{key.selector}._domainkey.{DOMAIN}", key.record) for key in (one, two)]
    server = NameServer({DOMAIN: "\n".join(lines) + "\n"}, free_port())
    try:
        both = 'dkim_ed25519_selector = "b"\ndkim_ed25519_key = { file = "ed.pem" }'
        config = write(place, server, f"{rsa('a')}\n{both}")
        assert [found.standing for found in look_up(load(config))] == [Standing.FITS] * 2
        code, out, err = run("keys", "show", "--config", config)
        assert (code, out.count(" IN TXT ")) == (0, 2)
        assert err == "a._domainkey.vo.example: fits\nb._domainkey.vo.example: fits\n"
    finally:
        server.stop()


def test_the_other_key_of_a_rotation_is_a_warning_only(place: Path, nsd: NameServer) -> None:
    other = 'dkim_other_selector = "nowhere"\ndkim_other_key = { file = "next.pem" }'
    config = write(place, nsd, f"{rsa('s1')}\n{other}")
    code, out, _ = run("check-config", "--config", config)
    assert code == 0
    assert "keys.dkim_other_selector: warning: nowhere._domainkey.vo.example: not published" in out
    _, _, err = run("keys", "show", "--config", config)
    assert [line.split(": ")[1] for line in err.splitlines()] == ["fits", "not published"]
