"""Writes tests/smime/mails: a trust directory and mails that were signed once, for people to read.

Run it to write all of them anew (`python -m tests.smime.write_mails`); the keys are thrown away.
"""

from datetime import UTC, datetime
from pathlib import Path

from gateway.outbound.smime import SmimeSigner
from tests.smime.authority import CLIENT, NOW, TEXT, authority, crl, person, signed_mail
from tests.smime.test_forms import FOOTER, inside_a_list

PLACE = Path(__file__).with_name("mails")
CHAT = TEXT.replace(b"The storage has been down since midnight.", b"Lunch at the usual place?")
PLAIN = (
    b"From: Helpdesk <noreply-alarm@helpdesk.example>\r\nTo: noc@site.example\r\n"
    b"Subject: ALARM Ticket-ID: #100001\r\nMIME-Version: 1.0\r\n" + TEXT
)


def write() -> None:
    root = authority()
    sub = authority([("DC", "org"), ("DC", "example"), ("CN", "Example People CA")], by=root)
    alba, bob = person(sub), person(sub, "Bob", ["bob@vo.example"])
    gate = person(sub, "Robot: gateway", ["noreply-alarm@helpdesk.example"])
    anchors = PLACE / "anchors"
    anchors.mkdir(parents=True, exist_ok=True)
    (anchors / "grid.pem").write_bytes(root.pem)
    (anchors / "grid.signing_policy").write_text(
        "# The authorities below may sign for people of the example organisation only.\n"
        "access_id_CA  X509    '/DC=org/DC=example/CN=Example Grid CA'\n"
        "pos_rights    globus  CA:sign\n"
        "cond_subjects globus  '\"/DC=org/DC=example/*\"'\n"
    )
    (anchors / "grid.r0").write_bytes(crl(root))
    (anchors / "people.r0").write_bytes(crl(sub, [bob.cert]))
    good = signed_mail(alba)
    mails = {
        "an-alarm-signed-by-its-alarmer": good,
        "the-subject-was-changed-on-the-way": good.replace(b"ALARM: storage down", b"ALARM: all"),
        "the-site-was-changed-on-the-way": good.replace(b"FZK-LCG2", b"CERN-PROD"),
        "a-list-added-its-footer-inside": good.replace(
            b"midnight.\r\n", b"midnight.\r\n" + FOOTER),
        "a-list-put-its-footer-beside-the-signed-part": inside_a_list(good),
        "a-preamble-speaks-of-another-site": signed_mail(
            alba, before=b"Notify site: CERN-PROD\r\n"),
        "a-chat-mail-under-an-alarm-subject": signed_mail(alba, content=CHAT),
        "somebody-elses-certificate": signed_mail(gate),
        "a-revoked-certificate": signed_mail(bob, sender="bob@vo.example"),
        "a-certificate-for-logging-in-only": signed_mail(person(sub, eku=[CLIENT])),
        "a-root-of-the-same-name": signed_mail(person(authority(secret=alba.key))),
        "what-we-sign-ourselves": SmimeSigner(gate.cert, gate.key, gate.above).sign(
            PLAIN, datetime.now(UTC)),
    }  # fmt: skip
    for stem, mail in mails.items():
        (PLACE / f"{stem}.eml").write_bytes(mail)
    (PLACE / "now").write_text(f"{NOW.isoformat()}\n")


if __name__ == "__main__":
    write()
