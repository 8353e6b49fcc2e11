"""A Zabbix server and the API of its frontend, on a database of the tests' own PostgreSQL.

Of the stock data only what both need to start is loaded: the hundreds of templates take half a
minute. The template, the media type and the action are the hook's own.
"""

import gzip
import json
import re
import shutil
import socket
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import postgres
import pytest
from running import until

from gateway.hook.setup.snippets import snippet
from tests.monitoring.programs import SITE, Program, Recorder, answers, give_away, needed
from tests.ports import free_port

FRONTEND = Path("/usr/share/zabbix")
DATA = Path("/usr/share/zabbix-server-pgsql")
PASSWORD = "Xy7!longenough"
_NEEDED_ROWS = re.compile(
    r"INSERT INTO (role|role_rule|usrgrp|users|users_groups|config|hstgrp|regexps|expressions"
    r"|config_autoreg_tls) "
)
SERVER = """\
ListenIP=127.0.0.1
ListenPort={port}
LogType=console
PidFile={place}/zabbix.pid
SocketDir={place}
AlertScriptsPath={place}/scripts
DBHost={database}
DBName=zabbix
DBUser=gw
StartPollers=1
StartPollersUnreachable=1
StartPingers=0
StartDiscoverers=0
StartHTTPPollers=0
StartTrappers=2
StartPreprocessors=1
StartLLDProcessors=1
StartHistoryPollers=1
StartReportWriters=0
StartAlerters=1
StartEscalators=1
StartTimers=1
StartDBSyncers=1
CacheUpdateFrequency=1
FpingLocation=/bin/true
"""
FRONTEND_SETTINGS = """\
<?php
$DB['TYPE'] = 'POSTGRESQL';
$DB['SERVER'] = '{database}';
$DB['PORT'] = '0';
$DB['DATABASE'] = 'zabbix';
$DB['USER'] = 'gw';
$DB['PASSWORD'] = '';
$DB['SCHEMA'] = '';
$DB['ENCRYPTION'] = false;
$DB['DOUBLE_IEEE754'] = true;
$ZBX_SERVER = '127.0.0.1';
$ZBX_SERVER_PORT = '{port}';
$ZBX_SERVER_NAME = '';
$IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;
"""


class Zabbix:
    """A server with host SITE; `token_file` is of a user who may read it, `ask` is the boss."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.port = free_port()  # the server takes none above
        self._web_port = free_port()
        self.api_url = f"http://127.0.0.1:{self._web_port}/api_jsonrpc.php"
        self.token_file = place / "token"
        self._auth: str | None = None
        self.recorder = Recorder(place)
        scripts = place / "scripts"
        scripts.mkdir()
        script = scripts / "ticketgate-notify"
        script.write_text(snippet("zabbix-notify.sh", SITE, str(self.recorder.path)))
        script.chmod(0o755)
        database = postgres.shared_server()
        _fill(database)
        settings = place / "zabbix.conf"
        settings.write_text(SERVER.format(port=self.port, place=place, database=database.place))
        web = _frontend(place, FRONTEND_SETTINGS.format(database=database.place, port=self.port))
        give_away(place)
        self._server = Program(
            "zabbix", [needed("zabbix_server"), "-f", "-c", settings], place / "server.log"
        )
        self._web = Program(
            "php",
            [needed("php"), "-S", f"127.0.0.1:{self._web_port}", "-t", web],
            place / "web.log",
        )

    def start(self) -> None:
        """Start server and frontend, and put the hook's template, user and action into them."""
        self._web.start(lambda: answers(self._web_port))
        self._auth = self.ask("user.login", username="Admin", password="zabbix")
        self._set_up()
        self.start_server()

    def start_server(self) -> None:
        """Start the server alone and wait until it takes the item's values."""
        self._server.start(lambda: answers(self.port))
        until(self._knows_the_item, "the item is known", 60)

    def stop_server(self) -> None:
        """Stop the server alone."""
        self._server.stop()

    def close(self) -> None:
        """Stop both."""
        self._server.stop()
        self._web.stop()
        postgres.shared_server().say("DROP DATABASE IF EXISTS zabbix WITH (FORCE)")

    def ask(self, method: str, *listed: Any, **params: Any) -> Any:
        """Call the API as the administrator, with a list of parameters or with named ones."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "auth": self._auth}
        body["params"] = listed or params
        request = urllib.request.Request(self.api_url, json.dumps(body).encode())
        request.add_header("Content-Type", "application/json-rpc")
        with urllib.request.urlopen(request, timeout=30) as answer:
            said = json.loads(answer.read())
        assert "result" in said, (method, said)
        return said["result"]

    def problems(self, alarm_id: str) -> list[dict[str, Any]]:
        """Return the open problems of an alarm, with tags and acknowledgements."""
        tags = [{"tag": "alarm", "value": alarm_id, "operator": 1}]
        return list(
            self.ask("problem.get", tags=tags, selectTags="extend", selectAcknowledges="extend")
        )

    def _set_up(self) -> None:
        both = {"createMissing": True, "updateExisting": True}
        rules = dict.fromkeys(("templates", "items", "triggers", "mediaTypes"), both)
        rules["groups"] = {"createMissing": True}
        source = snippet("zabbix.yaml", SITE)
        self.ask("configuration.import", format="yaml", rules=rules, source=source)
        (template,) = self.ask("template.get", filter={"host": "Alarm tickets"})
        (group,) = self.ask("hostgroup.create", name="Alarms")["groupids"]
        self.ask("host.create", host=SITE, groups=[{"groupid": group}],
                 templates=[{"templateid": template["templateid"]}])  # fmt: skip
        # One group for both: Zabbix names a person only to those who share a group with them.
        rights = [{"id": group, "permission": 3}]
        (people,) = self.ask("usergroup.create", name="Alarm people", rights=rights)["usrgrpids"]
        (media,) = self.ask("mediatype.get", filter={"name": "ticketgate-hook"})
        medium = {
            "mediatypeid": media["mediatypeid"], "sendto": "helpdesk", "active": 0,
            "severity": 63, "period": "1-7,00:00-24:00",
        }  # fmt: skip
        common = {"passwd": PASSWORD, "roleid": "1", "usrgrps": [{"usrgrpid": people}]}
        made = self.ask("user.create", username="ticketgate-hook", medias=[medium], **common)
        (user,) = made["userids"]
        self.ask("user.create", username="erika", name="Erika", surname="Example", **common)
        text = snippet("zabbix-action.json", SITE)
        text = text.replace("MEDIATYPE", media["mediatypeid"]).replace('USER"', f'{user}"')
        self.ask("action.create", **json.loads(text))
        (token,) = self.ask("token.create", name="ticketgate-hook", userid=user)["tokenids"]
        (made,) = self.ask("token.generate", token)
        self.token_file.write_text(made["token"] + "\n")

    def as_person(self, method: str, **params: Any) -> Any:
        """Call the API as Erika Example."""
        boss, self._auth = self._auth, None
        try:
            self._auth = self.ask("user.login", username="erika", password=PASSWORD)
            return self.ask(method, **params)
        finally:
            self._auth = boss

    def _knows_the_item(self) -> bool:
        body = json.dumps({
            "request": "sender data",
            "data": [{"host": SITE, "key": "alarm.ticket", "value": "probe"}],
        }).encode()  # fmt: skip
        answer = b""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 10) as peer:
            peer.sendall(b"ZBXD\x01" + len(body).to_bytes(8, "little") + body)
            while piece := peer.recv(4096):
                answer += piece
        return b"failed: 0" in answer


def _fill(database: postgres.Server) -> None:
    if not DATA.is_dir():
        pytest.skip("zabbix-server-pgsql is not installed (tests/servers/packages.txt)")
    database.say("DROP DATABASE IF EXISTS zabbix WITH (FORCE)")
    database.say("CREATE DATABASE zabbix TEMPLATE template0")
    database.say(gzip.decompress((DATA / "schema.sql.gz").read_bytes()).decode(), "zabbix")
    with gzip.open(DATA / "data.sql.gz", "rt", encoding="utf-8") as lines:
        rows = [line for line in lines if _NEEDED_ROWS.match(line)]
    database.say("BEGIN;" + "".join(rows) + "COMMIT;", "zabbix")


def _frontend(place: Path, settings: str) -> Path:
    """Return a copy of the frontend that reads our settings: the path is in its source."""
    if not FRONTEND.is_dir():
        pytest.skip("zabbix-frontend-php is not installed (tests/servers/packages.txt)")
    web = place / "web"
    idle = shutil.ignore_patterns("assets", "audio", "fonts", "js", "locale", "imgstore.php")
    shutil.copytree(FRONTEND, web, ignore=idle, symlinks=True)
    path = place / "frontend.php"
    path.write_text(settings)
    source = web / "include" / "classes" / "core" / "CConfigFile.php"
    text = source.read_text()
    assert "/etc/zabbix/zabbix.conf.php" in text
    source.write_text(text.replace("/etc/zabbix/zabbix.conf.php", str(path)))
    return web
