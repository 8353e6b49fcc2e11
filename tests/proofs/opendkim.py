"""OpenDKIM, of Debian: another implementation that signs."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.proofs import keys

PROGRAM = shutil.which("opendkim", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def signs(
    place: Path, raw: bytes, canonical: str, *, domain: str = "vo.example", selector: str = "s1",
    key: bytes = b"",
) -> bytes:  # fmt: skip
    """Return a mail with OpenDKIM's signature on top; by the key of every test's zone or `key`."""
    (place / "key").write_bytes(key or keys.rsa_key())
    (place / "key").chmod(0o600)
    (place / "mail").write_bytes(raw)
    (place / "conf").write_text(
        f"Mode s\nSocket local:{place}/sock\nDomain {domain}\nSelector {selector}\n"
        f"KeyFile {place}/key\nRequireSafeKeys no\nCanonicalization {canonical}\n"
        "SignHeaders From,To,Subject,Date,Message-ID,MIME-Version,Content-Type,"
        "Content-Transfer-Encoding\nOversignHeaders From,To,Subject,Date,Message-ID\n"
    )
    assert PROGRAM is not None
    done = subprocess.run(
        [PROGRAM, "-x", place / "conf", "-t", place / "mail"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    field = done.stdout[done.stdout.index("DKIM-Signature:") :].strip()
    return field.replace("\r", "").replace("\n", "\r\n").encode() + b"\r\n" + raw
