"""The one file, and what it may need: nothing but Python's standard library."""

import ast
import os
import re
import signal
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

from running import until

from tests.hook.site import PYTHON, Site, alarm

ROOT = Path(__file__).resolve().parents[2]


def test_the_same_sources_give_the_same_bytes(pyz: Path, place: Path) -> None:
    again = place / "again.pyz"
    subprocess.run(
        [PYTHON, ROOT / "packaging/hook_pyz.py", again], check=True, cwd="/",
        env={"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"}, umask=0o077,
    )  # fmt: skip
    assert again.read_bytes() == pyz.read_bytes()
    assert again.stat().st_mode & 0o777 == 0o755


def test_it_holds_the_hook_and_a_few_pure_files(pyz: Path) -> None:
    names = zipfile.ZipFile(pyz).namelist()
    others = {name for name in names if not name.startswith("gateway/hook/")}
    assert others == {
        "__main__.py", "gateway/__init__.py", "gateway/now.py", "parsers/__init__.py",
        "parsers/alarm.py", "parsers/alarm_answer.py", "parsers/alarm_document.py",
        "parsers/alarm_text.py", "parsers/errors.py", "parsers/transfer.py",
    }  # fmt: skip


def test_every_module_in_it_is_imported_without_site_packages(pyz: Path) -> None:
    names = [
        name.removesuffix(".py").replace("/", ".")
        for name in zipfile.ZipFile(pyz).namelist()
        if name.endswith(".py") and not name.startswith("__main__")
    ]
    code = f"import sys; sys.path.insert(0, {str(pyz)!r})\n" + "\n".join(
        f"import {name.removesuffix('.__init__')}" for name in names
    )
    subprocess.run([PYTHON, "-I", "-S", "-c", code], check=True, cwd="/", env={}, timeout=60)


def test_it_runs_by_its_own_first_line(site: Site) -> None:
    done = subprocess.run(
        [site.pyz, "--config", site.file, "deliver"], input=site.signer.mail(alarm()), env={},
        cwd="/", check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert len(site.shown()) == 1


def test_the_installed_program_is_the_same(site: Site) -> None:
    program = Path(sys.executable).with_name("ticketgate-hook")
    done = subprocess.run(
        [program, "--config", site.file, "deliver"], input=site.signer.mail(alarm()), env={},
        cwd="/", check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert len(site.shown()) == 1


def test_the_contract_forbids_every_dependency_and_every_room() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = project["tool"]["importlinter"]["contracts"]
    (hook,) = [one for one in contracts if one["id"] == "the-hook-stands-alone"]
    forbidden = set(hook["forbidden_modules"])
    modules = {
        "dkimpy": "dkim", "dnspython": "dns", "flufl.bounce": "flufl", "pynacl": "nacl",
        "mail-parser-reply": "mailparser_reply", "pyspf": "spf",
    }  # fmt: skip
    extras = project["project"]["optional-dependencies"].values()
    wanted = [*project["project"]["dependencies"], *(one for some in extras for one in some)]
    for requirement in wanted:
        name = re.split(r"[<>=\[]", requirement)[0]
        assert modules.get(name, name.replace("-", "_")) in forbidden, name
    assert {"router", "store", "templates"} <= forbidden


def test_nothing_of_the_hook_prints_past_the_terminal_file() -> None:
    for path in (ROOT / "gateway/hook").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            name = node.func.id if isinstance(node, ast.Call) and isinstance(
                node.func, ast.Name) else ""  # fmt: skip
            assert name != "print", path


def test_the_service_takes_what_others_spooled_and_ends_in_order(site: Site) -> None:
    service = subprocess.Popen(site.command("run"), env={}, stderr=subprocess.PIPE, cwd="/")
    try:
        until(lambda: site.names("locks"), "it runs")
        site.keep(site.signer.mail(alarm()))
        until(lambda: site.events() == ["receipt"], "the receipt is sent")
        service.send_signal(signal.SIGTERM)
        assert service.wait(timeout=60) == 0
    finally:
        service.kill()
        service.communicate()


def test_the_service_goes_on_while_a_sink_hangs(site: Site) -> None:
    site.sinks = ("mon", "hangs")
    site.write()
    site.program("hangs", "#!/bin/sh\nexec sleep 100\n")
    text = site.file.read_text().replace('/hangs"]', '/hangs"]\ntimeout_s = 90')
    site.file.write_text(text)
    shorter = (  # what a pass may take at most: 2 s in place of 20
        f"import sys; sys.path.insert(0, {str(site.pyz)!r})\n"
        "from gateway.hook import cli, loop\n"
        "loop.PASS_S = 2.0\n"
        "cli.main()"
    )
    command = [PYTHON, "-I", "-S", "-c", shorter, "--config", site.file, "run"]
    service = subprocess.Popen(command, env={}, stderr=subprocess.DEVNULL, cwd="/")
    try:
        site.keep(site.signer.mail(alarm(1)))
        until(lambda: len(site.shown()) == 1, "the first is shown")
        site.keep(site.signer.mail(alarm(2)))
        until(lambda: len(site.shown()) == 2, "the second too")
        third = alarm(3)
        site.keep(site.signer.mail(third))
        until(lambda: len(site.shown()) == 3, "and the third soon")
    finally:
        service.kill()
        service.wait()


def test_a_mail_servers_signal_before_the_mail_is_whole_is_75(site: Site) -> None:
    reading, writing = os.pipe()
    process = subprocess.Popen(site.command("deliver"), stdin=reading, env={}, cwd="/")
    os.close(reading)
    try:
        os.write(writing, b"Subject: half of a mail")
        until(lambda: _catches(process.pid, signal.SIGTERM), "it is ready")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 75
    finally:
        os.close(writing)
    assert site.names("new") == []


def _catches(pid: int, number: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"SigCgt:\s*([0-9a-f]+)", status)
    return found is not None and bool(int(found[1], 16) >> (number - 1) & 1)
