"""kill -9 at every point: nothing is lost, and nothing doubled that is not safe to repeat."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hook.site import HELPDESK, REPLY_TO, Site, alarm

ROOT = Path(__file__).resolve().parents[2]
LEAST_POINTS = 60  # so that a test whose killer never strikes is seen


@pytest.mark.parametrize("command", ["deliver", "drain"])
def test_no_kill_loses_an_alarm_or_its_receipt(site: Site, command: str) -> None:
    mail = site.place / "mail"
    mail.write_bytes(site.signer.mail(alarm()))
    run = subprocess.run(
        [sys.executable, "-m", "tests.hook.killing", site.file, mail, site.place, command],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        timeout=280, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    found = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(found) > LEAST_POINTS
    assert [one["code"] for one in found] == [-9] * (len(found) - 1) + [0]
    for one in found:
        where = f"killed at point {one['number']}"
        assert set(one["shown"]) == {f"{HELPDESK}/900001 1 firing actual 1"}, where
        assert 1 <= len(one["shown"]) <= 2, where
        receipts = [text for text in one["sent"] if REPLY_TO in text]
        assert 1 <= len(receipts) == len(one["sent"]) <= 2, where
        assert len({re.findall("Message-ID: (.*)", text)[0] for text in receipts}) == 1, where
        assert one["left"] == [], where
