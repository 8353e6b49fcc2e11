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
# Text -> where it goes, as Debian lays things out.
PLACES: Mapping[str, str] = {
    "nagios-objects.cfg": "save as /etc/nagios4/conf.d/ticketgate-hook.cfg, then check and restart:"
    " nagios4 -v /etc/nagios4/nagios.cfg && systemctl restart nagios4",
    "nagios-main.cfg": "see that /etc/nagios4/nagios.cfg says so",
    "nsca-ng.cfg": "add to /etc/nsca-ng/nsca-ng.cfg on the machine of Nagios, then restart it",
    "send_nsca-ng.cfg": "save as /etc/ticketgate-hook/send_nsca.cfg, for the hook's user alone",
    "icinga2.conf": "save as /etc/icinga2/conf.d/ticketgate-hook.conf, with a password in place of "
    "CHANGE-ME, then: icinga2 daemon -C && systemctl reload icinga2",
    "alertmanager.yml": "merge into /etc/prometheus/alertmanager.yml, then reload",
    "zabbix.yaml": "save it, import it in the frontend",
    "zabbix-notify.sh": "save as ticketgate-notify in AlertScriptsPath (/etc/zabbix/alert.d),"
    " executable",
    "zabbix-action.json": "parameters of action.create",
}


def snippet(name: str, site: str, hook: str = HOOK) -> str:
    """Return one text; `hook` is how a shell calls `ticketgate-hook` where the monitoring runs."""
    text = (files(__package__) / "snippets" / name).read_text(encoding="utf-8")
    words = ", ".join(f'"{word}"' for word in shlex.split(hook))  # for what has no shell
    return text.replace("@SITE@", site).replace("@HOOK_WORDS@", words).replace("@HOOK@", hook)
