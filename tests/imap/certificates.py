"""A certificate authority for tests, and what it signs."""

import subprocess
from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60)


class Authority:
    """An authority whose files lie in `place`; `ca` is its certificate."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.ca = place / "ca.pem"
        self._key = place / "ca.key"
        _openssl(
            "req", "-x509", *_KEY, "-days", "2", "-subj", "/CN=Test authority",
            "-keyout", self._key, "-out", self.ca,
        )  # fmt: skip

    def sign(self, name: str, host: str = "localhost", days: int = 2) -> tuple[Path, Path]:
        """Return certificate and key for a host; with days = -1 it expired at once."""
        cert, key = self.place / f"{name}.pem", self.place / f"{name}.key"
        request, names = self.place / f"{name}.csr", self.place / f"{name}.names"
        names.write_text(f"subjectAltName=DNS:{host}\n")
        _openssl("req", *_KEY, "-subj", f"/CN={host}", "-keyout", key, "-out", request)
        _openssl(
            "x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._key, "-CAcreateserial",
            "-days", str(days), "-extfile", names, "-out", cert,
        )  # fmt: skip
        return cert, key
