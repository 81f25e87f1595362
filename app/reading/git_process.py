"""Runs git, through GitPython's `Git.execute` and nothing else of it.

Every run has the same fixed configuration: no hooks, no submodules, no system, user or repository configuration of
somebody else, no prompts, no proxies or credentials from the environment, one transport protocol. A token reaches git
by askpass, never by URL, argument or file (CVE-2024-53983).
"""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from app.errors import (
    CallboardError,
    InputError,
    NotAllowedError,
    NotFoundError,
    ServiceUnavailableError,
    UnreachableError,
)

MAX_PACK_BLOCKS: Final = 4 * 1024 * 1024
"""Largest file git may write, in blocks of 512 bytes (2 GiB): a remote must not fill the disk."""
MAX_STDERR: Final = 16 * 1024
THREADS: Final = 8

_CONFIG: Final = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.alternateRefsCommand=",
    "credential.helper=",
    "http.followRedirects=false",
    "http.proxy=",
    "http.emptyAuth=false",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
    "protocol.version=2",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "fetch.writeCommitGraph=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "core.symlinks=false",
    "core.protectHFS=true",
    "core.protectNTFS=true",
)
_ENVIRONMENT: Final = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GCM_INTERACTIVE": "never",
}
_KEPT: Final = frozenset({"GIT_EXEC_PATH", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"})
_ASKPASS: Final = """#!/bin/sh
case "$1" in
Username*) printf '%s\\n' "$CALLBOARD_GIT_USERNAME" ;;
Password*) printf '%s\\n' "$CALLBOARD_GIT_PASSWORD" ;;
*) exit 1 ;;
esac
"""


@dataclass(frozen=True, slots=True)
class Access:
    """How one run may reach a remote. The default reaches nothing.

    `addresses` are the checked ones that git has to dial, whatever the name resolves to by now.
    """

    protocol: str = "none"
    host: str | None = None
    port: int | None = None
    addresses: Sequence[str] = ()
    credentials: tuple[str, str] | None = field(default=None, repr=False)


class GitProcess:
    """`home` is an empty folder of ours: git and curl find no configuration and no netrc there."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="git")

    async def run(
        self,
        arguments: Sequence[str],
        *,
        repository: Path | None = None,
        access: Access | None = None,
        config: Sequence[str] = (),
        given: bytes = b"",
        timeout: float = 60.0,
        max_bytes: int = 256 * 1024 * 1024,
        about: str = "the repository",
    ) -> bytes:
        """What git writes to its standard output.

        Args:
            arguments: the subcommand first; text of others only as a checked value, behind `--` where git knows it.
            given: its standard input.
            timeout: seconds, after which git and all its children are killed.

        Raises:
            NotFoundError, NotAllowedError: the remote said so.
            ServiceUnavailableError: no answer in time, or it broke off.
            UnreachableError: connections are refused or cut.
            InputError: more output than `max_bytes`.
        """
        access = access or Access()
        command = [
            *("sh", "-c", 'ulimit -f "$1"; shift; exec "$@"', "sh", str(MAX_PACK_BLOCKS)),
            *_without_inherited(),
            "git",
            *(part for line in (*_CONFIG, *_pinned(access), *config) for part in ("-c", line)),
            "--literal-pathspecs",
            *((f"--git-dir={repository}",) if repository else ()),
            *arguments,
        ]
        stop = _Stop()
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads,
                lambda: _execute(
                    command, self._home, self._environment(access), given, timeout, max_bytes, about, stop
                ),
            )
        except asyncio.CancelledError:
            # Its thread would wait for git as long as the time-out lets it.
            stop.now()
            raise

    def _environment(self, access: Access) -> dict[str, str]:
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        environment = {
            **_ENVIRONMENT,
            "HOME": str(self._home),
            "XDG_CONFIG_HOME": str(self._home),
            "GIT_ALLOW_PROTOCOL": access.protocol,
            "GIT_SSH_COMMAND": _ssh(access),
        }
        # An empty variable is none for curl, and a proxy must not get to see where we go.
        environment |= {name: "" for name in os.environ if name.lower().endswith("_proxy")}
        if access.credentials and access.protocol in ("https", "http"):
            askpass = self._home / "askpass"
            if not askpass.exists():
                fresh = askpass.with_name(f"askpass.{os.getpid()}.{threading.get_ident()}")
                fresh.write_text(_ASKPASS)
                fresh.chmod(0o700)
                fresh.replace(askpass)
            environment["GIT_ASKPASS"] = str(askpass)
            environment["CALLBOARD_GIT_USERNAME"], environment["CALLBOARD_GIT_PASSWORD"] = access.credentials
        else:
            environment["GIT_ASKPASS"] = "false"
        environment["SSH_ASKPASS"] = "false"
        return environment


class _Stop:
    """Kills a process for one who no longer waits for it, even before it has begun."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid: int | None = None
        self._stopped = False

    def now(self) -> None:
        with self._lock:
            self._stopped = True
            if self._pid is not None:
                _kill(self._pid)

    def began(self, pid: int) -> None:
        with self._lock:
            self._pid = pid
            if self._stopped:
                _kill(pid)

    def ended(self) -> None:
        """From here on the number may be another's."""
        with self._lock:
            self._pid = None


def _without_inherited() -> list[str]:
    """Drop variables by which the environment could steer git; GitPython always passes ours on."""
    names = [name for name in os.environ if name.startswith("GIT_") and name not in {*_KEPT, *_ENVIRONMENT}]
    ours = {"GIT_ALLOW_PROTOCOL", "GIT_SSH_COMMAND", "GIT_ASKPASS"}
    return ["env", *(part for name in names if name not in ours for part in ("-u", name))]


def _pinned(access: Access) -> list[str]:
    if access.protocol not in ("https", "http") or not access.addresses or access.host in access.addresses:
        return []
    return [f"http.curloptResolve={access.host}:{access.port}:{','.join(access.addresses)}"]


def _ssh(access: Access) -> str:
    options = ["BatchMode=yes", "ClearAllForwardings=yes", "PermitLocalCommand=no", "ConnectTimeout=15"]
    if access.protocol == "ssh" and access.addresses and access.host:
        alias = access.host if access.port == 22 else f"[{access.host}]:{access.port}"
        options += [f"HostName={access.addresses[0]}", f"HostKeyAlias={alias}"]
    return shlex.join(["ssh", *(part for option in options for part in ("-o", option))])


def _execute(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    given: bytes,
    timeout: float,
    max_bytes: int,
    about: str,
    stop: _Stop,
) -> bytes:
    try:
        import git  # here, so that the product runs without git where no git location is used
    except ImportError as error:
        raise ServiceUnavailableError("git is not installed on this machine") from error

    with tempfile.TemporaryFile() as stdin:
        stdin.write(given)
        stdin.seek(0)
        started: Any = git.Git(str(folder)).execute(
            list(command), istream=stdin, as_process=True, env=dict(environment), start_new_session=True
        )
        process = started.proc
        stop.began(process.pid)
        late = threading.Event()

        def kill() -> None:
            late.set()
            _kill(process.pid)

        watchdog = threading.Timer(timeout, kill)
        watchdog.daemon = True
        errors: list[bytes] = []
        # A remote may write to our standard error as much as it likes; unread, it would block git for ever.
        listener = threading.Thread(target=_drain, args=(process.stderr, errors), daemon=True)
        try:
            watchdog.start()
            listener.start()
            output = _bounded(process.stdout, max_bytes)
            if output is None:
                _kill(process.pid)
            status = process.wait()
            listener.join()
        finally:
            watchdog.cancel()
            stop.ended()
            started.proc = None
            process.stdout.close()
            process.stderr.close()
    if late.is_set():
        raise ServiceUnavailableError(f"git did not get an answer about {about} within {timeout:g} seconds")
    if output is None:
        raise InputError(f"git's answer about {about} is larger than {max_bytes} bytes")
    if status != 0:
        raise failure(b"".join(errors).decode("utf-8", "replace"), about)
    return output


def _kill(pid: int) -> None:
    # The whole session: git's transport helpers hold the connections.
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _bounded(stream: IO[bytes], limit: int) -> bytes | None:
    parts, size = [], 0
    while chunk := stream.read(65536):
        size += len(chunk)
        if size > limit:
            return None
        parts.append(chunk)
    return b"".join(parts)


def _drain(stream: IO[bytes], kept: list[bytes]) -> None:
    left = MAX_STDERR
    while chunk := stream.read1(4096):  # type: ignore[attr-defined]
        kept.append(chunk[:left])
        left = max(0, left - len(chunk))


def failure(words: str, about: str) -> CallboardError:
    """git's words, sorted into the project's errors. Only the last line is passed on, and no URL of git's own."""
    low = words.lower()
    said = next((line for line in reversed(words.strip().splitlines()) if line.startswith(("fatal:", "error:"))), "")
    said = " ".join(said.split())[:300]
    if any(sign in low for sign in ("authentication failed", "could not read username", "permission denied", " 403")):
        return NotAllowedError(f"git may not read {about}: {said}")
    if any(
        sign in low
        for sign in (
            "not found",
            "does not appear to be a git repository",
            "does not exist",
            "couldn't find remote ref",
            "no such remote ref",
            "unadvertised object",
            "not our ref",
        )
    ):
        return NotFoundError(f"git finds nothing for {about}: {said}")
    if any(sign in low for sign in ("failed to connect", "couldn't connect", "connection refused", "connection reset")):
        return UnreachableError(f"git could not reach {about}: {said}")
    return ServiceUnavailableError(f"git could not read {about}: {said or 'it failed without a word'}")
