"""[web]: where the readers of our mails reach the pages, and what to say when they cannot.

Rule: a mail never shows a link that `[web] access` closes to its reader.
"""

from collections.abc import Iterator
from typing import Any

from gateway.config.faults import Finding, Severity

_EVERYWHERE = ("0.0.0.0", "[::]")  # noqa: S104 - compared, never listened on
_HERE = ("unix:", "127.", "[::1]", "localhost")


def base_url(listen: str, access: str, url: str) -> str:
    """Return what every link in a mail begins with, "" when there is nothing that can be reached.

    The words of [web], each "" when it is not set; `listen` as it is written in the configuration.
    """
    host, _, port = listen.rpartition(":")
    if url or not listen:
        return url if listen else ""
    reached = access == "everyone" and host not in _EVERYWHERE and port != "0"
    return f"http://{listen}" if reached and not _is_here(listen) else ""


def page_warnings(web: dict[str, Any]) -> Iterator[Finding]:
    """Find what is odd about a [web] as it was written."""
    listen, url = (str(web.get(key, "")) for key in ("listen", "url"))
    access = str(web.get("access", "loopback"))
    if listen and not _is_here(listen) and access == "loopback":
        message = "listens for other machines, but answers only this one: set access"
        yield Finding(("web", "listen"), message, Severity.WARNING)
    if listen and not base_url(listen, access, url):
        message = "is not set: files that are too large for a mail are named in it without a link"
        yield Finding(("web", "url"), message, Severity.WARNING)
    if url and not listen:
        message = "has no effect without listen"
        yield Finding(("web", "url"), message, Severity.WARNING)


def _is_here(listen: str) -> bool:
    return listen.startswith(_HERE)
