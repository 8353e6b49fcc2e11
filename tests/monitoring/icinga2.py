"""An Icinga 2 in a scratch directory, with its API on loopback and the hook's own objects."""

import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gateway.hook.setup.snippets import snippet
from tests.imap.certificates import Authority
from tests.monitoring.programs import SITE, Program, Recorder, give_away, needed
from tests.ports import free_port

CONFIG = """\
const NodeName = "localhost"
const ZoneName = NodeName
const TicketSalt = ""
include <itl>
object Endpoint NodeName {{ }}
object Zone ZoneName {{ endpoints = [ NodeName ] }}
object FileLogger "main" {{ severity = "information"; path = LogDir + "/icinga2.log" }}
object ApiListener "api" {{ bind_host = "127.0.0.1"; bind_port = {port} }}
object ApiUser "operator" {{ password = "operator"; permissions = [ "*" ] }}
object CheckerComponent "checker" {{ }}
object NotificationComponent "notification" {{ }}
"""
FOLDERS = ("DataDir", "LogDir", "CacheDir", "SpoolDir", "InitRunDir", "ConfigDir")


class Icinga2:
    """A server that the hook enters as `ticketgate-hook` with the password in `password_file`."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        self.recorder = Recorder(place)
        self.password_file = place / "password"
        self.password_file.write_text("CHANGE-ME\n")
        certs = place / "DataDir" / "certs"
        for name in FOLDERS:
            (place / name).mkdir()
        certs.mkdir()
        authority = place / "authority"
        authority.mkdir()
        signer = Authority(authority)
        cert, key = signer.sign("localhost")
        self.ca_file = certs / "ca.crt"
        self.ca_file.write_bytes(signer.ca.read_bytes())
        (certs / "localhost.crt").write_bytes(cert.read_bytes())
        (certs / "localhost.key").write_bytes(key.read_bytes())
        main = place / "ConfigDir" / "icinga2.conf"
        ours = snippet("icinga2.conf", SITE, str(self.recorder.path))
        main.write_text(CONFIG.format(port=self.port) + ours)
        give_away(place)
        defines = [word for name in FOLDERS for word in ("-D", f"{name}={place / name}")]
        self._program = Program(
            "icinga2", [needed("icinga2"), "daemon", *defines, "-c", main], place / "out.log"
        )
        owner, group = place.owner(), place.group()
        self._program.environment = {"ICINGA2_USER": owner, "ICINGA2_GROUP": group}

    def start(self) -> None:
        """Start it and wait until its API answers."""
        self._program.start(self._ready)

    def stop(self) -> None:
        """Stop it."""
        self._program.stop()

    def service(self, name: str) -> dict[str, Any]:
        """Return the attributes of a service, {} when it is not there."""
        try:
            found = self.ask("GET", f"/v1/objects/services/{quote(name, safe='')}")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return {}
            raise
        return dict(found["results"][0]["attrs"])

    def act(self, action: str, name: str, **body: Any) -> None:
        """Do something to a service as an operator would."""
        self.ask("POST", f"/v1/actions/{action}?service={quote(name, safe='')}", body)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask its API as the operator."""
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Accept", "application/json")
        request.add_header("Authorization", "Basic b3BlcmF0b3I6b3BlcmF0b3I=")
        request.data = None if body is None else json.dumps(body).encode()
        context = ssl.create_default_context(cafile=str(self.ca_file))
        with urllib.request.urlopen(request, timeout=20, context=context) as answer:
            return json.loads(answer.read())

    def _ready(self) -> bool:
        try:
            return bool(self.ask("GET", "/v1/status/IcingaApplication"))
        except OSError:
            return False
