"""An Alertmanager in a scratch directory, with the hook's own route."""

import json
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from gateway.hook.setup.snippets import snippet
from tests.monitoring.programs import SITE, Program, give_away, needed
from tests.ports import free_port


class Pages:
    """What an Alertmanager pages to: a web server that keeps each notification."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.at: list[float] = []  # when, by the wall clock
        pages = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                pages.at.append(time.time())
                pages.got.append(json.loads(self.rfile.read(length)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def about(self, alarm_id: str) -> list[str]:
        """Return the status of each page about an alarm."""
        return [
            one["status"] for one in self.got if one["commonLabels"].get("alarm_id") == alarm_id
        ]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(60)


class Alertmanager:
    """A server on loopback; what it pages lies in `pages`."""

    def __init__(self, place: Path) -> None:
        self.pages = Pages()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        text = snippet("alertmanager.yml", SITE)
        assert "http://127.0.0.1:9/page" in text
        settings = place / "alertmanager.yml"
        settings.write_text(
            text.replace("http://127.0.0.1:9/page", f"http://127.0.0.1:{self.pages.port}/page")
        )
        (place / "data").mkdir()
        give_away(place)
        self._program = Program(
            "alertmanager",
            [
                needed("prometheus-alertmanager"),
                f"--config.file={settings}",
                f"--storage.path={place}/data",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--cluster.listen-address=",
            ],
            place / "log",
        )

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self._program.start(self._ready)

    def stop(self) -> None:
        """Stop it: its alerts are gone, its silences are not."""
        self._program.stop()

    def close(self) -> None:
        """Stop it and what it pages to."""
        self.stop()
        self.pages.close()

    def alerts(self, alarm_id: str) -> list[dict[str, Any]]:
        """Return the alerts of an alarm."""
        query = urllib.parse.urlencode({"filter": f'alarm_id="{alarm_id}"'})
        return list(self._ask(f"/api/v2/alerts?{query}"))

    def silences(self, alarm_id: str) -> list[dict[str, Any]]:
        """Return the silences of an alarm that are in force."""
        query = urllib.parse.urlencode({"filter": f'alarm_id="{alarm_id}"'})
        found = self._ask(f"/api/v2/silences?{query}")
        return [one for one in found if one["status"]["state"] == "active"]

    def silence(self, alarm_id: str, by: str, comment: str) -> None:
        """Silence an alarm as a person would."""
        matcher = {"name": "alarm_id", "value": alarm_id, "isRegex": False}
        self._ask("/api/v2/silences", {
            "matchers": [matcher],
            "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": "2098-01-01T00:00:00Z",
            "createdBy": by,
            "comment": comment,
        })  # fmt: skip

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _ask(self, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(self.url + path)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())
