"""The certificate of a door, read again when its files change, so that no restart is needed."""

import ssl
from pathlib import Path

import structlog

log = structlog.get_logger("smtp")


class Certificate:
    """A certificate chain and its key, as PEM files."""

    def __init__(self, cert: Path, key: Path) -> None:
        self._files = (cert, key)
        self._stamp = self._look()
        self._context = self._load()

    def context(self) -> ssl.SSLContext:
        """Return the context for a new connection; the old one while new files are unusable."""
        try:
            stamp = self._look()
            if stamp != self._stamp:
                self._stamp = stamp
                self._context = self._load()
                log.info("certificate loaded again")
        except (OSError, ssl.SSLError) as error:
            log.warning("certificate not loaded, the old one stays", error=repr(error))
        return self._context

    def _look(self) -> tuple[tuple[int, int], ...]:
        found = [path.stat() for path in self._files]
        return tuple((one.st_mtime_ns, one.st_ino) for one in found)

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(*self._files)
        return context
