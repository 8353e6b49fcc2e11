"""The demo's site: what `ticketgate-hook` of FJELL-LCG2 needs, ready to be run by hand.

Its monitoring is a shell script that writes a line into a file for each thing that it is told. It
believes this demo's alarm key and no other, and answers through the demo's own SMTP door. Texts
only; nothing is written or started here.
"""

import json
from pathlib import Path

from gateway.config.signingkeys import read_ed25519
from gateway.demo.words import HELPDESK, HELPDESK_PORT, SITE, SITE_ALARM
from gateway.outbound.alarm import AlarmSigner

_HOOK = """\
# The alarm hook of {site}, a site of the demo (docs/demo.md). Each key: hook.example.toml.
sites = ["{site}"]
directory = {directory}
admin = ""             # nobody is mailed about what was refused: look into quarantine

[helpdesk."{helpdesk}"]
keys = {{ "{kid}" = "{key}" }}
silent_hours = 0       # nothing of this demo runs day and night

[mail]                 # answers go straight to the demo's door
from = "{sender}"
host = "127.0.0.1"
port = {port}
tls = "off"

[[sink]]               # its monitoring
name = "monitoring"
kind = "exec"
command = [{command}]
"""
_MONITORING = """\
#!/bin/sh
# The monitoring of a small site: a line for each thing that it is told, in the file beside it.
printf '%s %s %s %s: %s\\n' "$ALARM_ID" "$ALARM_STATUS" "$ALARM_SEVERITY" "$ALARM_VO" \\
    "$ALARM_SUMMARY" >>"$0.log"
"""


def site_files(place: Path, alarm_key: bytes) -> dict[str, tuple[bytes, int]]:
    """Return each file of the site's directory with its mode; `place` is where they will lie.

    `alarm_key` is the helpdesk's secret (PEM); only its public half is in what is returned.
    """
    signer = AlarmSigner(read_ed25519(alarm_key))
    hook = _HOOK.format(
        site=SITE,
        helpdesk=HELPDESK,
        kid=signer.kid,
        key=signer.public,
        sender=SITE_ALARM,
        port=HELPDESK_PORT,
        directory=json.dumps(str(place / "spool"), ensure_ascii=False),
        command=json.dumps(str(place / "monitoring"), ensure_ascii=False),
    )
    return {
        "hook.toml": (hook.encode(), 0o600),
        "monitoring": (_MONITORING.encode(), 0o755),
    }
