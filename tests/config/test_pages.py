"""Links in our mails: only where the reader can follow them, and the check says when none can."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway.config.faults import Severity
from gateway.config.load import examine, load, policy
from gateway.now import utc_now
from gateway.roles.courier import _writer
from tests.config.good import GOOD

WEB = [  # [web], what the links begin with, the keys that are warned of
    ('listen = "127.0.0.1:80"', "", ["web.url"]),
    ('listen = "unix:web"\naccess = "proxy"', "", ["web.url"]),
    ('listen = "127.0.0.1:80"\naccess = "everyone"', "", ["web.url"]),
    ('listen = "192.0.2.7:80"', "", ["web.listen", "web.url"]),
    ('listen = "0.0.0.0:80"\naccess = "everyone"', "", ["web.url"]),
    ('listen = "192.0.2.7:80"\naccess = "everyone"', "http://192.0.2.7:80", []),
    ('listen = "unix:web"\nurl = "https://hd.example/tickets/"', "https://hd.example/tickets", []),
    ('listen = "127.0.0.1:80"\nurl = "https://hd.example:444"', "https://hd.example:444", []),
    ('url = "https://hd.example"', "", ["web.url"]),
    ("", "", []),
]


@pytest.mark.parametrize(("web", "base", "warned"), WEB)
def test_a_mail_links_to_a_file_only_where_its_reader_can_follow(
    folder: Path, web: str, base: str, warned: list[str]
) -> None:
    path = folder / "config.toml"
    path.write_text(GOOD.replace("[[vo]]", f"[web]\n{web}\n\n[[vo]]"))
    config, faults = examine(path)
    assert config is not None
    assert sorted(fault.key for fault in faults) == warned
    assert {fault.severity for fault in faults} <= {Severity.WARNING}
    assert _link(path).startswith(f"{base}/attachments/5/0?until=" if base else "no link")


@pytest.mark.parametrize(
    "url", ["hd.example", "ftp://hd.example", "https://", "https://a b.example", "https://x.example?q",
            "https://me@hd.example", "https://hd.example:99999", "https://-hd.example"],
)  # fmt: skip
def test_what_no_browser_could_open_is_a_fault(folder: Path, url: str) -> None:
    text = f'[web]\nlisten = "127.0.0.1:80"\nurl = "{url}"\n\n[[vo]]'
    (folder / "config.toml").write_text(GOOD.replace("[[vo]]", text))
    config, faults = examine(folder / "config.toml")
    assert config is None
    assert [fault.key for fault in faults if fault.severity is Severity.ERROR] == ["web.url"]


def _link(path: Path) -> str:
    """Return the link to a file that is too large, as the courier of this configuration writes."""
    config = load(path)
    desk = SimpleNamespace(policy=policy(config), store=None, clock=utc_now)
    writer = _writer(cast("Any", SimpleNamespace(config=config, desk=desk)))
    if writer._link_of is None:
        return "no link"
    return writer._link_of(5, 0, datetime(2026, 3, 1, tzinfo=UTC))
