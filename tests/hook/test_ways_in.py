"""Real mail servers: Postfix pipes to the hook, Dovecot lets it fetch; a maildir."""

import shutil
import smtplib
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink as SmtpSink
from aiosmtpd.smtp import AuthResult
from postfix import Postfix
from running import until

from gateway.hook.config_keys import read_config
from gateway.hook.drain import drain
from gateway.hook.poll import from_maildir, poll
from parsers.errors import Deferred
from tests.hook.site import Site, alarm
from tests.imap.certificates import Authority
from tests.imap.dovecot import PASSWORD, Dovecot
from tests.ports import free_port

TO = "alarms@helpdesk.example"  # the domain that the test's Postfix hands on
BACK = "reply@operator.example"
USER = "daemon"  # of the hook; not nobody, as whom Postfix runs what names no user


@pytest.fixture(params=["alias", "pipe"])
def postfix(site: Site, request: pytest.FixtureRequest) -> Iterator[Postfix]:
    """A Postfix that calls the hook as its own user, and takes its answers.

    The alias is called as the owner of its database: with root's it would be nobody.
    """
    place = site.place / "postfix"
    server = Postfix(place, "hook:", {
        "alias_maps": f"hash:{place}/etc/aliases",
        "recipient_delimiter": "",
    })  # fmt: skip
    deliver = " ".join(site.command("deliver"))
    (place / "etc/aliases").write_text(f'alarms: "|{deliver}"\n')
    subprocess.run(["postalias", f"hash:{place}/etc/aliases"], check=True)
    shutil.chown(place / "etc/aliases.db", USER)
    lines = {
        "alias": "hook unix - n n - - local\n",
        "pipe": f"hook unix - n n - - pipe\n  flags=Rq user={USER} argv={deliver}\n",
    }
    with (place / "etc/master.cf").open("a") as master:
        master.write(lines[request.param])
    site.write()
    text = site.file.read_text().replace(
        "[mail]\n", f'[mail]\nhost = "127.0.0.1"\nport = {server.port}\ntls = "off"\n'
    )
    site.file.write_text(text)
    site.place.chmod(0o777)
    server.start()
    yield server
    server.stop()


def give_spool(site: Site) -> None:
    site.directory.mkdir(mode=0o700, exist_ok=True)
    shutil.chown(site.directory, USER)


def send(server: Postfix, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", server.port, timeout=30) as client:
        client.sendmail("alarm@sender.example", [TO], raw)


def test_an_alarm_by_smtp_is_shown_and_its_receipt_comes_back(site: Site, postfix: Postfix) -> None:
    give_spool(site)
    send(postfix, site.signer.mail(alarm(reply_to=BACK)))
    until(site.shown, f"the sink shows it; {postfix.log()}")
    until(lambda: postfix.mails(BACK), f"the receipt comes; {postfix.log()}")
    assert "Event: receipt" in postfix.mails(BACK)[0]


def test_postfix_keeps_what_could_not_be_spooled_and_bounces_nothing(
    site: Site, postfix: Postfix
) -> None:
    site.directory.mkdir(mode=0o700)  # of root: the user may not write there
    send(postfix, site.signer.mail(alarm(reply_to=BACK)))
    until(lambda: postfix.lines("status=deferred"), f"it is kept; {postfix.log()}")
    give_spool(site)
    until(site.shown, f"it comes again; {postfix.log()}")
    assert postfix.lines("status=bounced") == []


def test_postfix_hears_no_word_about_a_forged_alarm(site: Site, postfix: Postfix) -> None:
    give_spool(site)
    send(postfix, site.signer.mail(alarm(), signed=f"{site.signer.kid}:" + "A" * 86))
    until(lambda: site.names("quarantine"), f"it is set aside; {postfix.log()}")
    until(lambda: postfix.lines("status=sent", TO), f"it counts as sent; {postfix.log()}")
    assert postfix.lines("status=bounced") == []
    assert not postfix.lines("signature")


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    with TemporaryDirectory(prefix="tg-ca-") as name:
        yield Authority(Path(name))


@pytest.fixture(scope="module")
def dovecot(authority: Authority) -> Iterator[Dovecot]:
    with TemporaryDirectory(prefix="tg-dc-") as name:
        server = Dovecot(Path(name), authority.sign("good"))
        server.start()
        yield server
        server.stop()


def polling(site: Site, server: Dovecot, authority: Authority, user: str, more: str = "") -> None:
    password = site.place / "password"
    password.write_text(PASSWORD + "\n")
    site.extra = f"""[poll]
host = "localhost"
port = {server.tls_port}
user = "{user}"
password_file = "{password}"
ca_file = "{authority.ca}"
{more}
"""
    site.write()


def test_mails_on_a_server_are_taken_once_and_marked(
    site: Site, dovecot: Dovecot, authority: Authority
) -> None:
    polling(site, dovecot, authority, "marked")
    dovecot.fill("marked", [site.signer.mail(alarm(1)), b"Subject: x\r\n\r\n" + b"y" * 300_000])
    done = site.run("poll")
    assert done.returncode == 0, done.stderr
    assert len(site.shown()) == 1
    assert len(site.names("quarantine")) == 2
    with dovecot.client("marked") as client:
        assert client.search("UNSEEN") == []
    site.run("poll")
    assert len(site.names("quarantine")) == 2
    assert site.run("check-config").returncode == 0


def test_mails_may_be_moved(site: Site, dovecot: Dovecot, authority: Authority) -> None:
    polling(site, dovecot, authority, "moved", 'move_to = "Done \\"1\\""')
    dovecot.fill("moved", [], 'Done "1"')
    dovecot.fill("moved", [site.signer.mail(alarm(1))])
    done = site.run("poll")
    assert done.returncode == 0, done.stderr
    assert len(site.shown()) == 1
    assert (dovecot.count("moved"), dovecot.count("moved", 'Done "1"')) == (0, 1)


def test_a_mail_that_cannot_be_spooled_stays_unseen(
    site: Site, dovecot: Dovecot, authority: Authority
) -> None:
    polling(site, dovecot, authority, "stays")
    dovecot.fill("stays", [site.signer.mail(alarm(1))])
    way = read_config(site.file).poll
    assert way is not None
    with pytest.raises(Deferred):
        poll(way, site.place / "sendmail")
    with dovecot.client("stays") as client:
        assert len(client.search("UNSEEN")) == 1


def test_a_mail_that_the_server_cannot_read_holds_up_no_other(
    site: Site, dovecot: Dovecot, authority: Authority
) -> None:
    polling(site, dovecot, authority, "bad")
    dovecot.fill("bad", [b"Subject: first\r\n\r\nx\r\n", site.signer.mail(alarm(1))])
    bad = min(dovecot.place.glob("mail/bad/*/[0-9]*"))
    bad.chmod(0)
    done = site.run("poll")
    assert done.returncode == 75
    assert b"1 mails cannot be fetched" in done.stderr
    assert len(site.shown()) == 1
    bad.chmod(0o600)
    assert site.run("poll").returncode == 0
    assert len(site.names("quarantine")) == 2


def test_a_certificate_of_somebody_else_is_not_believed(
    site: Site, dovecot: Dovecot, authority: Authority
) -> None:
    polling(site, dovecot, authority, "tls")
    site.file.write_text(site.file.read_text().replace(f'ca_file = "{authority.ca}"', ""))
    done = site.run("poll")
    assert done.returncode == 75
    assert b"CERTIFICATE_VERIFY_FAILED" in done.stderr
    assert site.run("check-config").returncode == 1


def test_a_maildir_is_read_and_its_mails_are_seen_then(site: Site) -> None:
    box = site.place / "Maildir"
    for name in ("new", "cur", "tmp"):
        (box / name).mkdir(parents=True)
    raw = site.signer.mail(alarm(1)).replace(b"\r\n", b"\n")
    (box / "new" / "1.host").write_bytes(raw)
    (box / "cur" / "2.host:2,F").write_bytes(site.signer.mail(alarm(2)))
    (box / "cur" / "3.host:2,S").write_bytes(site.signer.mail(alarm(3)))
    assert from_maildir(box, site.directory) == 2
    assert from_maildir(box, site.directory) == 0
    drain(site.hook(), time.monotonic() + 20)
    assert sorted(one.name for one in (box / "cur").iterdir()) == [
        "1.host:2,S", "2.host:2,FS", "3.host:2,S"
    ]  # fmt: skip
    assert [line.split()[1] for line in site.shown()] == ["2"]


def test_a_file_that_cannot_be_read_holds_up_no_other_mail(site: Site) -> None:
    box = site.place / "Maildir"
    for name in ("new", "cur"):
        (box / name).mkdir(parents=True)
    (box / "new" / "1.host").symlink_to("/proc/self/mem")  # a file that gives an error
    (box / "new" / "2.host").write_bytes(site.signer.mail(alarm(1)))
    with pytest.raises(Deferred, match="1 mails cannot be fetched"):
        from_maildir(box, site.directory)
    assert [one.name for one in (box / "cur").iterdir()] == ["2.host:2,S"]


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_answers_leave_by_a_server_with_tls_and_a_password(
    site: Site, authority: Authority, tls: str
) -> None:
    received: list[bytes] = []

    class Keep(SmtpSink):
        async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
            assert session.authenticated
            received.append(envelope.content)
            return "250 OK"

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*authority.sign("good"))
    server = Controller(
        Keep(), "localhost", 0, server_hostname="localhost",
        tls_context=context if tls == "starttls" else None,
        ssl_context=context if tls == "tls" else None,
        authenticator=lambda *a: AuthResult(success=a[4].password == b"pass"),
        auth_required=True, auth_require_tls=tls == "starttls",
    )  # fmt: skip
    server.port = free_port()
    server.start()
    try:
        (site.place / "password").write_text("pass\n")
        text = site.file.read_text().replace(
            "[mail]\n",
            f"""[mail]
host = "localhost"
port = {server.port}
tls = "{tls}"
user = "alarms"
password_file = "{site.place}/password"
ca_file = "{authority.ca}"
""",
        )
        site.file.write_text(text)
        checked = site.run("check-config")
        assert checked.returncode == 0, checked.stdout
        assert site.deliver(site.signer.mail(alarm())) == 0
        assert len(received) == 1
        assert b"Event: receipt" in received[0]
    finally:
        server.stop()
