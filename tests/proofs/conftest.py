"""The name server of these tests, and a look-up that asks it."""

import random
from collections.abc import Iterator

import pytest

from gateway.proofs.dns import Lookup
from tests.ports import free_port
from tests.proofs import keys, nameserver
from tests.proofs.nameserver import NameServer, txt


def giant_key(*bits: int) -> str:
    """Return an RSA key with numbers of so many bits; nobody has its secret."""
    chance = random.Random(1)
    return keys.rsa_record(*(chance.getrandbits(size) | 1 | 1 << (size - 1) for size in bits))


def vo_zone() -> str:
    """Return a VO's zone: one key in every state that a key can be in."""
    good = f"p={keys.public_rsa(keys.rsa_key())}"
    records = {
        "s1": f"v=DKIM1; k=rsa; {good}",
        "bare": good,
        "ed": f"v=DKIM1; k=ed25519; p={keys.public_ed25519(keys.ed25519_seed())}",
        "big": f"v=DKIM1; p={keys.public_rsa(keys.rsa_key(4096))}",
        "weak": f"v=DKIM1; p={keys.public_rsa(keys.rsa_key(1024))}",
        "tiny": f"v=DKIM1; p={keys.public_rsa(keys.rsa_key(512))}",
        "giant": f"v=DKIM1; p={giant_key(16_384)}",
        "slow": f"v=DKIM1; p={giant_key(8_000, 8_000)}",
        "monstrous": f"v=DKIM1; p={giant_key(16_384, 16_384)}",
        "testing": f"v=DKIM1; t=y; {good}",
        "nosub": f"v=DKIM1; t=s; {good}",
        "onlysha1": f"v=DKIM1; h=sha1; {good}",
        "web": f"v=DKIM1; s=web; {good}",
        "mailonly": f"v=DKIM1; h=sha1:sha256; s=email; {good}",
        "revoked": "v=DKIM1; p=",
        "nokey": "v=DKIM1; k=rsa",
        "other": f"v=DKIM2; {good}",
        "junk": "hello world",
        "badkey": "v=DKIM1; p=AAAA",
        "twice": f"v=DKIM1; {good}; {good}",
    }
    lines = [f"{name}._domainkey IN TXT {txt(text)}" for name, text in records.items()]
    lines += [f"two._domainkey IN TXT {txt(f'v=DKIM1; {good}')}", 'two._domainkey IN TXT "p="']
    lines += ["alias._domainkey IN CNAME s1._domainkey"]
    lines += ['_dmarc IN TXT "v=DMARC1; p=reject"', '@ IN TXT "v=spf1 ip4:192.0.2.0/25 -all"']
    return "\n".join(lines) + "\n"


def endless_spf(number: int) -> str:
    """Return an SPF record with a term that the library needs a second for, and another such."""
    more = "include:long2.attacker.test " if number == 1 else ""
    return f"v=spf1 {more}exists:x.{'a' * 6_000}!%{{l}}.org -all"


def key_zone(*records: str) -> str:
    """Return a zone with the same good key as every other, and more records."""
    good = txt(f"v=DKIM1; p={keys.public_rsa(keys.rsa_key())}")
    return "\n".join([f"s1._domainkey IN TXT {good}", *records]) + "\n"


ZONES = {
    "vo.example": vo_zone,
    "strict.example": lambda: key_zone('_dmarc TXT "v=DMARC1; p=none; sp=quarantine; adkim=s"'),
    "sub.strict.example": key_zone,
    "legit.test": lambda: key_zone('_dmarc TXT "v=DMARC1; p=reject"'),
    "attacker.test": lambda: key_zone(
        f"long TXT {txt(endless_spf(1))}", f"long2 TXT {txt(endless_spf(2))}"
    ),
    "nopolicy.example": key_zone,
    "mail.nopolicy.example": key_zone,
    "twopolicies.example": lambda: key_zone(
        '_dmarc TXT "v=DMARC1; p=reject"', '_dmarc TXT "v=DMARC1; p=none"'
    ),
    "one.co.uk": key_zone,
    "two.co.uk": key_zone,
    "lists.example": key_zone,
    "spf.example": lambda: (
        '@ TXT "v=spf1 include:more.spf.example mx -all"\n'
        'more TXT "v=spf1 a:a.spf.example ~all"\na A 192.0.2.7\n@ MX 10 mx\nmx A 192.0.2.9\n'
        'loop TXT "v=spf1 include:loop.spf.example -all"\n'
        'a-loop TXT "v=spf1 include:b-loop.spf.example -all"\n'
        'b-loop TXT "v=spf1 include:a-loop.spf.example -all"\n'
        'soft TXT "v=spf1 ip4:198.51.100.1 ~all"\n'
        'lost TXT "v=spf1 include:key.broken.example -all"\n'
        'bad TXT "v=spf1 ip4:nonsense -all"\n'
        'ptr TXT "v=spf1 exists:%{ir}.%{d} -all"\n7.2.0.192.ptr A 127.0.0.2\n'
    ),
    "broken.example": None,
}


@pytest.fixture(scope="session")
def nsd() -> Iterator[NameServer]:
    """The name server, with all zones."""
    if nameserver.PROGRAM is None:
        pytest.skip("nsd is not installed (tests/servers/packages.txt)")
    zones = {name: make() if make else None for name, make in ZONES.items()}
    server = NameServer(zones, free_port())
    yield server
    server.stop()


@pytest.fixture
def lookup(nsd: NameServer) -> Lookup:
    """A look-up with an empty memory that asks the name server."""
    return Lookup(["127.0.0.1"], nsd.port)
