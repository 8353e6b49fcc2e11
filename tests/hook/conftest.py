"""A site with a hook that runs from the built file, by the system's own Python."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.hook.site import Site

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def pyz() -> Iterator[Path]:
    with TemporaryDirectory(prefix="tg-pyz-") as name:
        built = Path(name) / "ticketgate-hook.pyz"
        Path(name).chmod(0o755)
        subprocess.run([sys.executable, ROOT / "packaging/hook_pyz.py", built], check=True)
        yield built


@pytest.fixture
def site(place: Path, pyz: Path) -> Site:
    made = Site(place, pyz)
    made.write()
    return made


@pytest.fixture
def tiny_disk(site: Site) -> Iterator[None]:
    """The hook's directory on a disk of its own that is soon full."""
    site.directory.mkdir(mode=0o700)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs", site.directory], check=True
    )
    yield
    subprocess.run(["umount", "--lazy", site.directory], check=True)
