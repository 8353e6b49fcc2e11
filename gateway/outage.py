"""An outage of the store, said once when it begins and once when it is over.

A loop tries again every few seconds for as long as it lasts; its log must not fill with that.
"""

from time import monotonic
from typing import Any

AGAIN_S = 600.0  # a long one is said again, so that whoever looks at the end of the log sees it


class Outage:
    """What one loop knows of it; `log` is the loop's own."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._began_at: float | None = None
        self._said_at = 0.0

    def goes_on(self, detail: str) -> None:
        """Note that the store failed."""
        now = monotonic()
        if self._began_at is None:
            self._began_at = now
        elif now - self._said_at < AGAIN_S:
            return
        self._said_at = now
        self._log.error("the store does not answer; waiting", detail=detail)

    def is_over(self) -> None:
        """Note that the store answered."""
        if self._began_at is not None:
            lasted_s = round(monotonic() - self._began_at, 1)
            self._began_at = None
            self._log.info("the store answers again", after_s=lasted_s)
