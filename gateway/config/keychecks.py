"""Rules that span the keys of [keys]: which belong together, and whom they speak for."""

from collections.abc import Iterator
from typing import Any

from gateway.config.faults import Finding, Severity

SELECTORS = ("dkim_selector", "dkim_ed25519_selector", "dkim_other_selector")


def check_keys(document: dict[str, Any]) -> Iterator[Finding]:
    """Find DKIM keys that would not be believed; pairs of keys are found elsewhere."""
    keys = document.get("keys")
    if not isinstance(keys, dict):
        keys = {}
    seen: dict[str, str] = {}
    for key in SELECTORS:
        selector = _text(keys, key)
        if selector and selector in seen:
            yield Finding(("keys", key), f"is the same as {seen[selector]}: one name, one key")
        seen.setdefault(selector, key)
    for key in ("dkim_ed25519_key", "dkim_other_key"):
        if keys.get(key) and not keys.get("dkim_key"):
            yield Finding(("keys", key), "needs dkim_key beside it: not everybody knows the other")
    sites = document.get("site")
    wakes = isinstance(sites, list) and any(
        isinstance(one, dict) and one.get("alarm_address") for one in sites
    )
    if wakes and not keys.get("alarm_key"):
        told = "is not set: no site's hook will believe our alarms (ticketgate keys alarm FILE)"
        yield Finding(("keys", "alarm_key"), told, Severity.WARNING)
    helpdesk = document.get("helpdesk")
    ours = _text(helpdesk, "domain") if isinstance(helpdesk, dict) else ""
    signs = _text(keys, "dkim_domain")
    if signs and ours and signs != ours and not ours.endswith(f".{signs}"):
        told = f"does not speak for the addresses at {ours}: others will not believe our mail"
        yield Finding(("keys", "dkim_domain"), told, Severity.WARNING)


def _text(table: dict[str, Any], key: str) -> str:
    value = table.get(key)
    return value.lower() if isinstance(value, str) else ""
