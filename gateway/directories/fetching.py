"""Asking a directory: one HTTP client with our certificate or token, and an end to everything.

Rule: what comes back is the whole answer to our question from whom we asked, or an error that says
what was wrong. TLS is verified, no redirect is followed (a login page is no roster), no proxy or
other setting is taken from the environment. Each answer has a deadline from the first byte that we
send to the last one that comes, a size, and a few attempts, and the whole reading has an end; what
is refused (4xx) is not asked again. Secrets stand in no message.
"""

import os
import re
import ssl
import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from gateway.directories.patience import Patience, TooSlow
from parsers.directory import MAX_BYTES
from parsers.errors import Deferred, Malformed
from parsers.text import clean

ATTEMPTS = 3
PAUSES_S = (1.0, 5.0)
CONNECT_S = 15.0
MOST_S = 1_200.0  # for all pages together: less than the claim on a directory
MAX_PAGES = 2_000
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
Query = Sequence[tuple[str, str]]
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, 2.1
_LATE = "no whole answer in time"


class Unreachable(Deferred):
    """Nobody answered, or nobody would answer us."""


@dataclass(frozen=True, slots=True)
class Access:
    """How a directory is asked. `url` is the base of its interface; secrets are bytes or ""."""

    url: str
    certificate: Path | None = None
    key: bytes = field(default=b"", repr=False)
    token: str = field(default="", repr=False)
    ca_file: Path | None = None
    timeout_s: float = 60.0


class Fetching:
    """A client for one directory, for one reading of it; to be closed."""

    def __init__(self, access: Access, pause: Callable[[float], object] = time.sleep) -> None:
        """Make the client; raises Unreachable when a file of ours cannot be used."""
        if access.token and not _TOKEN.fullmatch(access.token):
            raise Unreachable("Our token cannot be used.", "our token has signs that none may have")
        self._access, self._pause = access, pause
        self._left, self._end = MAX_BYTES, time.monotonic() + MOST_S
        self._patience = Patience(access.timeout_s)
        self._client = httpx2.Client(
            verify=_tls(access),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(access.timeout_s, connect=min(CONNECT_S, access.timeout_s)),
            headers={"User-Agent": "ticketgate", "Accept-Encoding": "identity"},
        )

    def __enter__(self) -> Self:
        """Give the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._client.close()

    def get(
        self, path: str, query: Query, content_types: Iterable[str], headers: Mapping[str, str] = {}
    ) -> bytes:
        """Return the body of an answer of one of these content types.

        Raises Malformed for what is no answer to the question, Unreachable for none at all.
        """
        url = self._access.url.rstrip("/") + path
        for attempt in range(1, ATTEMPTS + 1):
            if time.monotonic() > self._end:
                told = f"not all of it could be read in {MOST_S / 60:.0f} minutes"
                raise Unreachable("The directory is too slow.", told)
            try:
                return self._get_once(url, query, frozenset(content_types), headers)
            except _Passing as error:
                if attempt == ATTEMPTS:
                    raise error.last() from error
            self._pause(PAUSES_S[attempt - 1])
        raise AssertionError

    def _get_once(
        self, url: str, query: Query, content_types: frozenset[str], headers: Mapping[str, str]
    ) -> bytes:
        sent = dict(headers)
        if self._access.token:
            sent["Authorization"] = f"Bearer {self._access.token}"
        try:
            with self._patience.over() as extensions, self._client.stream(
                "GET", url, params=list(query), headers=sent, extensions=extensions
            ) as answer:  # fmt: skip
                self._check(answer, content_types)
                return self._body(answer)
        except (httpx2.TimeoutException, TooSlow) as error:
            raise _Passing(Unreachable, _LATE) from error
        except httpx2.ConnectError as error:
            raise _passing_or_not(error) from error
        except (httpx2.RemoteProtocolError, httpx2.ReadError) as error:
            if "_ALERT_" in _said(error):  # TLS 1.3 refuses a client only when it reads
                raise Unreachable("The directory refuses us.", _refused(_said(error))) from error
            raise _Passing(Malformed, f"the answer breaks off: {_said(error)}") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError) as error:
            raise _Passing(Unreachable, _said(error)) from error

    def _check(self, answer: httpx2.Response, content_types: frozenset[str]) -> None:
        status = answer.status_code
        if status in AGAIN:
            raise _Passing(Unreachable, f"it says {status}")
        if status in {401, 403}:
            told = f"it says {status}: our certificate or token gives no access"
            raise Unreachable("The directory refuses us.", told)
        if 300 <= status < 400:
            to = clean(answer.headers.get("location", ""), one_line=True)[:200]
            told = f"it says {status} and sends us to {to or 'nowhere'}; that is not followed"
            raise Malformed("The directory sends us elsewhere.", told)
        if status != 200:
            raise Unreachable("The directory does not answer this question.", f"it says {status}")
        packed = answer.headers.get("content-encoding", "identity")
        if packed.lower() != "identity":
            raise Malformed("The answer is packed.", f"as {clean(packed, one_line=True)[:40]}")
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in content_types:
            told = f"it is {clean(kind, one_line=True)[:80] or 'of no kind'}, not " + " or ".join(
                sorted(content_types)
            )
            raise Malformed("The answer is of another kind.", told)

    def _body(self, answer: httpx2.Response) -> bytes:
        """Return the whole body; a flood ends at the limit."""
        parts, size = [], 0
        for part in answer.iter_raw():
            size += len(part)
            if size > self._left:
                raise Malformed("The answers are too long.", f"more than {MAX_BYTES} bytes in all")
            parts.append(part)
        self._left -= size
        return b"".join(parts)


class Circle:
    """Watches the pages of one answer, so that their number and their circles have an end."""

    def __init__(self) -> None:
        self._seen: set[Hashable] = set()
        self._pages = 0

    def page(self, ids: Sequence[Hashable]) -> None:
        """Note a page by what it lists; raises Malformed when it brings nothing new."""
        self._pages += 1
        if self._pages > MAX_PAGES:
            raise Malformed("The answer has too many pages.", f"more than {MAX_PAGES} pages")
        fresh = set(ids) - self._seen
        if ids and not fresh:
            told = f"page {self._pages} lists only what came before"
            raise Malformed("The pages go in a circle.", told)
        self._seen |= fresh

    @property
    def seen(self) -> int:
        """How many different entries came."""
        return len(self._seen)


class _Passing(Exception):  # noqa: N818 - never leaves this file
    """What may be over at the next attempt; `last` is what is raised after the last one."""

    def __init__(self, kind: type[Unreachable | Malformed], detail: str) -> None:
        super().__init__(detail)
        self._kind, self._detail = kind, detail

    def last(self) -> Unreachable | Malformed:
        return self._kind("The directory does not answer.", self._detail)


def _passing_or_not(error: httpx2.ConnectError) -> Exception:
    """Return what follows; a certificate that does not fit will not fit in a second either."""
    said = _said(error)
    if "CERTIFICATE_VERIFY_FAILED" in said:
        told = re.sub(r"^\[SSL[^\]]*\] |certificate verify failed: | \(_ssl.c:\d+\)", "", said)
        told += ": does ca_file hold the authority that vouches for it?"
        return Unreachable("The directory cannot be trusted.", f"its certificate: {told}")
    return _Passing(Unreachable, said)


def _refused(said: str) -> str:
    """Return what a TLS alert means for us: mostly that our certificate is missing or wrong."""
    alert = re.sub(r"^\[SSL[^\]]*\] | \(_ssl.c:\d+\)", "", said)
    return f"it refuses our certificate, or misses one (`certificate` and `key`): {alert}"


def _said(error: Exception) -> str:
    return clean(f"{error}" or type(error).__name__, one_line=True)[:300]


def _tls(access: Access) -> ssl.SSLContext:
    """Return what verifies the directory, and shows our certificate."""
    try:
        context = ssl.create_default_context(cafile=access.ca_file)
        if access.certificate is not None:
            _load(context, access.certificate, access.key)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise Unreachable("Our certificate cannot be used.", _said(error)) from error
    return context


def _load(context: ssl.SSLContext, certificate: Path, key: bytes) -> None:
    """Load our certificate; the key is in memory only, and the library wants a file."""
    fd = os.memfd_create("key", os.MFD_CLOEXEC)
    try:
        os.write(fd, key + b"\n")
        os.lseek(fd, 0, os.SEEK_SET)
        context.load_cert_chain(certificate, f"/proc/self/fd/{fd}", password=lambda: b"")
    finally:
        os.close(fd)
