"""Run a program as systemd would run it under the restrictions of a unit file; needs root.

    confine.py UNIT STATE_DIR CREDENTIALS_DIR USER KEEP:KEEP... -- PROGRAM ...

systemd itself need not run: mounts, capabilities, limits and system call filters are made here from
the directives that stand in the unit. KEEP are directories of the program that stay visible. Not
made here: what needs a control group (MemoryMax, TasksMax) or rights that root may not have in a
container (OOMScoreAdjust), LoadCredential's copy, RemoveIPC.
"""

import ctypes
import errno
import os
import pwd
import resource
import stat
import subprocess
import sys
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
NAMESPACES = 0x7E020080
MS_BIND, MS_REC, MS_PRIVATE, MS_NOSUID = 0x1000, 0x4000, 0x40000, 0x2
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, ATTR_RDONLY = 442, -100, 0x8000, 1
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 24, 38, 47, 4
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
NE, LT, EQ, GT, MASKED_EQ = 1, 2, 4, 6, 7
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}


def directives(unit: Path) -> dict[str, list[str]]:
    """Return what stands in [Service]: each key with its values in order."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in unit.read_text().splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def call(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None) -> None:
    words = [None if w is None else w.encode() for w in (source, target, kind)]
    text = None if data is None else data.encode()
    call(LIBC.mount(*words, ctypes.c_ulong(flags), text), f"mount {source} {target}")


def set_writable(target: str, *, writable: bool, recursive: bool = False) -> None:
    attr = (ctypes.c_uint64 * 4)(0 if writable else ATTR_RDONLY, ATTR_RDONLY if writable else 0)
    flags = AT_RECURSIVE if recursive else 0
    done = LIBC.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, target.encode(), flags, attr, 32)
    call(done, f"mount_setattr {target}")


def confine_files(unit: dict[str, list[str]], writable: list[str], keep: list[str]) -> None:
    """ProtectSystem, ProtectHome, PrivateTmp, PrivateDevices, ProtectProc, ProcSubset."""
    assert unit["ProtectSystem"] == ["strict"]
    call(LIBC.unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC), "unshare")
    mount("none", "/", None, MS_REC | MS_PRIVATE, None)
    kept = {path: os.open(path, os.O_PATH | os.O_DIRECTORY) for path in keep}
    hidden = ["/tmp", "/var/tmp", "/home", "/root", "/run/user"]
    for path in hidden:
        if Path(path).is_dir():
            mode = "1777" if path.endswith("tmp") else "0755"
            mount("tmpfs", path, "tmpfs", MS_NOSUID, f"mode={mode}")
    for path in writable:
        mount(path, path, None, MS_BIND, None)
    for path, fd in kept.items():
        if any(Path(path).is_relative_to(h) for h in hidden):
            Path(path).mkdir(parents=True, exist_ok=True)
            mount(f"/proc/self/fd/{fd}", path, None, MS_BIND | MS_REC, None)
    mount("tmpfs", "/dev", "tmpfs", MS_NOSUID, "mode=0755")
    for name, minor in {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}.items():
        os.mknod(f"/dev/{name}", 0o666 | stat.S_IFCHR, os.makedev(1, minor))
        Path(f"/dev/{name}").chmod(0o666)
    Path("/dev/shm").mkdir()
    Path("/dev/fd").symlink_to("/proc/self/fd")
    proc = f"hidepid={unit['ProtectProc'][-1]},subset={unit['ProcSubset'][-1]}"
    mount("proc", "/proc", "proc", MS_NOSUID, proc)
    set_writable("/", writable=False, recursive=True)
    for path in (*writable, "/tmp", "/var/tmp", "/proc"):
        set_writable(path, writable=True)
    for fd in kept.values():
        os.close(fd)


def confine_rights(unit: dict[str, list[str]], user: pwd.struct_passwd) -> None:
    """CapabilityBoundingSet, AmbientCapabilities, User, NoNewPrivileges, UMask, Limit*."""
    assert unit["CapabilityBoundingSet"] == unit["AmbientCapabilities"] == [""]
    files, core = int(unit["LimitNOFILE"][-1]), int(unit["LimitCORE"][-1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    resource.setrlimit(resource.RLIMIT_CORE, (core, core))
    for capability in range(64):
        if LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            break
    LIBC.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    os.setgroups([])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    assert unit["NoNewPrivileges"] == ["yes"]
    call(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    os.umask(int(unit["UMask"][-1], 8))


class Compare(ctypes.Structure):
    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    )


class Filter:
    """A system call filter made with libseccomp, as systemd makes its own."""

    def __init__(self, default: int) -> None:
        self._lib = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self._lib.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._lib.seccomp_init(ctypes.c_uint32(default)))

    def add(self, action: int, name: str, *compare: tuple[int, int, int, int]) -> None:
        number = self._lib.seccomp_syscall_resolve_name(name.encode())
        if number == -1:  # not known on this machine
            return
        rules = (Compare * len(compare))(*(Compare(*one) for one in compare))
        done = self._lib.seccomp_rule_add_array(
            self._context, ctypes.c_uint32(action), number, len(compare), rules
        )
        if done not in {0, -errno.EEXIST, -errno.EDOM}:  # EDOM: of another architecture
            raise OSError(-done, f"seccomp rule {name}: {os.strerror(-done)}")

    def load(self) -> None:
        done = self._lib.seccomp_load(self._context)
        if done:
            raise OSError(-done, f"seccomp load: {os.strerror(-done)}")


def calls_of(word: str) -> set[str]:
    """Return the system calls of a word; a group's members come from systemd's own list."""
    if not word.startswith("@"):
        return {word}
    done = subprocess.run(
        ["systemd-analyze", "syscall-filter", word], capture_output=True, text=True, check=True
    )
    words = {line.strip() for line in done.stdout.splitlines()[1:]}
    words = {one for one in words if one and not one.startswith("#")}
    return set().union(*map(calls_of, words))


def allowed_calls(unit: dict[str, list[str]]) -> set[str]:
    """Return what SystemCallFilter leaves, line by line; @default is always allowed."""
    allowed = calls_of("@default")
    for line in unit["SystemCallFilter"]:
        named = set().union(*(calls_of(word) for word in line.lstrip("~").split()))
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed | {"execve", "exit", "exit_group", "rt_sigreturn"}


def narrow(unit: dict[str, list[str]]) -> Filter:
    """Return the filter of the Restrict*, Lock* and Memory* directives."""
    filters = Filter(ALLOW)
    families = sorted(FAMILIES[name] for name in unit["RestrictAddressFamilies"][-1].split())
    unsupported = ERRNO | errno.EAFNOSUPPORT
    filters.add(unsupported, "socket", (0, LT, families[0], 0))
    filters.add(unsupported, "socket", (0, GT, families[-1], 0))
    for family in range(families[0], families[-1]):
        if family not in families:
            filters.add(unsupported, "socket", (0, EQ, family, 0))
    refused = ERRNO | errno.EPERM
    if unit["MemoryDenyWriteExecute"] == ["yes"]:
        filters.add(refused, "mmap", (2, MASKED_EQ, 6, 6))  # PROT_EXEC | PROT_WRITE
        for name in ("mprotect", "pkey_mprotect"):
            filters.add(refused, name, (2, MASKED_EQ, 4, 4))
        filters.add(refused, "shmat", (2, MASKED_EQ, 0o100000, 0o100000))
    if unit["RestrictNamespaces"] == ["yes"]:
        filters.add(ERRNO | errno.ENOSYS, "clone3")
        for bit in (1 << n for n in range(32) if NAMESPACES >> n & 1):
            filters.add(refused, "unshare", (0, MASKED_EQ, bit, bit))
            filters.add(refused, "clone", (0, MASKED_EQ, bit, bit))
        filters.add(refused, "setns")
    if unit["RestrictSUIDSGID"] == ["yes"]:
        for name, arg in {"chmod": 1, "fchmod": 1, "fchmodat": 2, "mkdir": 1, "mkdirat": 2}.items():
            for bit in (stat.S_ISUID, stat.S_ISGID):
                filters.add(refused, name, (arg, MASKED_EQ, bit, bit))
    if unit["LockPersonality"] == ["yes"]:
        filters.add(refused, "personality", (0, NE, 0, 0))
    return filters


def main() -> None:
    """Confine this process and become the program."""
    unit_file, state, credentials, user_name, keep, _, *program = sys.argv[1:]
    unit, user = directives(Path(unit_file)), pwd.getpwnam(user_name)
    calls = sorted(allowed_calls(unit))
    last = Filter(ERRNO | errno.EPERM)
    for name in calls:
        last.add(ALLOW, name)
    first = narrow(unit)
    confine_files(unit, [state], keep.split(":"))
    confine_rights(unit, user)
    os.chdir(state)
    os.environ |= {"CREDENTIALS_DIRECTORY": credentials, "STATE_DIRECTORY": state}
    for line in unit.get("Environment", []):
        os.environ.update([line.split("=", 1)])
    first.load()
    last.load()
    os.execv(program[0], program)


if __name__ == "__main__":
    main()
