"""What stands between a submission and the machine: Linux namespaces, resource limits, a user without rights.

Inside, the submission sees Python, its libraries and the package without the course, all of them read-only; a folder
of its own in memory; no other process; no network but its own loopback. When the first process inside ends, the kernel
ends all others.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
import signal
import socket
import stat
import struct
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

HOME = "/submission"
"""The submission's own folder, where there are namespaces."""

_CLONE_NEWNS, _CLONE_NEWIPC, _CLONE_NEWUSER = 0x00020000, 0x08000000, 0x10000000
_CLONE_NEWPID, _CLONE_NEWNET = 0x20000000, 0x40000000
_MS_BIND, _MS_REC, _MS_PRIVATE, _MS_NOSUID, _MS_NODEV = 0x1000, 0x4000, 0x40000, 0x2, 0x4
_MNT_DETACH = 2
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1
_SOCKET_BUFFER = "4096 65536 65536"
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_MOUNT_SETATTR, _MOUNT_ATTR_RDONLY, _AT_RECURSIVE, _AT_FDCWD = 442, 1, 0x8000, -100
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/urandom")
_FIRST_UID = 0x7000_0000


def enter_namespaces() -> None:
    """Leave the machine's mounts, processes, network and IPC; an ordinary user needs a user namespace for that.

    The next child is the first process inside. Raises `OSError` where the system does not allow it.
    """
    uid, gid = os.getuid(), os.getgid()
    spaces = _CLONE_NEWNS | _CLONE_NEWPID | _CLONE_NEWNET | _CLONE_NEWIPC
    _check(_libc().unshare(spaces | (_CLONE_NEWUSER if uid else 0)), "unshare")
    if uid:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    _raise_loopback()


def build_world(root: str, hidden: Iterable[str], folder_mb: int) -> None:
    """Put a new, read-only file system in place of the machine's, and `HOME` into it, of `folder_mb` in memory.

    `root` holds the package; `hidden` are folders that will be empty. Raises `OSError` where that is not possible.
    """
    _mount("none", "/", "", _MS_REC | _MS_PRIVATE)
    world = "/tmp"  # any folder will do: what is mounted over it is seen in here only
    shown = dict.fromkeys((*_SYSTEM, sys.base_prefix, sys.prefix, f"{root}/sparksim"))
    open_already = {path: os.open(path, os.O_PATH) for path in shown if os.path.exists(path)}
    links = {path: os.readlink(path) for path in _SYSTEM if os.path.islink(path) and "/etc" not in path}
    _mount("tmpfs", world, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,mode=755")
    for path, descriptor in open_already.items():
        target = world + path
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if path in links:
            os.symlink(links[path], target)
        elif not os.path.lexists(target):
            _show(f"/proc/self/fd/{descriptor}", target, folder=stat.S_ISDIR(os.fstat(descriptor).st_mode))
        os.close(descriptor)
    for path in ("/proc", HOME, "/.old"):
        os.makedirs(world + path, exist_ok=True)
    if not os.path.exists(f"{world}/tmp"):
        os.symlink(HOME, f"{world}/tmp")
    os.chdir(world)
    _check(_libc().syscall(_PIVOT_ROOT[os.uname().machine], b".", b".old"), "pivot_root")
    os.chdir("/")
    _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV)
    _check(_libc().umount2(b"/.old", _MNT_DETACH), "umount2")
    for path in filter(os.path.isdir, hidden):
        _mount("tmpfs", path, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=4k,mode=755")
    _make_read_only("/")
    _mount("tmpfs", HOME, "tmpfs", _MS_NOSUID | _MS_NODEV, f"size={folder_mb}m,nr_inodes=2000,mode=777")


def spare_uid() -> int:
    """A user id that nobody has, one for each process that asks."""
    return _FIRST_UID + os.getpid() % 0x10_0000


def drop_privileges(uid: int) -> None:
    """From here on no program gives more rights, and who was root is the user `uid`, whom nothing belongs to."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    if sys.platform == "linux":
        _check(_libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")


def die_with_parent() -> None:
    """Have the kernel end this process when the one that started it ends."""
    if sys.platform == "linux":
        _check(_libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def limit(limits: Mapping[str, int]) -> None:
    """Set the limits of this process and its children: see `Limits`."""
    # Other systems know some of these limits and refuse others.
    refusals = () if os.uname().sysname == "Linux" else (AttributeError, ValueError, OSError)
    soft = {
        "RLIMIT_CPU": limits["cpu_s"],
        "RLIMIT_AS": limits["memory_mb"] << 20,
        "RLIMIT_FSIZE": limits["file_mb"] << 20,
        "RLIMIT_NPROC": limits["processes"],
        "RLIMIT_NOFILE": limits["open_files"],
        "RLIMIT_CORE": 0,
    }
    for name, value in soft.items():
        hard = value + 1 if name == "RLIMIT_CPU" else value  # the soft one sends SIGXCPU, which says what happened
        with suppress(*refusals):
            resource.setrlimit(getattr(resource, name), (value, hard))


def refuse_network_and_folders(hidden: Iterable[str]) -> None:
    """What is left where there are no namespaces: Python itself refuses sockets and the `hidden` folders.

    Code that goes around Python (ctypes) goes around this too.
    """
    closed = tuple(os.path.realpath(folder) + os.sep for folder in hidden)

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"):
            raise PermissionError("an exercise has no network")
        if event in ("open", "os.listdir", "os.scandir") and isinstance(arguments[0], (str, bytes, os.PathLike)):
            path = os.path.realpath(os.fsdecode(arguments[0])) + os.sep
            if path.startswith(closed):
                raise PermissionError(f"an exercise cannot read {path}")

    sys.addaudithook(refuse)


def _raise_loopback() -> None:
    """Let processes inside talk to each other on 127.0.0.1: it is a loopback of their own, which nobody else is on.

    Where the system does not allow it, such as a container without CAP_NET_ADMIN, there is no network at all.
    """
    with suppress(OSError):  # what waits in sockets counts for no process, so it is kept small
        Path("/proc/sys/net/ipv4/tcp_rmem").write_text(_SOCKET_BUFFER)
        Path("/proc/sys/net/ipv4/tcp_wmem").write_text(_SOCKET_BUFFER)
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))


def _show(source: str, target: str, *, folder: bool) -> None:
    """Make a file or folder of the machine visible under another name."""
    if folder:
        os.makedirs(target)
    else:
        os.close(os.open(target, os.O_CREAT))
    _mount(source, target, "", _MS_BIND | _MS_REC)


def _make_read_only(path: str) -> None:
    attributes = (ctypes.c_uint64 * 4)(_MOUNT_ATTR_RDONLY, 0, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    done = _libc().syscall(_MOUNT_SETATTR, _AT_FDCWD, path.encode(), _AT_RECURSIVE, attributes, size)
    _check(done, "mount_setattr")


def _mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    done = _libc().mount(
        source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode() or None
    )
    _check(done, f"mount {target}")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(done: int, what: str) -> None:
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
