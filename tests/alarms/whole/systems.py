"""A site's monitoring system as its people use it: read it, acknowledge in it, see that it is over.

Each asks the real system by its own means: status file, REST, API, silences.
"""

from typing import Protocol

from tests.alarms.whole.federation import Federation, edit, timer
from tests.hook.site import Site
from tests.monitoring.alertmanager import Alertmanager
from tests.monitoring.icinga2 import Icinga2
from tests.monitoring.nagios import Nagios
from tests.monitoring.nsca import Nsca
from tests.monitoring.programs import SITE
from tests.monitoring.zabbix import Zabbix

WHO, WORDS = "Olga Op", "we look at the machine room"


class System(Protocol):
    """`who` is how the system names the person; a ticket is given by its number."""

    who: str
    site: Site

    def shows(self, ticket: int) -> bool:
        """Whether an operator sees an open problem of this alarm."""
        ...

    def acknowledge(self, ticket: int) -> None:
        """Acknowledge it as an operator does, with WORDS."""
        ...

    def is_acknowledged(self, ticket: int) -> bool:
        """Whether the system shows that somebody cares."""
        ...

    def close(self, ticket: int) -> bool:
        """Say there that it is over, if the site has that solve the ticket; else return False."""
        ...

    def leave(self) -> None:
        """Cut the way back, for those who use the system next."""
        ...


class ByNagios:
    """One service for all alarms; a person gives commands. With `nsca` over the network."""

    who = WHO

    def __init__(self, federation: Federation, nagios: Nagios, nsca: Nsca | None = None) -> None:
        self._nagios = nagios
        self._solves = federation.sites["T1-NAGIOS"]
        self.site = federation.sites["T1-NSCA" if nsca else "T1-NAGIOS"]
        if nsca is None:
            edit(self.site, {
                "/var/lib/nagios4/rw/nagios.cmd": str(nagios.command_file),
                "/var/lib/nagios4/status.dat": str(nagios.status_file),
                '# host = "T1-NAGIOS"': f'host = "{SITE}"',
            })  # fmt: skip
        else:
            edit(self.site, {
                "/etc/ticketgate-hook/send_nsca.cfg":
                    f'{nsca.ng_config}"\nprogram = "{nsca.ng_client}"\nserver = "127.0.0.1"\n'
                    f'port = {nsca.ng_port}\nhost = "{SITE}',
            })  # fmt: skip
        nagios.recorder.then(self.site.command())

    def shows(self, ticket: int) -> bool:
        service = self._nagios.service()
        return service["current_state"] == "2" and f" {ticket}." in service["plugin_output"]

    def acknowledge(self, ticket: int) -> None:
        del ticket
        self._nagios.command(f"ACKNOWLEDGE_SVC_PROBLEM;{SITE};alarm-tickets;2;1;1;{WHO};{WORDS}")

    def is_acknowledged(self, ticket: int) -> bool:
        return self.shows(ticket) and (
            self._nagios.service()["problem_has_been_acknowledged"] == "1"
        )

    def close(self, ticket: int) -> bool:
        del ticket
        if self.site is not self._solves:
            return False
        self._nagios.command(f"PROCESS_SERVICE_CHECK_RESULT;{SITE};alarm-tickets;0;repaired")
        return True

    def leave(self) -> None:
        self._nagios.recorder.then([])


class ByIcinga2:
    """A service for each alarm; a person uses the API, as Icinga Web does."""

    who = WHO

    def __init__(self, federation: Federation, icinga2: Icinga2) -> None:
        self._icinga2 = icinga2
        self.site = federation.sites["T1-ICINGA2"]
        edit(self.site, {
            "https://CHANGE-ME.example:5665": icinga2.url,
            "/etc/ticketgate-hook/icinga2.password": str(icinga2.password_file),
            '/etc/ticketgate-hook/icinga2-ca.crt"': f'{icinga2.ca_file}"\nhost = "{SITE}"\n',
        })  # fmt: skip
        icinga2.recorder.then(self.site.command())

    def _service(self, ticket: int) -> dict[str, object]:
        return self._icinga2.service(f"{SITE}!alarm-{ticket}")

    def shows(self, ticket: int) -> bool:
        return self._service(ticket).get("state") == 2

    def acknowledge(self, ticket: int) -> None:
        name = f"{SITE}!alarm-{ticket}"
        self._icinga2.act("acknowledge-problem", name, author=WHO, comment=WORDS, notify=True)

    def is_acknowledged(self, ticket: int) -> bool:
        return self.shows(ticket) and self._service(ticket)["acknowledgement"] == 1

    def close(self, ticket: int) -> bool:
        del ticket
        return False

    def leave(self) -> None:
        self._icinga2.recorder.then([])


class ByZabbix:
    """A problem for each alarm; a person uses the API of the frontend."""

    who = "Erika Example (erika)"

    def __init__(self, federation: Federation, zabbix: Zabbix) -> None:
        self._zabbix = zabbix
        self.site = federation.sites["T1-ZABBIX"]
        edit(self.site, {
            'server = "127.0.0.1"': f'server = "127.0.0.1"\nport = {zabbix.port}\nhost = "{SITE}"',
            '# api_url = "https://CHANGE-ME.example/zabbix/api_jsonrpc.php"':
                f'api_url = "{zabbix.api_url}"',
            '# token_file = "/etc/ticketgate-hook/zabbix.token"':
                f'token_file = "{zabbix.token_file}"',
        })  # fmt: skip
        zabbix.recorder.then(self.site.command())

    def _problems(self, ticket: int) -> list[dict[str, str]]:
        return self._zabbix.problems(f"helpdesk.example/{ticket}")

    def shows(self, ticket: int) -> bool:
        return bool(self._problems(ticket))

    def acknowledge(self, ticket: int) -> None:
        self._act(ticket, action=6, message=WORDS)

    def is_acknowledged(self, ticket: int) -> bool:
        found = self._problems(ticket)
        return bool(found) and all(one["acknowledged"] == "1" for one in found)

    def close(self, ticket: int) -> bool:
        self._act(ticket, action=1)
        return True

    def leave(self) -> None:
        self._zabbix.recorder.then([])

    def _act(self, ticket: int, **what: object) -> None:
        for problem in self._problems(ticket):
            self._zabbix.as_person("event.acknowledge", eventids=problem["eventid"], **what)


class ByAlertmanager:
    """An alert for each alarm; a person silences it, and the hook's timer sees that."""

    who = WHO

    def __init__(self, federation: Federation, alertmanager: Alertmanager) -> None:
        self._alertmanager = alertmanager
        self.site = federation.sites["T1-ALERTMANAGER"]
        edit(self.site, {"http://127.0.0.1:9093": alertmanager.url})

    def shows(self, ticket: int) -> bool:
        return len(self._alertmanager.alerts(f"helpdesk.example/{ticket}")) == 1

    def acknowledge(self, ticket: int) -> None:
        self._alertmanager.silence(f"helpdesk.example/{ticket}", WHO, WORDS)
        timer(self.site)

    def is_acknowledged(self, ticket: int) -> bool:
        found = self._alertmanager.alerts(f"helpdesk.example/{ticket}")
        return [one["status"]["state"] for one in found] == ["suppressed"]

    def close(self, ticket: int) -> bool:
        del ticket
        return False

    def leave(self) -> None:
        pass
