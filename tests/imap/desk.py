"""A whole daemon that reads one mailbox, and what it says of itself."""

from pathlib import Path

from running import Helpdesk, until

from store.engine import open_store
from store.health import read_doors
from tests.imap.dovecot import PASSWORD

IMAP = """\
[[imap]]
host = "localhost"
port = {port}
tls = "off"
user = "{user}"
password = {{ file = "imap.password" }}
address = "support@helpdesk.example"
poll = "2 s"

[store]
"""
ONLY_DOOR = '[smtp]\nlisten = "127.0.0.1:0"\nsubmission_networks = ["127.0.0.1/32"]\n'


def make_desk(place: Path, port: int, user: str, changes: dict[str, str] | None = None) -> Helpdesk:
    """Return a daemon that is not started yet."""
    secret = place / "imap.password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    return Helpdesk(place, {"[store]\n": IMAP.format(port=port, user=user), **(changes or {})})


def doors(desk: Helpdesk) -> int:
    """Return the process of the doors; waits for it."""
    return int(until(lambda: desk.roles().get("doors-0"), "doors run"))


def health(desk: Helpdesk) -> dict[str, str]:
    """Return what each door and role said last."""
    store = open_store(desk.store_url)
    try:
        return {one.name: one.detail for one in read_doors(store)}
    finally:
        store.close()
