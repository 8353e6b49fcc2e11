import os
import subprocess
import sys

import pytest

from tests.hook.site import PYTHON, Site, alarm


def test_an_alarm_is_shown_and_receipted_at_once(site: Site) -> None:
    assert site.deliver(site.signer.mail(alarm())) == 0
    assert site.shown() == ["helpdesk.example.org/900001 1 firing actual 1"]
    assert site.events() == ["receipt"]
    assert "Auto-Submitted: auto-replied" in site.sent()[0]
    assert "Sequence: 1" in site.sent()[0]
    assert site.names("new") == []


def test_line_ends_of_a_pipe_serve_as_well(site: Site) -> None:
    site.deliver(site.signer.mail(alarm()).replace(b"\r\n", b"\n"))
    assert len(site.shown()) == 1


def test_nothing_is_readable_for_others(site: Site) -> None:
    site.deliver(site.signer.mail(alarm()), umask=0)
    modes = {path.stat().st_mode & 0o077 for path in site.directory.rglob("*")}
    assert modes == {0}
    assert (site.place / "mon.shown").stat().st_mode & 0o077 == 0  # nor what sinks write


def test_without_standard_output_or_error_it_works_all_the_same(site: Site) -> None:
    shell = f"exec {' '.join(site.command('deliver'))} >&- 2>&-"
    done = subprocess.run(
        ["/bin/sh", "-c", shell], input=site.signer.mail(alarm()), env={}, check=False
    )
    assert done.returncode == 0
    assert len(site.shown()) == 1
    assert len(site.events()) == 1


def test_without_standard_input_it_could_not_spool(site: Site) -> None:
    shell = f"exec {' '.join(site.command('deliver'))} <&-"
    done = subprocess.run(["/bin/sh", "-c", shell], env={}, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (75, b"", b"")
    assert site.names("new") == []


@pytest.mark.parametrize("size", [0, 1, 262_144, 262_145, 3_000_000])
def test_any_bytes_end_with_0_and_are_set_aside(site: Site, size: int) -> None:
    assert site.deliver(b"x" * size) == 0
    assert len([one for one in site.names("quarantine") if one.endswith(".eml")]) == 1
    assert site.shown() == []
    (kept,) = (site.directory / "quarantine").glob("*.eml")
    assert kept.stat().st_size <= 262_145


def test_a_directory_that_cannot_be_made_is_75(site: Site) -> None:
    site.file.write_text(f'directory = "{site.place}/sendmail/spool"')
    assert site.deliver(site.signer.mail(alarm())) == 75


def test_a_spool_of_somebody_else_is_75(site: Site) -> None:
    site.directory.mkdir(mode=0o700)
    assert site.deliver(site.signer.mail(alarm()), user="nobody", group="nogroup") == 75
    assert site.names("") == []


def test_a_broken_configuration_costs_no_alarm(site: Site) -> None:
    good = site.file.read_text()
    site.file.write_text(good + "\n[mail\nnonsense")
    assert site.deliver(site.signer.mail(alarm())) == 0
    assert len(site.names("new")) == 1
    assert site.run("status").returncode == 1
    site.file.write_text(good)
    assert site.run("flush").returncode == 0
    assert len(site.shown()) == 1


def test_a_configuration_named_by_a_short_path_is_the_one_in_that_directory(site: Site) -> None:
    words = [PYTHON, "-I", "-S", str(site.pyz), "--config", site.file.name, "deliver"]
    raw = site.signer.mail(alarm())
    done = subprocess.run(words, input=raw, env={}, cwd=site.place, check=False, timeout=60)
    assert done.returncode == 0
    assert len(site.shown()) == 1


def test_a_slip_in_the_mail_servers_line_is_no_usage_error(site: Site) -> None:
    assert site.run("deliver", "--no-such-option", "x", input=b"x").returncode == 0


def test_the_word_deliver_in_a_comment_is_no_command(site: Site) -> None:
    done = site.run("comment", "1", "please", "deliver")
    assert done.returncode == 3


def test_a_full_disk_is_75_and_leaves_nothing(site: Site, tiny_disk: None) -> None:
    del tiny_disk
    _fill(site)
    raw = site.signer.mail(alarm())
    assert site.deliver(raw) == 75
    assert site.names("new") == []
    (site.directory / "filler").unlink()
    assert site.deliver(raw) == 0
    assert len(site.shown()) == 1


def test_a_disk_that_fills_after_spooling_loses_nothing(site: Site, tiny_disk: None) -> None:
    del tiny_disk
    raw = site.signer.mail(alarm())
    site.keep(raw)
    _fill(site)
    assert site.run("flush").returncode in {0, 75}
    assert len(site.names("new")) == 1
    (site.directory / "filler").unlink()
    site.run("flush")
    assert site.names("new") == []
    assert len(site.shown()) >= 1
    assert set(site.events()) == {"receipt"}


def test_it_ends_by_its_deadline_when_a_sink_hangs(site: Site) -> None:
    site.extra = "[limits]\ndeadline_s = 5"
    site.write()
    site.program("mon", "#!/bin/sh\nexec sleep 60\n")
    began = os.times().elapsed
    assert site.deliver(site.signer.mail(alarm())) == 0
    assert os.times().elapsed - began < 40
    site.write()
    assert site.run("status").returncode == 1


def test_it_ends_by_its_deadline_when_the_mail_system_hangs(site: Site) -> None:
    site.extra = "[limits]\ndeadline_s = 5"
    site.write()
    site.program("sendmail", "#!/bin/sh\nexec sleep 90\n")
    began = os.times().elapsed
    assert site.deliver(site.signer.mail(alarm())) == 0
    assert os.times().elapsed - began < 60
    assert len(site.names("outbox")) == 1


def test_a_mail_that_is_not_finished_in_time_is_75(site: Site) -> None:
    """A pipe that stays open: SIGALRM ends it, and nothing was spooled."""
    code = (
        "import gateway.hook.deliver as d; d.DEADLINE_S = 1; "
        f"d.deliver(['--config', {str(site.file)!r}])"
    )
    reading, writing = os.pipe()
    try:
        done = subprocess.run(
            [PYTHON, "-I", "-S", "-c", f"import sys; sys.path.insert(0, '{site.pyz}'); {code}"],
            stdin=reading, timeout=60, check=False,
        )  # fmt: skip
    finally:
        os.close(writing)
        os.close(reading)
    assert done.returncode == 75
    assert site.names("new") == []


def test_it_needs_no_venv(site: Site) -> None:
    assert sys.executable != PYTHON
    assert site.run("--help").returncode == 0


def _fill(site: Site) -> None:
    with (site.directory / "filler").open("wb", buffering=0) as stream:
        try:
            while stream.write(b"x" * 4096):
                pass
        except OSError:
            return
