"""Independent judges of S/MIME: OpenSSL and GnuPG, run for real."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.smime.authority import Holder

TIMEOUT_S = 60
CHANGED = 4  # `openssl cms`: an error occurred when the message was verified
PASSPHRASE = b"scratch"


def openssl(*words: str | Path, fine: bool = True, stdin: bytes = b"") -> tuple[int, bytes]:
    """Run openssl; return its exit code and what it says on both streams."""
    done = subprocess.run(
        ["openssl", *words], input=stdin, capture_output=True, timeout=TIMEOUT_S, check=False
    )
    said = done.stdout + done.stderr
    assert not fine or done.returncode == 0, said
    return done.returncode, said


class Gpgsm:
    """GnuPG for X.509 with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "gpgsm.conf").write_text("disable-crl-checks\ndisable-dirmngr\nbatch\n")

    def run(self, *words: str | Path, stdin: bytes = b"") -> tuple[int, bytes, str]:
        done = subprocess.run(
            ["gpgsm", "--pinentry-mode", "loopback", *words],
            input=stdin, capture_output=True, timeout=TIMEOUT_S, check=False,
            env={**os.environ, "GNUPGHOME": str(self.home), "LC_ALL": "C"},
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr.decode(errors="replace")

    def trust(self, root: x509.Certificate) -> None:
        """Believe a root, and import it."""
        print_ = root.fingerprint(hashes.SHA1()).hex().upper()
        (self.home / "trustlist.txt").write_text(f"{print_} S relax\n")
        self._import(root.public_bytes(serialization.Encoding.PEM))

    def hold(self, holder: Holder) -> None:
        """Import a certificate with its chain and key."""
        for cert in holder.above:
            self._import(cert.public_bytes(serialization.Encoding.PEM))
        protected = pkcs12.serialize_key_and_certificates(
            b"key", holder.key, holder.cert, None,
            serialization.PrivateFormat.PKCS12.encryption_builder()
            .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
            .hmac_hash(hashes.SHA1())
            .build(PASSPHRASE),
        )  # fmt: skip
        path = self.home / "holder.p12"
        path.write_bytes(protected)
        code, _, said = self.run("--passphrase-fd", "0", "--import", path, stdin=PASSPHRASE)
        assert code == 0, said

    def _import(self, pem: bytes) -> None:
        code, _, said = self.run("--import", stdin=pem)
        assert code == 0, said


@contextmanager
def gpgsm() -> Iterator[Gpgsm]:
    """Give a GnuPG whose agent ends with it. Its socket needs a short path."""
    home = Path(tempfile.mkdtemp(prefix="gpgsm-"))
    try:
        yield Gpgsm(home)
    finally:
        subprocess.run(
            ["gpgconf", "--homedir", home, "--kill", "all"],
            capture_output=True, timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
        shutil.rmtree(home, ignore_errors=True)
