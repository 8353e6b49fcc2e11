"""Each wrong configuration, and the line, key and sentence that it gets."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.config.load import ConfigFaults, Fault, Severity, examine, load
from tests.config.good import GOOD

Check = Callable[[str], tuple[Fault, ...]]

# what is replaced, by what, the line of the fault, its key, a part of its sentence
CASES = [
    ('first_line = "TPM"', 'first_line = "TMP"', 3, "helpdesk.first_line", "no [[unit]] named"),
    ('first_line = "TPM"', 'first_line = "TPN"', 3, "helpdesk.first_line", "; did you mean TPM?"),
    ('first_line = "TPM"', "first_line = TPM", 3, "", "; text stands in quotes"),
    ('first_line = "TPM"\n', "", 1, "helpdesk.first_line", "is missing"),
    ('domain = "helpdesk.example"', 'domain = "help desk"', 2, "helpdesk.domain", "domain name"),
    ('domain = "helpdesk', 'domian = "helpdesk', 2, "helpdesk.domian", "did you mean domain?"),
    ('secret = { file = "secret" }', 'secret = "hunter2hunter2hunter2"', 4, "helpdesk.secret",
     "never written here"),
    ('{ file = "secret" }', '{ file = "nowhere" }', 4, "helpdesk.secret", "No such file"),
    ('{ file = "secret" }', '{ env = "NOT_SET_ANYWHERE" }', 4, "helpdesk.secret", "is not set"),
    ('{ file = "secret" }', '{ env = "x", file = "secret" }', 4, "helpdesk.secret", "exactly one"),
    ('{ file = "secret" }', '{ credential = "k" }', 4, "helpdesk.secret", "CREDENTIALS_DIRECTORY"),
    ('"127.0.0.1:0"', '"127.0.0.1"', 7, "smtp.listen", "HOST:PORT"),
    ('"127.0.0.1:0"', '"127.0.0.1:70000"', 7, "smtp.listen", "HOST:PORT"),
    ('"127.0.0.1:0"', '"::1:25"', 7, "smtp.listen", "brackets"),
    ('"127.0.0.1:0"', '"127.0.0.300:25"', 7, "smtp.listen", "IPv4"),
    ('"127.0.0.1:0"', "2525", 7, "smtp.listen", "HOST:PORT"),
    ('listen = "127.0.0.1:0"', "", 6, "smtp.listen", "no mail can come in"),
    ("[smtp]\n", "[smpt]\n", 6, "smpt", "did you mean smtp?"),
    ('"127.0.0.1:0"', '"127.0.0.1:0"\ntls_cert = "a.pem"', 8, "smtp.tls_cert", "needs tls_key"),
    ('"127.0.0.1:0"', '"127.0.0.1:0"\nrole = "edge"', 8, "smtp.role", "'border' or 'behind'"),
    ('"127.0.0.1:0"', '"127.0.0.1:0"\nmax_size = "25"', 8, "smtp.max_size", "whole number"),
    ('"127.0.0.1:0"', '"127.0.0.1:0"\nmax_size = 5', 8, "smtp.max_size", "100000 or more"),
    ('"127.0.0.1:0"', '"127.0.0.1:0"\nsubmission_networks = [\n "192.0.2.0/24",\n "192.0.2.1/24"]',
     10, "smtp.submission_networks", "host bits"),
    ("[[vo]]", '[store]\nurl = "mysql://x"\n\n[[vo]]', 10, "store.url", "sqlite:///FILE"),
    ("[[vo]]", '[store]\nurl = "postgresql+psycopg://u:pw@h/d"\n[[vo]]', 10, "store.url",
     "password is never written here"),
    ("[[vo]]", '[relay]\nurl = "smtp://192.0.2.1"\n\n[[vo]]', 10, "relay.url", "HOST:PORT"),
    ("[[vo]]", '[relay]\nurl = "http://x:1"\n\n[[vo]]', 10, "relay.url", "maildir:DIR"),
    ("[[vo]]", "[proof]\nalarm_evidence = []\n\n[[vo]]", 10, "proof.alarm_evidence",
     "never page anybody"),
    ("[[vo]]", '[proof]\nmax_age = "24"\n\n[[vo]]', 10, "proof.max_age", "with its unit"),
    ("[[vo]]", '[[vo]]\nname = "Atlas"\n\n[[vo]]', 13, "vo.name", "is there twice"),
    ('name = "NGI_NORTH"', 'name = "TPM"', 13, "roc.name", "is there twice"),
    ('"desk@north.example"', '"desk at north"', 14, "roc.address", "not an e-mail address"),
    ('"desk@north.example"', "[]", 14, "roc.address", "is missing"),
    ('roc = "NGI_NORTH"', 'roc = "NGI_NORD"', 23, "site.roc", "no [[roc]] named 'NGI_NORD'"),
    ('["NO-FJELL"]', '[\n  "NO-FJELL",\n  "LYNX"]', 24, "site.aliases", "name of another site"),
    ('name = "lynx"', 'name = "Fjell-LCG2"', 27, "site.name", "is there twice"),
    ('["a@lynx.example"]', '[\n"a@lynx.example",\n"a@@x"]', 31, "site.contact", "not an e-mail"),
    ('["a@lynx.example"]', '["a@lynx.example"]\ntier = 4', 30, "site.tier", "3 or less"),
    ('["a@lynx.example"]', '["a@lynx.example"]\ncertification = "good"', 30, "site.certification",
     "'Certified'"),
    ('["a@lynx.example"]', '["a@lynx.example"]\nalarm_vos = ["cms"]', 30, "site.alarm_vos",
     "no [[vo]] named 'cms'"),
    ('vo = "atlas"', 'certificates = ["/CN=a/Foo=b"]\nvo = "atlas"', 34, "member.certificates",
     "'Foo' is no type of attribute"),
    ("[[vo]]", "[proof]\neku = []\n\n[[vo]]", 10, "proof.eku", "at least one"),
    ("[[vo]]", '[proof]\neku = ["serverAuth"]\n\n[[vo]]', 10, "proof.eku", "'emailProtection'"),
    ("[[vo]]", '[proof]\neku_of = { "CN=a" = ["x"] }\n\n[[vo]]', 10, "proof.eku_of.CN=a",
     "must be"),
    ("[[vo]]", '[proof]\neku_of = { "CA" = [] }\n\n[[vo]]', 10, "proof.eku_of.CA.[key]", "neither"),
    *[("[[vo]]", f"[proof]\nalarm_evidence_of = {{ {said} }}\n\n[[vo]]", 10,
       f"proof.alarm_evidence_of.{key}", sentence) for said, key, sentence in (
           ('"a.example" = ["dkim", "arc"]', "a.example", "'smime' or 'dkim+smime'"),
           ('"a.example" = []', "a.example", "at least one"),
           ('"a.example" = "smime"', "a.example", "must be a list"),
           ('"@a.example" = ["smime"]', "@a.example.[key]", "not a domain name"),
           ('"a.example" = ["dkim"], "A.example" = ["smime"]', "A.example",
            "is the same domain as a.example"),
       )],
    ('vo = "atlas"', 'vo = "atlsa"', 34, "member.vo", "named 'atlsa'; did you mean atlas?"),
    ('vo = "atlas"\n', "", 34, "member.roles", "are given by a vo"),
    ('roles = ["team"]', 'roles = ["boss"]', 35, "member.roles", "'multisite'"),
    ('roles = ["team"]', 'alarm_sites = ["FJELL"]', 35, "member.alarm_sites", "no [[site]] named"),
    ('roles = ["team"]', "alarm_evidence = []", 35, "member.alarm_evidence", "proves nothing"),
    ("secret =", 'address = "Team@helpdesk.example"\nsecret =', 1,
     "helpdesk.team_address", "is the same as address"),
    ("secret =", 'address = "reply@helpdesk.example"\nsecret =', 4,
     "helpdesk.address", "uses itself"),
    ("[[vo]]", '[clock]\ntimezone = "Mars"\n\n[[vo]]', 10, "clock.timezone", "not a time zone"),
    ("[[vo]]", '[relay]\nurl = "smtp://me:pw@mail.example:25"\n\n[[vo]]', 10, "relay.url",
     "the login stands in"),
    ("[[vo]]", f'[lmtp]\nlisten = "unix:/{"x" * 107}"\n\n[[vo]]', 10, "lmtp.listen", "107 bytes"),
    ("[[vo]]", 'listen = "127.0.0.1:2424"\n\n[[vo]]', 9, "", "still behind a #?"),
    ('domain = "helpdesk.example"', 'domain = "helpdesk.example', 2, "", "a quote is not closed"),
    ("[[vo]]", "[[vo]\n", 9, "", "not TOML"),
    ("[[vo]]", "[vo]", 9, "vo", "must be a list"),
    ('roles = ["team"]', 'roles = ["team"', 36, "", "not TOML"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[1][:40])
def test_a_wrong_value_is_named_with_its_line_and_key(
    faults_of: Check, case: tuple[str, str, int, str, str]
) -> None:
    old, new, line, key, sentence = case
    assert GOOD.count(old) >= 1
    faults = faults_of(GOOD.replace(old, new, 1))
    seen = [(fault.line, fault.key) for fault in faults]
    assert (line, key) in seen, [str(fault) for fault in faults]
    told = [fault for fault in faults if (fault.line, fault.key) == (line, key)]
    assert any(sentence in fault.message for fault in told), [str(fault) for fault in told]
    assert told[0].severity is Severity.ERROR


def test_the_good_configuration_has_no_fault(faults_of: Check) -> None:
    assert faults_of(GOOD) == ()


def test_all_faults_are_shown_at_once_in_the_order_of_their_lines(faults_of: Check) -> None:
    text = GOOD
    for old, new in (
        ('domain = "helpdesk.example"', 'domain = "-"'),
        ('"127.0.0.1:0"', '"nowhere"'),
        ('roc = "NGI_NORTH"', 'roc = "NGI_NORD"'),
        ('vo = "atlas"', 'voo = "atlas"'),
    ):
        text = text.replace(old, new, 1)
    faults = faults_of(text)
    assert [fault.line for fault in faults] == [2, 7, 23, 34, 35]


def test_a_fault_in_one_entry_does_not_make_its_name_unknown_to_others(faults_of: Check) -> None:
    faults = faults_of(GOOD.replace('"desk@north.example"', '"nonsense"'))
    assert [fault.key for fault in faults] == ["roc.address"]


def test_a_submission_network_is_a_warning_that_lets_the_daemon_start(folder: Path) -> None:
    path = folder / "config.toml"
    path.write_text(GOOD.replace(':0"\n', ':0"\nsubmission_networks = ["192.0.2.0/24"]\n', 1))
    config, faults = examine(path)
    assert config is not None
    assert [(f.line, f.key, f.severity) for f in faults] == [
        (8, "smtp.submission_networks", Severity.WARNING)
    ]
    assert "warning: mail from these networks is trusted" in str(faults[0])


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ('[relay]\nurl = "smtp://127.0.0.1:25"', "unit.address"),
        ('[relay]\nurl = "maildir:out"', ""),
        ('[lmtp]\nlisten = "192.0.2.1:2424"', "lmtp.listen"),
        ('[lmtp]\nlisten = "127.0.0.1:2424"', ""),
        ('[lmtp]\nlisten = "[::1]:2424"', ""),
        ('[lmtp]\nlisten = "unix:door"\nsocket_group = "postfx"', "lmtp.socket_group"),
        ('[lmtp]\nlisten = "unix:door"\nsocket_group = "root"', ""),
    ],
)
def test_what_may_be_wrong_here_is_a_warning(folder: Path, changed: str, key: str) -> None:
    (folder / "config.toml").write_text(GOOD.replace("[[vo]]", f"{changed}\n\n[[vo]]", 1))
    config, faults = examine(folder / "config.toml")
    assert config is not None
    found = [(fault.key, fault.severity) for fault in faults]
    assert found == ([(key, Severity.WARNING)] if key else [])


@pytest.mark.parametrize(
    ("asked", "anchors", "warned"),
    [
        ('["smime"]', "", True),
        ('["dkim+smime"]', "", True),
        ('["dkim", "smime"]', "", False),
        ('["smime"]', 'anchors = "certificates"', False),
    ],
)
def test_a_domain_whose_certificates_nobody_could_believe_is_a_warning(
    faults_of: Check, asked: str, anchors: str, *, warned: bool
) -> None:
    text = f'[proof]\nalarm_evidence_of = {{ "a.example" = {asked} }}\n{anchors}\n[[vo]]'
    faults = faults_of(GOOD.replace("[[vo]]", text))
    keys = [(fault.key, fault.line, fault.severity) for fault in faults]
    expected = ("proof.alarm_evidence_of.a.example", 10, Severity.WARNING)
    assert keys == ([expected] if warned else [])


def test_a_byte_order_mark_is_no_fault(folder: Path) -> None:
    (folder / "config.toml").write_text("\ufeff" + GOOD)
    assert examine(folder / "config.toml")[1] == ()


def test_a_site_without_contact_is_a_warning(faults_of: Check) -> None:
    (fault,) = faults_of(GOOD.replace('contact = ["a@lynx.example"]\n', ""))
    assert (fault.line, fault.severity) == (26, Severity.WARNING)
    assert "lynx" in fault.message


def test_load_raises_every_fault_as_one_line_each(folder: Path) -> None:
    path = folder / "config.toml"
    path.write_text(GOOD.replace("first_line", "frist_line"))
    with pytest.raises(ConfigFaults) as caught:
        load(path)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{path}:1: helpdesk.first_line: is missing"
    assert lines[1].startswith(f"{path}:3: helpdesk.frist_line: is not a key of this section")
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "No such file"), (b"\xff\xfe", "is not UTF-8 (line 1)"), (b"", "helpdesk: is missing")],
)
def test_a_file_that_cannot_be_read_is_a_fault_not_a_traceback(
    folder: Path, content: bytes | None, sentence: str
) -> None:
    path = folder / "config.toml"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    config, faults = examine(path)
    assert config is None
    assert any(sentence in str(fault) for fault in faults)


@pytest.mark.parametrize(
    ("web", "warned"),
    [
        ('listen = "127.0.0.1:80"', False),
        ('listen = "[::1]:80"', False),
        ('listen = "unix:web"', False),
        ('listen = "0.0.0.0:80"', True),
        ('listen = "[::]:80"', True),
        ('listen = "0.0.0.0:80"\naccess = "everyone"', False),
    ],
)
def test_pages_that_listen_for_others_who_may_not_read_them_are_a_warning(
    folder: Path, web: str, *, warned: bool
) -> None:
    (folder / "config.toml").write_text(GOOD.replace("[[vo]]", f"[web]\n{web}\n\n[[vo]]"))
    config, faults = examine(folder / "config.toml")
    assert config is not None
    assert ("web.listen" in [fault.key for fault in faults]) == warned
