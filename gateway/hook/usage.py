"""The command line of `ticketgate-hook`: its commands and their options.

Standard library only.
"""

import argparse
from functools import partial
from pathlib import Path

from gateway.hook.config import DEFAULT_FILE


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="ticketgate-hook",
        description="Takes the helpdesk's alarm mails, verifies them and tells your monitoring.",
    )
    top.add_argument("--config", type=Path, default=DEFAULT_FILE, help=f"default {DEFAULT_FILE}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    either = argparse.ArgumentParser(add_help=False)  # the file may be named after the command too
    either.add_argument("--config", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    add = partial(commands.add_parser, parents=[either])
    add("deliver", help="take one mail from standard input; what the mail server calls")
    add("poll", help="fetch new mails from the mailbox or maildir of [poll], and flush")
    add("flush", help="do what is due: mails, sinks, receipts; for a timer of a minute")
    add("resync", help="flush, and send open alarms again to systems that forget them")
    add("run", help="flush, resync and poll for ever; for a service")
    status = add("status", help="say how everything stands; 1 when something is wrong")
    status.add_argument("--json", action="store_true", help="for a program")
    test = add("test", help="show a test alarm by the sinks, and take it back")
    test.add_argument("--sink", action="append", help="only this one; may stand several times")
    test.add_argument("--keep", action="store_true", help="do not take it back")
    test.add_argument("--page", action="store_true", help="as an exercise: critical, so it pages")
    for name, said in (("ack", "acknowledge"), ("resolve", "resolve"), ("comment", "comment")):
        one = add(name, help=f"tell the helpdesk: {said}")
        one.add_argument("alarm", metavar="ID", help="the alarm's id or its ticket number")
        one.add_argument("text", nargs="*", help="what to say")
        one.add_argument("--by", default="", help="who says it; the user of this process if left")
    notify = add("notify", help="what a notification command of your monitoring calls")
    notify.add_argument("--event", required=True, help="ACKNOWLEDGEMENT, RECOVERY, COMMENT")
    notify.add_argument(
        "--alarm", default="", help='the alarm\'s id; all open ones if left or "all"'
    )
    notify.add_argument("--by", default="", help="who did it")
    notify.add_argument("--comment", default="", help="what that person wrote")
    add("check-config", help="check the file, and whether this machine can do what it says")
    init = add("init", help="write a configuration, and print what to tell your other systems")
    init.add_argument("system", metavar="SYSTEM", help="your monitoring: nagios, icinga2, ...")
    init.add_argument("--site", required=True, help="the site's name at the helpdesk")
    init.add_argument("--helpdesk", required=True, metavar="DOMAIN", help="the helpdesk's domain")
    init.add_argument("--key", required=True, metavar="KID=KEY", help="its public key, with name")
    init.add_argument("--from", dest="sender", required=True, help="address that answers come from")
    init.add_argument("--directory", type=Path, help="the spool")
    init.add_argument(
        "--user", help="who runs the hook; you if left, the user of your monitoring if you are root"
    )
    init.add_argument("--program", help="how this program is called by others")
    return top
