"""The program `ticketgate-hook`: a site's side of the helpdesk's alarms.

Exit codes: 0 done; 1 something is wrong, and said; 2 wrong usage; 3 what was asked for does not
exist; 75 not now, the same call may work later. `deliver` knows only 0 and 75.
Standard library only; what a command needs is imported when it runs.
"""

import os
import sys
from collections.abc import Sequence

WRONG, NOT_NOW = 1, 75


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code; `deliver` never returns."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if _command(given) == "deliver":
        try:
            from gateway.hook.deliver import deliver
        except BaseException:
            os._exit(NOT_NOW)  # a half installed program: any other code would bounce the mail
        deliver(given)
    from gateway.hook.commands import COMMANDS, failed
    from gateway.hook.config import spool_directory
    from gateway.hook.owner import become_owner
    from gateway.hook.usage import parser

    os.umask(0o077)
    options, rest = parser().parse_known_args(given)
    if rest and (not hasattr(options, "text") or any(word.startswith("-") for word in rest)):
        parser().error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:  # argparse does not see that the words behind an option are the text's, too
        options.text += rest
    try:
        if options.command != "init":
            become_owner(spool_directory(options.config), options.config)
        return COMMANDS[options.command](options)
    except KeyboardInterrupt:
        return WRONG
    except Exception as error:
        return failed(error)


def _command(given: Sequence[str]) -> str:
    """Return the command, found without argparse: a slip in a mail server's line is no usage error.

    Such a server would lose the mail over exit code 2.
    """
    words = iter(given)
    for word in words:
        if word == "--config":
            next(words, None)
        elif not word.startswith("-"):
            return word
    return ""
