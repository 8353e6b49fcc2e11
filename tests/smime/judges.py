"""Independent judges of S/MIME: OpenSSL and GnuPG, run for real."""

import subprocess
from pathlib import Path

TIMEOUT_S = 60


def openssl(*words: str | Path, fine: bool = True, stdin: bytes = b"") -> tuple[int, bytes]:
    """Run openssl; return its exit code and what it says on both streams."""
    done = subprocess.run(
        ["openssl", *words], input=stdin, capture_output=True, timeout=TIMEOUT_S, check=False
    )
    said = done.stdout + done.stderr
    assert not fine or done.returncode == 0, said
    return done.returncode, said
