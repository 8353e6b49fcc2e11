"""`ticketgate-hook init SYSTEM`: writes a configuration and prints what other programs need.

Rule: what it writes can be read back and used; it never writes over a file. A value that only the
site knows reads CHANGE-ME.
Standard library only.
"""

import argparse
import json
import os
import pwd
import sys
from collections.abc import Mapping
from pathlib import Path

from gateway.hook.config import DEFAULT_DIRECTORY
from gateway.hook.setup.mail_servers import SERVERS
from gateway.hook.setup.snippets import SNIPPETS, snippet
from gateway.hook.setup.systems import SYSTEMS
from gateway.hook.terminal import complain, show
from gateway.hook.verify import read_key

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
    faults = list(_faults(options, kid, key))
    if not faults:
        values = {
            "SITE_TEXT": json.dumps(options.site, ensure_ascii=False),
            "SITE": options.site,
            "DIRECTORY": json.dumps(str(options.directory or DEFAULT_DIRECTORY)),
            "HELPDESK": json.dumps(options.helpdesk),
            "KID": json.dumps(kid),
            "KEY": json.dumps(key),
            "FROM": json.dumps(options.sender),
        }
        text = _filled(_CONFIG.replace("@SINK@", SYSTEMS[options.system]), values)
        try:
            _write(options.config, text)
        except OSError as error:
            faults.append(f"{options.config}: {error.strerror}; nothing was written")
    for fault in faults:
        complain(fault)
    if faults:
        return WRONG
    program = options.program or str(Path(sys.argv[0]).resolve())
    _print_lines(options, program)
    return DONE


def _faults(options: argparse.Namespace, kid: str, key: str) -> list[str]:
    faults = []
    if options.system not in SYSTEMS:
        faults.append(f"{options.system} is none of {', '.join(SYSTEMS)}")
    try:
        read_key(key)
    except ValueError as error:
        faults.append(f"--key {kid}: {error}")
    if options.directory is not None and not options.directory.is_absolute():
        faults.append("--directory must be a whole path")
    return faults


def _write(file: Path, text: str) -> None:
    """Write a file that is not there yet, readable for its owner; raises OSError."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)


def _print_lines(options: argparse.Namespace, program: str) -> None:
    call = f"{program} --config {options.config.resolve()}"
    directory = options.directory or DEFAULT_DIRECTORY
    myself = pwd.getpwuid(os.geteuid()).pw_name
    user = options.user or (myself if os.geteuid() else "alarms")
    values = {
        "DELIVER": f"{call} deliver",
        "RUN": f"{call} run",
        "USER": user,
    }
    show(f"{options.config} is written. Then:\n")
    if user != myself:  # a mail server runs nothing as root
        show(f"  chown {user} {options.config.resolve()}")
        show(f"  install -d -m 0700 -o {user} {directory}")
    show(f"  {call} check-config\n  {call} test\n\nboth as {user}.\n")
    show("== your mail server: one of these ==\n")
    for server, lines in SERVERS.items():
        show(f"-- {server} --\n{_filled(lines, values)}")
    show("== every minute, unless `run` is a service: in /etc/cron.d/ticketgate-hook ==\n")
    show(f"* * * * * {values['USER']} {call} resync 2>/dev/null\n")
    show("== the way back, for people ==\n")
    show(f"{call} ack|resolve|comment ID TEXT\n")
    for name in SNIPPETS[options.system]:
        show(f"== {options.system}: {name} ==\n\n{snippet(name, options.site, call)}")


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text
