"""docs/install.md, section 3, as it is typed: nothing of the demo is left but its configuration."""

import subprocess
from pathlib import Path

from tests.alarms.demo import ROOT, blocks
from tests.warm import PROGRAM, run_program


def test_what_is_typed_for_the_configuration_leaves_no_key_of_the_demo(tmp_path: Path) -> None:
    etc = tmp_path / "ticketgate"
    (etc / "credentials").mkdir(parents=True)
    typed, *_ = blocks("3. Configuration", ROOT / "docs" / "install.md")
    typed = typed.replace("/opt/ticketgate/.venv/bin/ticketgate", str(PROGRAM))
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", typed.replace("/etc/ticketgate", str(etc))],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    left = sorted(str(path.relative_to(etc)) for path in etc.rglob("*") if path.is_file())
    assert left == ["config.toml", "credentials/secret"]
    checked = run_program(
        *("check-config", "--config", etc / "config.toml"),
        CREDENTIALS_DIRECTORY=str(etc / "credentials"),
    )
    (fault,) = [line for line in checked.out.splitlines() if "warning" not in line]
    assert "no mail can come in" in fault
