"""What a site puts into its monitoring: the text files beside this one, filled in.

The tests start the real systems with exactly these texts, and docs/hook/ shows them.
Standard library only.
"""

import shlex
from collections.abc import Mapping, Sequence
from importlib.resources import files

HOOK = "/usr/local/bin/ticketgate-hook"
SNIPPETS: Mapping[str, Sequence[str]] = {
    "nagios": ("nagios-objects.cfg", "nagios-main.cfg"),
    "nsca": ("nagios-objects.cfg", "nsca-ng.cfg", "send_nsca-ng.cfg"),
    "icinga2": ("icinga2.conf",),
    "alertmanager": ("alertmanager.yml",),
    "zabbix": ("zabbix.yaml", "zabbix-notify.sh", "zabbix-action.json"),
    "exec": (),
    "webhook": (),
}


def snippet(name: str, site: str, hook: str = HOOK) -> str:
    """Return one text; `hook` is how a shell calls `ticketgate-hook` where the monitoring runs."""
    text = (files(__package__) / "snippets" / name).read_text(encoding="utf-8")
    words = ", ".join(f'"{word}"' for word in shlex.split(hook))  # for what has no shell
    return text.replace("@SITE@", site).replace("@HOOK_WORDS@", words).replace("@HOOK@", hook)
