"""Whether a key of a helpdesk made the signature of an alarm document: Ed25519 (RFC 8032).

Rule: by the library `cryptography` where it can be imported, else by the program `openssl`, 3 or
newer. A signature that cannot be checked is neither good nor bad: Deferred. Keys are pinned in the
configuration, nothing is fetched.
Standard library only, and nothing of it is imported before it is needed.
"""

import base64
import binascii
import hashlib
import importlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gateway.hook.mail import Found, Signature
from parsers.alarm_document import signed_content
from parsers.errors import Deferred

SPKI_PREFIX = bytes.fromhex("302a300506032b6570032100")  # RFC 8410: what goes before the 32 bytes
KEY_BYTES = 32
KID_CHARS = 16
OPENSSL_TIMEOUT_S = 15
SCRATCH = "verify-"
_LEFT_BEHIND_S = 3_600
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
_SAID_NO = b"Signature Verification Failure"

Keys = Mapping[str, Mapping[str, bytes]]
Check = Callable[[bytes, bytes, bytes], bool]


def read_key(text: str) -> bytes:
    """Return the 32 bytes of a public key: base64 or base64url of them, of its DER form, or PEM.

    Raises ValueError, with what was expected.
    """
    lines = [line.strip() for line in text.splitlines() if not line.startswith("-----")]
    letters = "".join(lines).rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        raw = base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    raw = raw.removeprefix(SPKI_PREFIX) if len(raw) == KEY_BYTES + len(SPKI_PREFIX) else raw
    if len(raw) != KEY_BYTES:
        raise ValueError("is no Ed25519 public key (43 letters of base64, or what openssl prints)")
    return raw


def key_name(key: bytes) -> str:
    """Return the `kid` of a public key, by which signatures name it (docs/alarms.md)."""
    return hashlib.sha256(key).hexdigest()[:KID_CHARS]


def signers(
    document: bytes, signatures: tuple[Signature, ...], keys: Keys, check: Check
) -> frozenset[str]:
    """Return the helpdesks one of whose keys made one of the signatures over the document.

    `keys` are, by helpdesk, its keys by their names. Raises Deferred like `check`.
    """
    content = signed_content(document)
    made: set[str] = set()
    for helpdesk, named in keys.items():
        for one in signatures:
            key, signature = named.get(one.kid), _bytes_of(one.letters)
            if key is not None and signature is not None and check(key, signature, content):
                made.add(helpdesk)
                break
    return frozenset(made)


def knows_key(found: Found, keys: Keys) -> bool:
    """Whether a signature names a key that is in the configuration at all."""
    kids = {kid for named in keys.values() for kid in named}
    return any(one.kid in kids for one in found.signatures)


def way(openssl: Path, scratch: Path) -> Check:
    """Return how signatures are checked on this machine; `scratch` is for the program's files."""
    library = _library()
    if library is not None:
        return library
    return lambda key, signature, content: by_openssl(openssl, scratch, key, signature, content)


def by_openssl(openssl: Path, scratch: Path, key: bytes, signature: bytes, content: bytes) -> bool:
    """Ask the program, which reads neither key nor text from a pipe; raises Deferred."""
    try:
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=scratch) as name:
            place = Path(name)
            (place / "key").write_bytes(SPKI_PREFIX + key)
            (place / "signature").write_bytes(signature)
            (place / "content").write_bytes(content)
            run = subprocess.run(
                [openssl, "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin",
                 "-inkey", place / "key", "-sigfile", place / "signature",
                 "-in", place / "content"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=OPENSSL_TIMEOUT_S,
                env=_ENVIRONMENT,
                check=False,
            )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Deferred("Not now.", f"openssl cannot be asked: {error}") from error
    said = run.stdout + run.stderr
    if run.returncode == 0:
        return True
    if run.returncode == 1 and _SAID_NO in said:
        return False
    raise Deferred("Not now.", f"openssl failed ({run.returncode}): {said[-300:]!r}")


def sweep_scratch(scratch: Path) -> None:
    """Remove what a process that was killed while it asked the program left an hour ago."""
    for path in scratch.glob(f"{SCRATCH}*"):
        if time.time() - path.stat().st_mtime > _LEFT_BEHIND_S:
            shutil.rmtree(path, ignore_errors=True)


def _library() -> Check | None:
    """Return the check by `cryptography`; None when it is not there, or broken."""
    try:
        ed25519: Any = importlib.import_module("cryptography.hazmat.primitives.asymmetric.ed25519")
        invalid: Any = importlib.import_module("cryptography.exceptions").InvalidSignature
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # a half installed one panics, which is no Exception
        return None

    def check(key: bytes, signature: bytes, content: bytes) -> bool:
        try:
            ed25519.Ed25519PublicKey.from_public_bytes(key).verify(signature, content)
        except invalid:
            return False
        return True

    return check


def _bytes_of(letters: str) -> bytes | None:
    try:
        raw = base64.urlsafe_b64decode(letters + "==")
    except (ValueError, binascii.Error):
        return None
    return raw if len(raw) == 64 else None
