import signal
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.served import ROLE, SERVE, WAITING, Serve, Served, is_alive, wait_for


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start a supervisor of roles given as name={"code": ..., **Role fields}."""
    running: list[Served] = []
    (tmp_path / "serve.py").write_text(SERVE)

    def start(
        constants: dict[str, float] | None = None,
        argv: tuple[str, ...] = (),
        **roles: dict[str, Any],
    ) -> Served:
        fields = []
        for name, role in roles.items():
            code = textwrap.dedent(role.pop("code", WAITING))
            (tmp_path / f"{name}.py").write_text(ROLE + textwrap.indent(code, "    "))
            fields.append({"name": name, **role})
        plan = {"here": str(tmp_path), "roles": fields, "constants": constants or {}}
        running.append(Served(tmp_path, plan, list(argv)))
        return running[-1]

    yield start
    for served in running:
        if served.process.poll() is None:
            served.process.send_signal(signal.SIGCONT)
            served.process.kill()
            served.process.wait(60)
    for line in (tmp_path / "notes").read_text().splitlines() if running else ():
        if " start " in line:
            pid = int(line.split()[-1])
            wait_for(lambda pid=pid: not is_alive(pid))  # nothing outlives its supervisor
