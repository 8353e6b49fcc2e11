"""The five names are ours alone, the locks hold hashes and no host, and they are in step."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from importlib.util import cache_from_source
from pathlib import Path
from types import ModuleType

import pydantic
import pytest
import sqlalchemy

import gateway.daemon

ROOT = Path(__file__).parents[1]
ROOMS = ("gateway", "parsers", "router", "store", "templates")
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("room", ROOMS)
def test_no_dependency_claims_one_of_our_names(room: str) -> None:
    assert set(packages_distributions().get(room, [])) <= {"ticketgate"}


def test_every_package_folder_has_an_init_file_so_that_bare_directories_never_win() -> None:
    folders = {path.parent for room in ROOMS for path in (ROOT / room).rglob("*.py")}
    without = [
        f for f in folders if not (f / "__init__.py").exists() and "migrations" not in str(f)
    ]
    assert without == []


@pytest.mark.parametrize("module", [sqlalchemy, pydantic, gateway.daemon], ids=lambda m: m.__name__)
def test_what_make_installs_has_its_bytecode_so_that_a_role_starts_quickly(
    module: ModuleType,
) -> None:
    assert module.__file__ is not None
    assert Path(cache_from_source(module.__file__)).exists()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda p: p.name)
def test_a_lock_names_no_host_and_hashes_everything(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    pinned = re.findall(r"^([a-z0-9][^\s;=]*)==", text, flags=re.MULTILINE)
    assert pinned, "an empty lock proves nothing"
    for block in re.split(r"\n(?=[a-z0-9])", text.strip()):
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_the_locks_are_in_step_with_the_project_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pinned = {
        match[1]: match[2]
        for match in re.finditer(
            r"^([a-z0-9.-]+)==([^\s;\\]+)",
            (ROOT / "requirements" / "dev.txt").read_text(),
            flags=re.MULTILINE,
        )
    }
    extras = [
        one for names in project["project"]["optional-dependencies"].values() for one in names
    ]
    wanted = [*project["project"]["dependencies"], *extras, *project["dependency-groups"]["dev"]]
    for requirement in wanted:
        name, _, rule = (
            requirement.partition(">=") if ">=" in requirement else requirement.partition("==")
        )
        name = name.partition("[")[0]
        version = pinned.get(name.replace(".", "-"))
        assert version, f"{name} is not locked"
        least = rule.split(",")[0]
        assert _as_numbers(version) >= _as_numbers(least), f"{name} {version} is older than {least}"


def test_an_extra_adds_its_own_packages_to_what_runs_and_changes_none() -> None:
    def locked(name: str) -> set[str]:
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        return set(re.findall(r"^([a-z0-9.-]+==[^\s;\\]+)", text, flags=re.MULTILINE))

    extras = {
        "postgres": {"psycopg", "psycopg-binary"},
        "holidays": {"holidays", "python-dateutil", "six"},
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(extras) == set(project["optional-dependencies"])
    for extra, packages in extras.items():
        assert locked("run") < locked(extra) < locked("dev")
        added = {one.partition("==")[0] for one in locked(extra) - locked("run")}
        assert added == packages


def test_there_is_no_lock_file_that_names_index_hosts() -> None:
    found = [p.name for p in ROOT.iterdir() if re.match(r"(uv\.lock|pylock.*\.toml)$", p.name)]
    assert found == []


def test_the_wheel_carries_all_that_the_program_needs_and_no_test(place: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(place / "site")
    assert not [name for name in names if name.startswith("tests/")]
    program = (
        "import gateway.demo.writing, store.schema, templates.check, pathlib, sys\n"
        "from store.engine import open_store\n"
        "assert gateway.demo.writing.__file__.startswith(sys.argv[1])\n"
        "store.schema.upgrade(open_store('sqlite:///' + sys.argv[1] + '/t.db'), first_ticket=1)\n"
        "from gateway.now import utc_now\n"
        "gateway.demo.writing.write_demo(pathlib.Path(sys.argv[1]) / 'demo', utc_now())\n"
        "assert templates.check.check_templates(None) == []\n"
    )
    site = str(place / "site")
    run = [sys.executable, "-P", "-c", program, site]
    subprocess.run(run, cwd=place, check=True, env=os.environ | {"PYTHONPATH": site})


def _as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


UV = """#!/bin/sh
echo "$@" >>calls
case "$1 $2" in
    venv*) mkdir -p .venv/bin && echo '#!/bin/sh' >.venv/bin/python && chmod +x .venv/bin/python ;;
    "pip sync") rm -f .venv/bin/ticketgate ;;
esac
case "$*" in *--editable*) touch .venv/bin/ticketgate ;; esac
"""


def test_the_program_is_still_there_after_every_make_install(tmp_path: Path) -> None:
    """pip sync takes away what the lock file does not name: uv is played here, make is real."""
    for name in ("Makefile", "pyproject.toml", "requirements"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    uv = tmp_path / ".tools" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.write_text(UV)
    uv.chmod(0o755)
    stamp = tmp_path / ".venv" / "installed-run"
    for words in ([], ["EXTRAS=postgres"], ["EXTRAS=holidays"], []):
        # newer than the last installation, as after `git pull`; a clock's tick may be too coarse
        newer_ns = stamp.stat().st_mtime_ns + 1 if stamp.exists() else 0
        os.utime(tmp_path / "requirements" / "postgres.txt", ns=(newer_ns, newer_ns))
        subprocess.run(["make", "install", *words], cwd=tmp_path, check=True, timeout=60)
        assert (tmp_path / ".venv" / "bin" / "ticketgate").exists(), words
    synced = [
        re.findall(r"requirements/(\w+)\.txt", call)
        for call in (tmp_path / "calls").read_text().splitlines()
        if call.startswith("pip sync")
    ]
    # an extra stays when another comes
    assert synced == [["run"], ["postgres"], ["holidays", "postgres"], ["holidays", "postgres"]]
