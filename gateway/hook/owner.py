"""Who runs the hook: the owner of its directory, also when root calls it.

Rule: what root wrote into the directory could not be read by the user that the mail server calls,
and one look by root would stop all alarms. So root's rights are given up before anything is opened;
and whoever may write the configuration gets no rights of root by it.
Standard library only.
"""

import os
import pwd
from pathlib import Path


def become_owner(directory: Path, configuration: Path) -> None:
    """Go on as the owner of the directory, else of the configuration, if root calls.

    Where both are root's, or not there, it stays root. Raises OSError when it is not allowed.
    """
    owners = [found for path in (directory, configuration) if (found := _stranger(path))]
    if os.geteuid() != 0 or not owners:
        return
    found = owners[0]
    try:
        entry = pwd.getpwuid(found.st_uid)
    except KeyError:  # a number without a name, as in containers
        os.setgroups([found.st_gid])
        os.setgid(found.st_gid)
    else:
        os.initgroups(entry.pw_name, entry.pw_gid)
        os.setgid(entry.pw_gid)
    os.setuid(found.st_uid)


def _stranger(path: Path) -> os.stat_result | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found if found.st_uid != 0 else None


def user_name(uid: int) -> str:
    """Return the name of a user, for a person."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"number {uid}"
