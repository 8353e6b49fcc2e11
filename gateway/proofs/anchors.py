"""Trust anchors on disk: an IGTF directory as fetch-crl keeps it, or one PEM bundle.

    NAME.pem, HASH.0            certificates        NAME.signing_policy   for whom they may sign
    HASH.r0, HASH.r1            their CRLs          anything else         is not read

Rule: read at start, and again when names, sizes or times change; that is looked for at most every
ten seconds. A file that cannot be used disables its own CA, and a broken policy its CA, and is said
as an error once, until the file changes. A directory that cannot be listed leaves what was read
before in force: CRLs that no longer come in grow stale by themselves.
Never fetches anything and never writes.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import verification

from gateway.proofs.crl import Crl, read_crl
from gateway.proofs.signing_policy import Policies, read_policies
from gateway.proofs.trust import Trust, dn_of
from parsers.dn import DistinguishedName

LOOK_EVERY = timedelta(seconds=10)
MAX_FILES = 5_000
MAX_FILE_BYTES = 64_000_000
_KINDS = (
    (re.compile(r"(.+)\.(?:pem|crt|[0-9])"), "certificate"),
    (re.compile(r"(.+)\.signing_policy"), "policy"),
    (re.compile(r"(.+)\.r[0-9]"), "crl"),
)
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----.*?-----END \1-----", re.DOTALL)
_log = structlog.get_logger(__name__)

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _File:
    """One file as read: its certificates, policies and lists, or its fault."""

    stamp: Stamp
    stem: str
    certificates: tuple[x509.Certificate, ...] = ()
    policies: Policies | None = None
    crls: tuple[Crl, ...] = ()
    faults: tuple[str, ...] = ()


class Anchors:
    """The trust of one path, always the newest that could be read. Safe for several threads.

    `quiet` is for commands, whose output is not a log: they show `Trust.faults` themselves.
    """

    def __init__(self, path: Path, *, quiet: bool = False) -> None:
        self._path = path
        self._quiet = quiet
        self._lock = Lock()
        self._files: dict[Path, _File] = {}
        self._trust: Trust | None = None
        self._looked_at: datetime | None = None
        self._said: set[str] = set()

    def trust(self, now: datetime) -> Trust:
        """Return what is trusted; looks at the disk when that was not done for ten seconds."""
        with self._lock:
            if self._looked_at is None or abs(now - self._looked_at) >= LOOK_EVERY:
                self._looked_at = now
                self._look()
            return self._trust or Trust()

    def _look(self) -> None:
        try:
            stamps = dict(self._stamps())
        except OSError as error:
            told = f"{self._path}: cannot be read: {error.strerror or error}"
            self._trust = self._trust or Trust(faults=(told,))
            self._say((told,))
            return
        if self._trust is not None and stamps == {p: f.stamp for p, f in self._files.items()}:
            return
        self._files = {
            path: old
            if (old := self._files.get(path)) and old.stamp == stamp
            else _read_file(path, stamp)
            for path, stamp in stamps.items()
        }
        self._trust = _trust(list(self._files.values()))
        self._say(self._trust.faults)
        if not self._quiet:
            roots, crls = len(self._trust.roots), len(self._trust.crls)
            _log.info("trust anchors read", path=str(self._path), roots=roots, crls=crls)

    def _stamps(self) -> Iterator[tuple[Path, Stamp]]:
        """Give the files to be read. One that vanishes between two looks is not there."""
        if not self._path.is_dir():
            yield self._path, _stamp(self._path)
            return
        paths = sorted(p for p in self._path.iterdir() if _kind(p.name))
        for path in paths[:MAX_FILES]:
            try:
                yield path, _stamp(path)
            except OSError:  # a dangling link, or gone: others are not harmed
                continue

    def _say(self, faults: Sequence[str]) -> None:
        for fault in faults:
            if fault not in self._said and not self._quiet:
                _log.error("trust anchor not usable", fault=fault)
        self._said = set(faults)


def _stamp(path: Path) -> Stamp:
    status = path.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino


def _kind(name: str) -> tuple[str, str] | None:
    for pattern, kind in _KINDS:
        match = pattern.fullmatch(name)
        if match:
            return kind, match[1]
    return None


def _read_file(path: Path, stamp: Stamp) -> _File:
    kind, stem = _kind(path.name) or ("certificate", path.stem)
    none: Policies | None = {} if kind == "policy" else None  # it names nobody: nobody may sign
    if stamp[1] > MAX_FILE_BYTES:
        return _File(stamp, stem, policies=none, faults=(f"{path}: is too large",))
    try:
        data = path.read_bytes()
        if kind == "policy":
            return _File(stamp, stem, policies=read_policies(data))
        if kind == "crl":
            return _File(stamp, stem, crls=(read_crl(data),))
    except Exception as error:  # whatever is wrong with one file, the others are not harmed
        return _File(stamp, stem, policies=none, faults=(f"{path}: {error}",))
    return _bundle(path, stamp, stem, data)


def _bundle(path: Path, stamp: Stamp, stem: str, data: bytes) -> _File:
    """Read every certificate and list of a PEM file; a broken one costs only itself."""
    certificates: list[x509.Certificate] = []
    crls: list[Crl] = []
    faults: list[str] = []
    readers: dict[bytes, Callable[[bytes], None]] = {
        b"CERTIFICATE": lambda pem: certificates.append(_certificate(pem)),
        b"X509 CRL": lambda pem: crls.append(read_crl(pem)),
    }
    blocks = list(_BLOCK.finditer(data))
    for number, block in enumerate(blocks, 1):
        try:
            if block[1] in readers:
                readers[block[1]](block[0])
        except Exception as error:  # see _read_file
            faults.append(f"{path}: block {number}: {error}")
    if not certificates and not crls and not faults:
        faults.append(f"{path}: holds no certificate in PEM form")
    return _File(stamp, stem, tuple(certificates), None, tuple(crls), tuple(faults))


def _certificate(pem: bytes) -> x509.Certificate:
    """Read one certificate, and what is parsed late, so that its faults show here."""
    certificate = x509.load_pem_x509_certificate(pem)
    dn_of(certificate.subject), dn_of(certificate.issuer)
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    if not constraints.value.ca:
        raise ValueError("is not the certificate of an authority")
    certificate.public_key()
    return certificate


def _trust(files: list[_File]) -> Trust:
    faults = [fault for file in files for fault in file.faults]
    policies: dict[DistinguishedName, tuple[str, ...]] = {}
    for file in files:
        for authority, globs in (file.policies or {}).items():
            policies[authority] = tuple(dict.fromkeys(policies.get(authority, ()) + globs))
    policy_of = {f.stem: f.policies for f in files if f.policies is not None}
    found: dict[bytes, x509.Certificate] = {}
    disabled: set[bytes] = set()
    for file in files:
        policy = policy_of.get(file.stem)
        for certificate in file.certificates:
            key = certificate.fingerprint(hashes.SHA256())
            found[key] = certificate
            if policy is not None and dn_of(certificate.subject) not in policy:
                disabled.add(key)
                policies[dn_of(certificate.subject)] = ()  # nobody's, though a mail encloses it
                if policy:
                    faults.append(f"{file.stem}.signing_policy: does not name its own authority")
    good = [certificate for key, certificate in found.items() if key not in disabled]
    roots = [c for c in good if c.subject == c.issuer]
    crls: dict[x509.Name, tuple[Crl, ...]] = {}
    for file in files:
        for crl in file.crls:
            crls[crl.issuer] = (*crls.get(crl.issuer, ()), crl)
    return Trust(
        roots,
        [c for c in good if c.subject != c.issuer],
        policies,
        crls,
        faults,
        verification.Store(roots) if roots else None,
    )
