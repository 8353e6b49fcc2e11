"""`ticketgate-hook init SYSTEM`: writes a configuration and prints what other programs need.

Rule: what it writes can be read back and used, by the user who runs the hook; it never writes over
a file. A value that only the site knows reads CHANGE-ME.
Standard library only.
"""

import argparse
import json
import os
import pwd
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from gateway.hook.config import DEFAULT_DIRECTORY
from gateway.hook.config_keys import is_address
from gateway.hook.owner import user_name
from gateway.hook.setup.mail_servers import SERVERS, UNIT
from gateway.hook.setup.snippets import PLACES, SNIPPETS, snippet
from gateway.hook.setup.systems import DEFAULT_USER, SYSTEMS, USERS
from gateway.hook.terminal import complain, show
from gateway.hook.verify import key_name, read_key

DONE, WRONG = 0, 1
_CONFIG = """\
# The alarm hook of a site. Each key is explained in docs/hook.md.
sites = [@SITE_TEXT@]          # exactly as the helpdesk writes it
directory = @DIRECTORY@
admin = "root@localhost"       # who is told of refused mails

[helpdesk.@HELPDESK@]
keys = { @KID@ = @KEY@ }       # two while the helpdesk changes its key
silent_hours = 26              # no sign of life for so long is an alarm of its own; 0 for never

[mail]                         # how receipts and acknowledgements leave
from = @FROM@
sendmail = "/usr/sbin/sendmail"
# host = "smtp.example.org"    # instead of sendmail
# tls = "starttls"             # or "tls"; "off" for this machine only
# user = "alarms"
# password_file = "/etc/ticketgate-hook/smtp.password"

[[sink]]
@SINK@
# [[sink]]                     # told when the others have been down for minutes
# name = "pager"
# kind = "exec"
# command = ["/usr/local/bin/page-somebody"]
# fallback = true

# [poll]                       # without a pipe from the mail server
# maildir = "/home/alarms/Maildir"

[limits]
fallback_after_minutes = 5
"""


def init(options: argparse.Namespace) -> int:
    """Write the file and print the lines; returns the exit code."""
    kid, _, key = options.key.partition("=")
    directory = options.directory or DEFAULT_DIRECTORY
    user = _user(options)
    faults = list(_faults(options, kid, key, user))
    if not faults:
        values = {
            "SITE_TEXT": json.dumps(options.site, ensure_ascii=False),
            "SITE": options.site,
            "DIRECTORY": json.dumps(str(directory)),
            "HELPDESK": json.dumps(options.helpdesk),
            "KID": json.dumps(kid),
            "KEY": json.dumps(key),
            "FROM": json.dumps(options.sender),
        }
        text = _filled(_CONFIG.replace("@SINK@", SYSTEMS[options.system]), values)
        try:
            _make_spool(directory, user)
            _write(options.config, text, user)
        except OSError as error:
            faults.append(f"{error.filename or options.config}: {error.strerror}")
    for fault in faults:
        complain(fault)
    if faults:
        return WRONG
    program = options.program or str(Path(sys.argv[0]).resolve())
    _print_lines(options, program, directory, user)
    return DONE


def _user(options: argparse.Namespace) -> str:
    """Return who runs the hook: for root the user of the system, since nothing is run as root."""
    if options.user:
        return str(options.user)
    return user_name(os.geteuid()) if os.geteuid() else USERS.get(options.system, DEFAULT_USER)


def _faults(options: argparse.Namespace, kid: str, key: str, user: str) -> Iterator[str]:
    if options.system not in SYSTEMS:
        yield f"{options.system} is none of {', '.join(SYSTEMS)}"
    try:
        if kid != key_name(read_key(key)):
            yield f"--key {kid}: the name of this key is {key_name(read_key(key))}"
    except ValueError as error:
        yield f"--key {kid}: {error}"
    if not is_address(options.sender):
        yield "--from must be a plain address, local@domain"
    if options.directory is not None and not options.directory.is_absolute():
        yield "--directory must be a whole path"
    if options.config.exists():
        yield f"{options.config}: File exists; nothing was written"
    elif os.geteuid() == 0 and not _is_known(user):
        yield f"there is no user {user}: adduser --system --group {user}, or --user NAME"


def _is_known(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _make_spool(directory: Path, user: str) -> None:
    """Make the directory, for the user alone, when root calls; raises OSError."""
    if os.geteuid() != 0 or directory.exists():
        return
    directory.mkdir(mode=0o700)  # its parent must be there: made here, it would be closed to others
    entry = pwd.getpwnam(user)
    os.chown(directory, entry.pw_uid, entry.pw_gid, follow_symlinks=False)


def _write(file: Path, text: str, user: str) -> None:
    """Write a file that is not there yet; raises OSError.

    Of root it stays root's, and the user may read it: a hook that was taken over changes nothing.
    """
    fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as stream:
        stream.write(text)
        if os.geteuid() == 0:
            os.fchown(fd, 0, pwd.getpwnam(user).pw_gid)
            os.fchmod(fd, 0o640)


def _print_lines(options: argparse.Namespace, program: str, directory: Path, user: str) -> None:
    call = f"{program} --config {options.config.resolve()}"
    values = {
        "DELIVER": f"{call} deliver",
        "RUN": f"{call} run",
        "USER": user,
        "ADDRESS": options.sender,
        "LOCAL": options.sender.partition("@")[0],
    }
    show(
        f"{options.config} is written for user {user}, the spool is {directory}. Now edit it, then"
    )
    show(f"\n  {call} check-config\n  {call} test\n")
    show(f"as {user}, or as root, who becomes {user}. The rest is for other programs.\n")
    for name in SNIPPETS[options.system]:
        show(f"== {options.system}: {PLACES[name]} ==\n")
        show(snippet(name, options.site, call))
    show("== your mail server: one of these ==\n")
    for server, lines in SERVERS.items():
        show(f"-- {server} --\n{_filled(lines, values)}")
    show("-- or no pipe: [poll] in the configuration, and the service below --\n")
    show("== /etc/systemd/system/ticketgate-hook.service ==\n")
    show("# Then: systemctl enable --now ticketgate-hook")
    show(_filled(UNIT, values))
    show("== or, without that service, /etc/cron.d/ticketgate-hook ==\n")
    show(f"* * * * * {user} {call} resync 2>/dev/null\n")
    show("== the way back, for people ==\n")
    show(f"{call} ack|resolve|comment ID TEXT")


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text
