"""The benchmark itself runs: else nobody learns for months that it does not."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from bench.desk import Lost, desk
from bench.letters import letters
from bench.sending import Refused, send_all
from postgres import programs

from tests.postfix.postfix import why_not

RUN = Path(__file__).with_name("run.py")


def test_a_small_run_compares_with_the_stock_sink(place: Path) -> None:
    words = [sys.executable, RUN, "--quick", "--row", "1", "--mails", "20", "--place", place / "b"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["1", "1"], done.stdout


@pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")  # red under CI
def test_a_small_run_lets_the_clock_do_a_thousand_steps(place: Path) -> None:
    words = [sys.executable, RUN, "--quick", "--row", "10", "--place", place / "b"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    assert sum(line.startswith("| 10 ") for line in done.stdout.splitlines()) == 6, done.stdout


@pytest.mark.skipif(bool(why_not()), reason=why_not())  # honest without root; red under CI
def test_a_small_run_follows_alarms_to_a_sites_monitoring(place: Path) -> None:
    words = [sys.executable, RUN, "--quick", "--row", "9", "--seconds", "1", "--place", place / "b"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    lines = [line.split("|") for line in done.stdout.splitlines() if line.startswith("| 9 ")]
    assert [line[2].split(",")[0].strip() for line in lines] == [
        "10 alarms", "bare Postfix to a pipe", "10 alarms", "bare Postfix to a pipe",
    ]  # fmt: skip
    for line in lines:
        middle, most = map(float, re.findall(r"(\d+) ms", line[3]))
        assert 0 < middle <= most


def test_a_lost_a_doubled_and_a_refused_mail_end_the_run(place: Path) -> None:
    with desk(place) as ours:
        one, other = letters(2)
        ours.begin_round()
        send_all(ours.smtp, [one], 1)
        ours.wait_quiet(1)
        ours.check([one])
        with pytest.raises(Lost):
            ours.check([one, other])
        with pytest.raises(Lost):
            ours.check([])
        stranger = list(letters(1, to="nobody@elsewhere.example"))
        with pytest.raises(Refused, match=r"^550 "):
            send_all(ours.smtp, stranger, 1)
