"""Child processes that never outlive their parent."""

import ctypes
import importlib.util
import os
import pwd
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, TypedDict

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(number: int) -> Callable[[], None]:
    """A `preexec_fn`: the kernel sends `number` when the *thread* that started the child ends, so start from the main thread.

    Popen calls it after the change of user, which would clear the setting.
    """
    libc = ctypes.CDLL(None, use_errno=True)

    def prepare() -> None:
        if libc.prctl(PR_SET_PDEATHSIG, number) != 0:
            os._exit(127)

    return prepare


def start_child(
    command: Sequence[str | Path],
    *,
    death_signal: int = signal.SIGTERM,
    user: str | None = None,
    env: Mapping[str, str] | None = None,
    output: int | IO[bytes] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, so that Ctrl-C at the terminal reaches us alone and we stop it in order."""
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        env=dict(env) if env is not None else None,
        cwd=cwd,
        start_new_session=True,
        preexec_fn=die_with_parent(death_signal),  # noqa: PLW1509 - one system call: no lock, no import, no thread
        **identity(user),
    )


class Identity(TypedDict):
    user: str | None
    group: int | None
    extra_groups: list[int] | None


def identity(user: str | None) -> Identity:
    """For Popen: `user` with its own group and no other, so that nothing of root's is left; None stays who we are."""
    if user is None:
        return Identity(user=None, group=None, extra_groups=None)
    return Identity(user=user, group=pwd.getpwnam(user).pw_gid, extra_groups=[])


def succeeds(command: Sequence[str | Path], user: str | None) -> bool:
    """Whether `user` can run `command` and it exits 0."""
    try:
        subprocess.run(command, cwd="/", check=True, capture_output=True, **identity(user))
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def stop_child(child: subprocess.Popen[bytes], number: int, patience: float) -> int:
    """Ask by signal, wait `patience` seconds, then SIGKILL the whole session. Gives the exit code."""
    if child.poll() is None:
        child.send_signal(number)
    try:
        return child.wait(patience)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        return child.wait()


def installed_package(name: str) -> Path:
    """The folder of an installed package, found without importing it: those of the servers start things at import time."""
    spec = importlib.util.find_spec(name)
    assert spec
    assert spec.origin
    return Path(spec.origin).parent
