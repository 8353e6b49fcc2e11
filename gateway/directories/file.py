"""Reading a plain file of sites and people, as an operator or a nightly job of theirs writes it."""

from pathlib import Path

from gateway.config.federation import Directory
from gateway.directories.fetching import Unreachable
from parsers.directory import MAX_BYTES, Answer
from parsers.people_file import read_file


def read_plain_file(directory: Directory, base: Path) -> Answer:
    """Return what the file holds; its path starts at `base`. Raises Malformed, Unreachable."""
    path = base / directory.url
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        told = f"{path.name}: {error.strerror or error}"
        raise Unreachable("The file cannot be read.", told) from error
    return read_file(raw, directory.vo, as_csv=path.suffix.lower() == ".csv")
