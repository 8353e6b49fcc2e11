"""What nobody expects: clocks that jump, documents that mean harm, garbage without end."""

import subprocess
import time
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.hook.arrivals import take_in
from gateway.hook.drain import drain
from gateway.hook.judge import Reason
from parsers.alarm_document import write_alarm
from tests.hook.site import PYTHON, Site, alarm


def go(site: Site) -> None:
    drain(site.hook(), time.monotonic() + 20)


def test_a_clock_that_was_years_ahead_holds_nothing_back(site: Site) -> None:
    site.take_down("mon")
    site.clock = timedelta(days=900)
    (site.place / "mail.down").touch()
    site.keep(site.signer.mail(alarm()))
    go(site)
    site.bring_up("mon")
    (site.place / "mail.down").unlink()
    site.clock = timedelta()
    go(site)
    assert len(site.shown()) == 1
    assert site.names("outbox") == []


@pytest.mark.parametrize("reply_to", ["not an address", "a@b\x00c", "<", "[" * 300, "-oQ/tmp@x"])
def test_a_reply_address_that_cannot_be_written_holds_up_no_other_letter(
    site: Site, reply_to: str
) -> None:
    bad = alarm(1, reply_to=reply_to, alarm_id="helpdesk.example.org/1", ticket="1")
    site.keep(site.signer.mail(bad))
    site.keep(site.signer.mail(alarm(2)))
    go(site)
    assert site.events() == ["receipt"]
    assert len(site.shown()) == 2


@pytest.mark.parametrize(
    "alarm_id", ["..", ".", "/", "../x", "a/../../b", "helpdesk.example.org/.."]
)
def test_an_id_is_no_path(site: Site, alarm_id: str) -> None:
    site.hook()
    (site.directory / "state.json").write_text("not ours")
    site.keep(site.signer.mail(alarm(1, alarm_id=alarm_id)))
    go(site)
    assert (site.directory / "state.json").read_text() == "not ours"
    assert {one.parent for one in site.directory.rglob("*.alarm.json")} <= {
        site.directory / "alarms" / "helpdesk.example.org,.."
    }


def test_a_summary_is_no_command_and_no_header(site: Site) -> None:
    text = "x\r\nBcc: all@example.org\r\n\r\n$(touch /nonexistent/y); `id` %s"
    site.keep(site.signer.mail(alarm(1, summary=text)))
    go(site)
    assert len(site.shown()) == 1
    assert "Bcc" not in site.sent()[0]


def test_what_is_written_later_goes_nowhere(site: Site) -> None:
    """A warning of Python's or a library's would end in a bounce."""
    code = (
        f"import os, sys; sys.path.insert(0, {str(site.pyz)!r}); import gateway.hook.deliver as d\n"
        "d.keep = lambda *a: (print('noise', flush=True), os.write(2, b'noise'))\n"
        f"d.deliver(['--config', {str(site.file)!r}])"
    )
    done = subprocess.run(
        [PYTHON, "-I", "-S", "-c", code], input=b"x", capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_without_openssl_and_library_mails_wait_and_the_admin_is_told(site: Site) -> None:
    text = site.file.read_text()
    site.file.write_text(f'openssl = "{site.place}/none"\n{text}')
    assert site.deliver(site.signer.mail(alarm())) == 0
    assert len(site.names("new")) == 1
    assert "cannot be judged yet" in site.sent("admin@site.example.com")[0]
    site.file.write_text(text)
    site.run("flush")
    assert len(site.shown()) == 1


def test_a_fault_of_our_own_sets_the_mail_aside(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.hook.arrivals.find", lambda raw: raw.no_such_thing)
    hook = site.hook()
    assert take_in(hook, site.keep(b"x")) is Reason.BROKEN
    assert len(hook.spool.set_aside_mails()) == 1


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_garbage_is_set_aside_or_is_the_alarm(pyz: Path, data: st.DataObject) -> None:
    with TemporaryDirectory(prefix="tg-") as name:
        site = Site(Path(name), pyz)
        site.write()
        mail = site.signer.mail(alarm())
        at = data.draw(st.integers(0, len(mail)))
        piece = data.draw(st.binary(max_size=40))
        cut = data.draw(st.integers(0, 400))
        hook = site.hook()
        raw = data.draw(st.sampled_from([piece, mail[:at] + piece + mail[at + cut :]]))
        reason = take_in(hook, site.keep(raw))
        assert reason is not None
        assert reason is not Reason.BROKEN
        assert hook.spool.waiting() == []
        assert (reason is Reason.NEW) == (len(hook.alarms.all()) == 1)
        assert (reason is Reason.NEW) != (len(hook.spool.set_aside_mails()) == 1)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=300), st.text(max_size=80), st.text(max_size=60))
def test_any_words_in_a_signed_document_pass_through(
    pyz: Path, summary: str, host: str, label: str
) -> None:
    with TemporaryDirectory(prefix="tg-") as name:
        site = Site(Path(name), pyz)
        site.write()
        try:
            document = write_alarm(alarm(summary=summary, host=host, labels={label: label}))
            document.encode()
        except UnicodeEncodeError:
            return
        site.keep(site.signer.mail(document))
        go(site)
        assert len(site.shown()) == 1
        assert site.events() == ["receipt"]
