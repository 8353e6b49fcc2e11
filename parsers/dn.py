"""Distinguished names as structure: read from slash form or RFC 4514 form, written in slash form.

Rule: two names are the same when their structure is, never because their text is: a value may
hold "/CN=..." and still be one value. The slash form (OpenSSL's old one, used by grid registries)
has no escapes, so a text that can be read in two ways is refused, and a name whose slash form would
read back as another name has none. Values are compared exactly, case included.
Pure standard library; it knows no certificate and no ASN.1.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from parsers.errors import Malformed

MAX_CHARS = 2_000
EMAIL = "1.2.840.113549.1.9.1"
COMMON_NAME = "2.5.4.3"
# OID -> its short name as OpenSSL writes it (the first), and other spellings of it.
SPELLINGS = {
    COMMON_NAME: ("CN", "commonName"),
    "2.5.4.6": ("C", "countryName"),
    "2.5.4.7": ("L", "localityName"),
    "2.5.4.8": ("ST", "S", "SP", "stateOrProvinceName"),
    "2.5.4.9": ("street", "streetAddress"),
    "2.5.4.10": ("O", "organizationName"),
    "2.5.4.11": ("OU", "organizationalUnitName"),
    "2.5.4.12": ("title", "T"),
    "2.5.4.4": ("SN", "surname"),
    "2.5.4.5": ("serialNumber",),
    "2.5.4.17": ("postalCode",),
    "2.5.4.41": ("name",),
    "2.5.4.42": ("GN", "givenName", "G"),
    "2.5.4.43": ("initials",),
    "2.5.4.44": ("generationQualifier",),
    "2.5.4.46": ("dnQualifier",),
    "2.5.4.65": ("pseudonym",),
    "2.5.4.97": ("organizationIdentifier",),
    "0.9.2342.19200300.100.1.1": ("UID", "userId"),
    "0.9.2342.19200300.100.1.25": ("DC", "domainComponent"),
    EMAIL: ("emailAddress", "Email", "E"),
}
_OIDS = {name.lower(): oid for oid, names in SPELLINGS.items() for name in names}
_DOTTED = re.compile(r"(?:oid\.)?([0-2](?:\.(?:0|[1-9][0-9]{0,38})){1,30})", re.IGNORECASE)
_TYPE = r"[A-Za-z][A-Za-z0-9-]{0,39}|(?:[Oo][Ii][Dd]\.)?[0-9]+(?:\.[0-9]+)+"
_SLASH = re.compile(rf"/[ ]*({_TYPE})[ ]*=")
_PLUS = re.compile(rf"\+[ ]*({_TYPE})[ ]*=")
_HIGH_BYTES = re.compile(r"(?:\\x[89A-Fa-f][0-9A-Fa-f])+")
_PAIR = re.compile(rf"[ ]*({_TYPE})[ ]*=[ ]*")
_ESCAPED = re.compile(r"\\(?:([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_OPENSSL = "subject="  # what `openssl x509 -subject` prints before the name
_FROM_THE_TOP = frozenset({"2.5.4.6", "0.9.2342.19200300.100.1.25"})

Attribute = tuple[str, str]
Rdn = tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class DistinguishedName:
    """A name from the root down. Each RDN is its (OID, value) pairs in order; equal as sets."""

    rdns: tuple[Rdn, ...] = ()

    @classmethod
    def of(cls, rdns: Iterable[Iterable[Attribute]]) -> "DistinguishedName":
        """Return the name with these RDNs, the root's first; no RDN may be empty."""
        return cls(tuple(tuple(sorted(rdn)) for rdn in rdns))

    def values(self, oid: str) -> tuple[str, ...]:
        """Return every value of one type, from the root down."""
        return tuple(value for rdn in self.rdns for found, value in rdn if found == oid)


def read_dn(text: str) -> DistinguishedName:
    """Return the name that a text in slash or RFC 4514 form is; raises Malformed, with a reason."""
    if len(text) > MAX_CHARS:
        raise Malformed(f"a distinguished name is longer than {MAX_CHARS} characters")
    text = text.strip().removeprefix(_OPENSSL).lstrip()
    return read_slash(text) if text.startswith("/") else read_rfc4514(text)


def read_slash(text: str) -> DistinguishedName:
    r"""Read /TYPE=value/TYPE=value. A slash begins a pair only when a known type and "=" follow.

    So "/CN=ggusmail/ggus.eu" is one value. "/CN=a/Foo=b" could be a value with a slash or a type
    that we do not know, "/CN=a+OU=b" one value or two: Malformed. `\xC3\xBC` is UTF-8, as OpenSSL
    writes it.
    """
    rdns: list[Rdn] = []
    starts = list(_SLASH.finditer(text))
    if not starts or starts[0].start() != 0:
        raise _unclear(text, "does not begin with /TYPE=")
    ends = [match.start() for match in starts[1:]] + [len(text)]
    for match, end in zip(starts, ends, strict=True):
        oid, value = _oid(match[1]), text[match.end() : end]
        if not oid:
            told = f"is unclear: {match[1]!r} is no type of attribute that we know"
            in_form = "if a value holds this slash, write the name in RFC 4514 form, CN=...,DC=..."
            raise _unclear(text, f"{told}; {in_form}")
        plus = next((p for p in _PLUS.finditer(value) if _oid(p[1])), None)
        if plus:
            told = f"is unclear: {plus[0]!r} may be part of a value or begin another"
            raise _unclear(text, f"{told}: write the name in RFC 4514 form, CN=...,DC=...")
        rdns.append(((oid, _checked(text, _HIGH_BYTES.sub(_from_high_bytes, value))),))
    return DistinguishedName(tuple(rdns))


def write_slash(dn: DistinguishedName) -> str:
    """Return the slash form; raises Malformed for a name that it would not say unambiguously."""
    if any(len(rdn) != 1 for rdn in dn.rdns):
        raise Malformed("a distinguished name has a part with several values: no slash form")
    text = "".join(f"/{_short(oid)}={value}" for ((oid, value),) in dn.rdns)
    try:
        same = len(text) <= MAX_CHARS and text == text.strip() and read_slash(text) == dn
    except Malformed:
        same = False
    if not same:
        raise Malformed("a distinguished name has a value that the slash form would change")
    return text


def read_rfc4514(text: str) -> DistinguishedName:
    """Read `CN=...,OU=...,DC=...` (RFC 4514, and RFC 2253 with its blanks), the root last."""
    rdns: list[Rdn] = []
    for part in _split(text, ","):
        pairs: list[Attribute] = []
        for piece in _split(part, "+"):
            match = _PAIR.match(piece)
            if match is None:
                raise _unclear(text, "is neither /TYPE=value/... nor TYPE=value,...")
            oid = _oid(match[1])
            if not oid:
                told = f"is unclear: {match[1]!r} is no type of attribute that we know"
                raise _unclear(text, told)
            pairs.append((oid, _checked(text, _unescaped(text, piece[match.end() :]))))
        rdns.append(tuple(sorted(pairs)))
    first, last = rdns[0][0][0], rdns[-1][0][0]
    if first in _FROM_THE_TOP and last not in _FROM_THE_TOP and len(rdns) > 1:
        told = "stands from the root down, as some tools print it; RFC 4514 has the root last"
        raise _unclear(text, told)
    return DistinguishedName(tuple(reversed(rdns)))


def _oid(name: str) -> str:
    """Return the OID of a type, "" when nobody knows it."""
    dotted = _DOTTED.fullmatch(name)
    return dotted[1] if dotted else _OIDS.get(name.lower(), "")


def _short(oid: str) -> str:
    return SPELLINGS[oid][0] if oid in SPELLINGS else oid


def _from_high_bytes(match: re.Match[str]) -> str:
    data = bytes.fromhex(match[0].replace("\\x", ""))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return match[0]


def _checked(text: str, value: str) -> str:
    if not value or not value.isprintable():
        raise _unclear(text, "has a value that is empty or not printable")
    return value


def _split(text: str, separator: str) -> Iterator[str]:
    """Split where the separator is neither escaped nor inside quotes (RFC 2253 section 4)."""
    start, at, quoted = 0, 0, False
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == '"':
            quoted = not quoted
        elif text[at] == separator and not quoted:
            yield text[start:at]
            start = at + 1
        at += 1
    yield text[start:]


def _unescaped(text: str, value: str) -> str:
    stripped = value.rstrip(" ")
    if stripped.endswith("\\") and stripped != value:
        stripped += " "
    if stripped.startswith("#"):
        raise _unclear(text, "has a value in hexadecimal: write it as text")
    if len(stripped) > 1 and stripped.startswith('"') and stripped.endswith('"'):
        stripped = stripped[1:-1]
    elif '"' in _ESCAPED.sub("", stripped):
        raise _unclear(text, "has a quotation mark that is not escaped")
    out, at = bytearray(), 0
    for match in _ESCAPED.finditer(stripped):
        out += stripped[at : match.start()].encode("utf-8", "surrogatepass")
        out += bytes.fromhex(match[1]) if match[1] else match[2].encode("utf-8", "surrogatepass")
        at = match.end()
    rest = stripped[at:]
    if rest.endswith("\\"):
        raise _unclear(text, "ends in an escape")
    out += rest.encode("utf-8", "surrogatepass")
    try:
        return out.decode("utf-8")
    except UnicodeDecodeError:
        raise _unclear(text, "has an escape that is not UTF-8") from None


def _unclear(text: str, why: str) -> Malformed:
    return Malformed(f"the distinguished name {text[:200]!r} {why}")
