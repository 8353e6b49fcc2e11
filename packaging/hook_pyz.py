"""Build dist/ticketgate-hook.pyz: the site's hook as one file for Debian's own python3.

Rule: the same sources give the same bytes: names sorted, one date, one mode, nothing compiled. It
holds the folder gateway/hook and what that imports from parsers, found by reading the imports.
"""

import ast
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHEBANG = b"#!/usr/bin/python3 -I\n"
MAIN = b"import sys\n\nfrom gateway.hook.cli import main\n\nsys.exit(main())\n"
DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip file can say
MODE = 0o100644 << 16


def main() -> None:
    """Write the file whose name is given, or the usual one."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist" / "ticketgate-hook.pyz"
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as stream:
        stream.write(SHEBANG)
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in sorted(members().items()):
                info = zipfile.ZipInfo(name, DATE)
                info.external_attr = MODE
                info.create_system = 3  # Unix, wherever it is built
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, data)
    target.chmod(0o755)


def members() -> dict[str, bytes]:
    """Return every file of the archive by its name."""
    hook = ROOT / "gateway" / "hook"
    files = [path for path in hook.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    files += [ROOT / "gateway" / "__init__.py", ROOT / "parsers" / "__init__.py"]
    todo = [path for path in files if path.suffix == ".py"]
    while todo:
        for path in imported(todo.pop()):
            if path not in files:
                files.append(path)
                todo.append(path)
    found = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in files}
    return {**found, "__main__.py": MAIN}


def imported(path: Path) -> Iterator[Path]:
    """Yield the files of ours that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            file = ROOT / f"{name.replace('.', '/')}.py"
            if name.split(".")[0] in {"gateway", "parsers"} and file.is_file():
                yield file


if __name__ == "__main__":
    main()
