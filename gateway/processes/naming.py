"""The name of a daemon among several on one database: the end of its slots' and doors' names.

It is made of the machine and the configuration file, so a daemon that starts again finds the claims
that it left, and no other daemon's. Where only one can serve a store, as on SQLite, it is "".
"""

import re
import socket
from hashlib import sha256
from pathlib import Path

from store.engine import Store

HOST_CHARS = 40  # of a column of 80
_NAME = re.compile(r"@[^@:/\s]{1,40}:[0-9a-f]{8}\Z")
_MACHINE_ID = Path("/etc/machine-id")


def daemon_name(store: Store, config_path: Path) -> str:
    """Return `@HOST:DIGEST`, or "" for a store that one daemon alone can serve."""
    if not store.shared:
        return ""
    host = socket.gethostname()
    try:
        machine = _MACHINE_ID.read_text()
    except OSError:
        machine = ""
    whole = f"{machine.strip()} {host} {config_path.absolute()}"
    return f"@{host[:HOST_CHARS]}:{sha256(whole.encode()).hexdigest()[:8]}"


def daemon_of(name: str) -> str:
    """Return whose a slot or a door is by its name: `@HOST:DIGEST`, or "" when it does not say."""
    found = _NAME.search(name)
    return found[0] if found else ""
