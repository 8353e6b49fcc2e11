"""`keys`: makes the keys that sign our mail, and shows what has to be published."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.commands.keys_smime import smime
from gateway.commands.opening import CONFIG, FAULT, Stop, config_at

if TYPE_CHECKING:
    from gateway.outbound.alarm import AlarmSigner
    from gateway.outbound.signing import SigningKey

SELECTOR = r"[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?"


@click.group()
def keys() -> None:
    """Make the keys that sign our mail, and show them."""


@keys.command()
@CONFIG
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--selector", required=True, help="The name of the key, such as s1 or 2026a.")
@click.option("--domain", help="The domain that signs [default: the configuration's].")
@click.option("--ed25519", is_flag=True, help="A key for the second signature, beside RSA.")
@click.option("--bits", type=click.Choice(["2048", "3072", "4096"]), default="2048",
              show_default=True, help="Of an RSA key.")  # fmt: skip
def dkim(
    config_file: Path, file: Path, selector: str, domain: str | None, bits: str, *, ed25519: bool
) -> None:
    """Make a DKIM key in FILE and print its DNS record to publish.

    FILE gets the mode 0600. Nothing signs with it before it stands in [keys] of the configuration.
    Publish first, then sign: dkim_other_key is for the time between.
    """
    import re

    from gateway.config.signingkeys import new_ed25519
    from gateway.config.values import is_domain
    from gateway.outbound.signing import ed25519_key, rsa_key, signing_domain

    if not re.fullmatch(SELECTOR, selector):
        raise Stop(f"{selector!r} is not a selector: letters, digits, hyphens and dots", FAULT)
    signs = domain if domain is not None else signing_domain(config_at(config_file))
    if not is_domain(signs):
        raise Stop(f"{signs!r} is not a domain name", FAULT)
    pem = new_ed25519() if ed25519 else _new_rsa(int(bits))
    write_key(file, pem)
    key = (ed25519_key if ed25519 else rsa_key)(selector, pem)
    click.echo(f"wrote {file}", err=True)
    _show(key, signs.lower())
    kind = "dkim_ed25519" if ed25519 else "dkim"
    click.echo(f"next: publish this, then set {kind}_selector and {kind}_key in [keys]", err=True)


keys.add_command(smime)


@keys.command()
@CONFIG
@click.argument("file", type=click.Path(path_type=Path))
def alarm(config_file: Path, file: Path) -> None:
    """Make the key that signs alarms in FILE; print what sites need.

    FILE gets the mode 0600. Nothing signs with it before it stands in [keys] alarm_key of the
    configuration. For a rotation, give the sites the new key first: a hook believes as many keys
    as it has.
    """
    from gateway.config.signingkeys import new_ed25519, read_ed25519
    from gateway.outbound.alarm import AlarmSigner

    domain = config_at(config_file).helpdesk.domain
    pem = new_ed25519()
    write_key(file, pem)
    click.echo(f"wrote {file}", err=True)
    _show_alarm(AlarmSigner(read_ed25519(pem)), domain)


@keys.command()
@CONFIG
def show(config_file: Path) -> None:
    """Print the DNS records of all configured keys, for a zone file.

    Beside them, on standard error, what DNS says of each: fits, not published, another key is
    published, revoked, not usable, or not answered. The key of alarms, too, as sites take it.
    """
    from gateway.outbound.alarm import alarm_signer_of
    from gateway.outbound.published import look_up
    from gateway.outbound.signing import signing_domain
    from gateway.show import cell

    config = config_at(config_file)
    found = look_up(config)
    for one in found:
        _show(one.key, signing_domain(config))
        click.echo(f"{one.name}: {cell(one.sentence)}", err=True)
    if not found:
        click.echo("no keys: our mail goes out unsigned (ticketgate keys dkim)", err=True)
    alarms = alarm_signer_of(config)
    if alarms is not None:
        _show_alarm(alarms, config.helpdesk.domain)
    elif config.directory or any(site.alarm_address for site in config.site):
        click.echo("no alarm key: no site believes our alarms (ticketgate keys alarm)", err=True)


def write_key(file: Path, pem: bytes) -> None:
    """Write a new key that only its owner may read; never over another file."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(pem)
            opened.flush()
            os.fsync(opened.fileno())
    except FileExistsError as error:
        raise Stop(f"{file} is there already; nothing was changed", FAULT) from error
    except OSError as error:
        raise Stop(f"{file}: cannot be written: {error.strerror or error}", FAULT) from error


def _show(key: "SigningKey", domain: str) -> None:
    from gateway.outbound.signing import zone_line

    click.echo(zone_line(f"{key.selector}._domainkey.{domain}", key.record))


def _show_alarm(signer: "AlarmSigner", domain: str) -> None:
    """Print the key as a hook's configuration takes it, and as a record."""
    from gateway.outbound.signing import zone_line

    click.echo("; for each site: ticketgate-hook init SYSTEM --site SITE --from ADDRESS \\")
    click.echo(f";   --helpdesk {domain} --key {signer.kid}={signer.public}")
    click.echo(f'; or, at a rotation, one more in [helpdesk."{domain}"] of its configuration:')
    click.echo(f';   keys = {{ ..., "{signer.kid}" = "{signer.public}" }}')
    click.echo(zone_line(signer.zone_name(domain), signer.record))


def _new_rsa(bits: int) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
