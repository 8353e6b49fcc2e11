"""Secrets: the configuration holds references, never the secret itself.

`{ file = "secret" }` (only its owner may read it), `{ env = "NAME" }`, or `{ credential = "name" }`
(systemd's LoadCredential). They are read once, at start: a rotation needs a restart. Nothing here
ever repeats what a secret or a wrongly written reference holds.
"""

import os
import re
import stat
from pathlib import Path
from typing import Annotated, Any

from pydantic import PlainValidator, ValidationInfo
from pydantic_core import PydanticCustomError

MIN_KEY_BYTES = 16  # a key for tokens, as router.tokens.Keyring asks
MAX_BYTES = 64 * 1024
_ENV_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,127}")
_FORMS = '{ file = "..." }, { env = "..." } or { credential = "..." }'


class Secret:
    """Bytes that nobody sees by accident: not in a repr, not in a traceback's message."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        """Return the secret."""
        return self._value

    def __repr__(self) -> str:
        """Never show the secret."""
        return "Secret(...)"

    def __eq__(self, other: object) -> bool:
        """Compare by value."""
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        """Hash by value."""
        return hash(self._value)


def fault(message: str) -> PydanticCustomError:
    """Return a validation error with our own sentence, in which braces mean nothing."""
    return PydanticCustomError("ticketgate", "{message}", {"message": message})


def base_of(info: ValidationInfo) -> Path:
    """Return the directory that relative paths start from: the configuration file's."""
    context = info.context or {}
    return Path(context.get("base", "."))


def read_secret(reference: Any, info: ValidationInfo) -> Secret:
    """Follow a reference; raises a validation error that never holds the secret."""
    if isinstance(reference, Secret):
        return reference
    if isinstance(reference, str):
        raise fault(f"a secret is never written here: give a reference, {_FORMS}")
    if not isinstance(reference, dict) or len(reference) != 1:
        raise fault(f"must be exactly one reference: {_FORMS}")
    ((kind, name),) = reference.items()
    reader = _READERS.get(kind)
    if reader is None or not isinstance(name, str) or not name:
        raise fault(f"must be exactly one reference: {_FORMS}")
    value = reader(name, info).strip()
    if not value:
        raise fault(f"the {kind} that it names is empty")
    return Secret(value)


def _from_file(name: str, info: ValidationInfo) -> bytes:
    path = base_of(info) / name
    return _read(path, private=True)


def _from_env(name: str, _info: ValidationInfo) -> bytes:
    if not _ENV_NAME.fullmatch(name):  # perhaps the secret itself: do not repeat it
        raise fault("env must be the name of an environment variable, in capitals")
    value = os.environ.get(name)
    if value is None:
        raise fault(f"the environment variable {name} is not set")
    return value.encode()


def _from_credential(name: str, _info: ValidationInfo) -> bytes:
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        told = "credentials come from the service manager; by hand, set it to their directory"
        raise fault(f"$CREDENTIALS_DIRECTORY is not set: {told}")
    if "/" in name or name.startswith("."):
        raise fault("credential must be a plain name")
    path = Path(directory) / name
    if not path.exists():
        told = f"is there a LoadCredential={name}: in the service's unit?"
        raise fault(f"{path} cannot be read: No such file or directory: {told}")
    return _read(path, private=False)


def _read(path: Path, *, private: bool) -> bytes:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if private and mode & 0o077:
                raise fault(f"{path} is open to others (mode {mode:04o}): chmod 600 it")
            value = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise fault(f"{path} cannot be read: {error.strerror or error}") from None
    if len(value) > MAX_BYTES:
        raise fault(f"{path} is too long for a secret")
    return value


_READERS = {"file": _from_file, "env": _from_env, "credential": _from_credential}


def _read_key(reference: Any, info: ValidationInfo) -> Secret:
    secret = read_secret(reference, info)
    if len(secret.reveal()) < MIN_KEY_BYTES:
        raise fault(f"the secret is too short: {MIN_KEY_BYTES} bytes at least")
    return secret


SecretReference = Annotated[Secret, PlainValidator(read_secret)]
KeyReference = Annotated[Secret, PlainValidator(_read_key)]
