"""What `ticketgate-hook init SYSTEM` writes for a monitoring system: the block of its sink.

A new system is a row here; what the system itself needs to know stands in `snippets`.
Standard library only.
"""

from collections.abc import Mapping

DEFAULT_USER = "alarms"
# Who runs the hook on Debian: whoever calls the notification command, so that it reaches the spool.
USERS: Mapping[str, str] = {"nagios": "nagios", "icinga2": "nagios", "zabbix": "zabbix"}

# SYSTEM -> the lines below `[[sink]]`. Lines that begin with # are for the reader to choose.
SYSTEMS: Mapping[str, str] = {
    "nagios": """\
kind = "nagios"
command_file = "/var/lib/nagios4/rw/nagios.cmd"
status_file = "/var/lib/nagios4/status.dat"
# host = "@SITE@"               # host_name of the service
# service = "alarm-tickets"
""",
    "nsca": """\
kind = "nsca"
variant = "nsca-ng"
config_file = "/etc/ticketgate-hook/send_nsca.cfg"
commands = true
""",
    "icinga2": """\
kind = "icinga2"
url = "https://CHANGE-ME.example:5665"    # the name in the server's certificate
user = "ticketgate-hook"
password_file = "/etc/ticketgate-hook/icinga2.password"
ca_file = "/etc/ticketgate-hook/icinga2-ca.crt"   # a copy of /var/lib/icinga2/certs/ca.crt
""",
    "alertmanager": """\
kind = "alertmanager"
url = "http://127.0.0.1:9093"
""",
    "zabbix": """\
kind = "zabbix"
server = "127.0.0.1"
# api_url = "https://CHANGE-ME.example/zabbix/api_jsonrpc.php"   # to acknowledge there
# token_file = "/etc/ticketgate-hook/zabbix.token"
""",
    "exec": """\
kind = "exec"
command = ["/usr/local/bin/page-somebody"]
""",
    "webhook": """\
kind = "webhook"
url = "https://CHANGE-ME.example/alarms"
# secret_file = "/etc/ticketgate-hook/webhook.secret"
""",
}
