"""Every kind of sink there is: a new one is a file beside this one, and a row here.

Standard library only.
"""

from collections.abc import Mapping

from gateway.hook.sinks.alertmanager import ALERTMANAGER
from gateway.hook.sinks.exec import EXEC
from gateway.hook.sinks.icinga2 import ICINGA2
from gateway.hook.sinks.nagios import NAGIOS
from gateway.hook.sinks.nsca import NSCA
from gateway.hook.sinks.settings import SinkKind
from gateway.hook.sinks.webhook import WEBHOOK
from gateway.hook.sinks.zabbix import ZABBIX

SINKS: Mapping[str, SinkKind] = {
    "exec": EXEC,
    "nagios": NAGIOS,
    "nsca": NSCA,
    "icinga2": ICINGA2,
    "alertmanager": ALERTMANAGER,
    "zabbix": ZABBIX,
    "webhook": WEBHOOK,
}
