"""The mother process: imports once, gives up what jobs may not have, then forks one child per job.

Run as `python -I -c … <control descriptor>` by `pool`. Messages over the control socket, one per packet:
`start <number>` with the job's connection attached; `kill <number>`. Answers: `ready <0|1>` (whether the
network is gone), `ended <number> <wait status>`. She has one thread and no state but her living children.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
from typing import Any, NoReturn

from app.confinement.isolation import die_with_parent, leave_network, refuse_privileges
from scaffolder.confinement.child import serve


def main(control_descriptor: int) -> None:
    control = socket.socket(fileno=control_descriptor)
    isolated = leave_network()
    refuse_privileges()
    woken, waker = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Children share these pages as long as no collector touches them.
    gc.collect()
    gc.freeze()
    control.send(b"ready %d" % isolated)
    children: dict[int, int] = {}
    try:
        while True:
            watched: list[Any] = [control, woken]
            ready, _, _ = select.select(watched, [], [])
            if woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(woken, 4096)
                _reap(children, control)
            if control in ready and not _obey(control, children, (woken, waker)):
                return
    except (BrokenPipeError, ConnectionResetError):
        return
    finally:
        for pid in children.values():
            _kill(pid)


def _obey(control: socket.socket, children: dict[int, int], mine: tuple[int, int]) -> bool:
    """Do what one message says. False: the parent has gone."""
    message, descriptors, _, _ = socket.recv_fds(control, 256, 1)
    if not message:
        return False
    order, number, *_ = message.split()
    if order == b"kill":
        pid = children.get(int(number))
        if pid is not None:
            _kill(pid)
        return True
    pid = os.fork()
    if pid == 0:
        _become_child(control, mine, descriptors[0])
    os.close(descriptors[0])
    children[int(number)] = pid
    return True


def _become_child(control: socket.socket, mine: tuple[int, int], descriptor: int) -> NoReturn:
    status = 70
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        die_with_parent()
        os.setsid()
        control.close()
        for one in mine:
            os.close(one)
        serve(socket.socket(fileno=descriptor))
        status = 0
    finally:
        # Never back into the loop above, whatever happens.
        os._exit(status)


def _reap(children: dict[int, int], control: socket.socket) -> None:
    for number, pid in list(children.items()):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            # What the job may have started goes with it.
            _kill(pid)
            del children[number]
            control.send(b"ended %d %d" % (number, status))


def _kill(pid: int) -> None:
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
