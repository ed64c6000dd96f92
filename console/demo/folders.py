"""Folders of the embedded servers: who may reach them, who holds them, and who was left running in them."""

import fcntl
import hashlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from console.demo.child import Account

ORPHAN_SECONDS = 10.0
# sockaddr_un holds 108 bytes on Linux and 104 on macOS, the socket's own name included.
SOCKET_FOLDER_BYTES = 84


class ServerError(Exception):
    """A server cannot start; the message says what to do."""


def command_line(pid: int) -> str:
    """Of a running process; empty when there is none."""
    proc = Path(f"/proc/{pid}/cmdline")
    if sys.platform == "linux":
        try:
            return proc.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
        except OSError:
            return ""
    answer = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()


def end_orphan(pid_file: Path, marker: str) -> None:
    """End a server that outlived its supervisor. `marker` in its command line proves that it is ours.

    Call it with the data folder's lock held: then no living supervisor owns the process.
    """
    try:
        pid = int(pid_file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return
    if marker not in command_line(pid):
        return  # a number left by a crash, since then given to a stranger
    os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + ORPHAN_SECONDS
    while marker in command_line(pid):
        if time.monotonic() > deadline:
            raise ServerError(f"Process {pid} of an earlier start does not end. End it with `kill -9 {pid}`.")
        time.sleep(0.05)


def lock_folder(folder: Path) -> int:
    """Descriptor that holds the folder; the kernel lets go when we die, so a stale file never blocks."""
    path = folder.with_name(folder.name + ".lock")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        owner = os.read(descriptor, 32).decode("ascii", "replace").strip() or "another process"
        os.close(descriptor)
        raise ServerError(
            f"The data folder {folder} is in use by process {owner}. Stop that one first."
        ) from error
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def private_folder(path: Path, mode: int) -> Path:
    """Ours, and no link: names below the temp root can be guessed by other people on the machine."""
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    info = path.lstat()
    if path.is_symlink() or info.st_uid != os.geteuid():
        raise ServerError(f"{path} belongs to somebody else. Remove it, or start as its owner.")
    path.chmod(mode)
    return path


def short_name(folder: Path) -> str:
    return hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]


def socket_folder(home: Path, name: str) -> Path:
    """Where a server's socket lies: in `home`, or below the temp root when that path is too long or odd."""
    wanted = home.resolve() / "run" / name
    if len(os.fsencode(wanted)) <= SOCKET_FOLDER_BYTES and re.fullmatch(r"[\w./-]+", str(wanted), re.ASCII):
        return wanted
    return Path(tempfile.gettempdir()) / f"console-{os.geteuid()}-{short_name(home)}" / name


def reaches(account: Account, path: Path) -> bool:
    """Whether that user can enter or run the path. Asked as that user: access rules have too many layers."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
            os._exit(0 if os.access(path, os.R_OK | os.X_OK) else 1)
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
