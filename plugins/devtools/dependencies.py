"""Whether the services that the configuration names are there. Source: spec/ui-backends.md §13."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
from collections.abc import Sequence
from typing import Any, Final

from app.errors import CallboardError
from app.interfaces import Outgoing
from plugins.devtools.settings import DependencySettings

TIMEOUT_S: Final = 10.0
MAX_REDIRECTS: Final = 5
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.:_-]*[A-Za-z0-9])?")
_PORTS: Final = (443, 80)


class ExternalDependencies:
    """Asks them all at once. Their hosts are trusted: the configuration names them."""

    def __init__(self, endpoints: Sequence[DependencySettings], outgoing: Outgoing) -> None:
        self._endpoints, self._outgoing = endpoints, outgoing
        for endpoint in endpoints:
            if endpoint.type == "fetch":
                with contextlib.suppress(CallboardError):  # Told where it is asked.
                    outgoing.trust(endpoint.target)

    async def checked(self) -> list[dict[str, Any]]:
        """`[{name, type, target, status: Healthy | Unhealthy, error?}]`, in the order of the configuration."""
        return list(await asyncio.gather(*map(self._checked, self._endpoints)))

    async def _checked(self, endpoint: DependencySettings) -> dict[str, Any]:
        error = await (self._fetched(endpoint.target) if endpoint.type == "fetch" else pinged(endpoint.target))
        told = {"name": endpoint.name, "type": endpoint.type, "target": endpoint.target}
        return {**told, "status": "Healthy"} if error is None else {**told, "status": "Unhealthy", "error": error}

    async def _fetched(self, url: str) -> str | None:
        """What is wrong, if anything."""
        try:
            answer = await self._outgoing.request("GET", url, max_redirects=MAX_REDIRECTS, timeout=TIMEOUT_S)
        except CallboardError as error:
            return error.message
        return None if answer.status_code == 200 else f"{answer.status_code} {answer.reason_phrase}".rstrip()


async def pinged(host: str) -> str | None:
    """By the system's `ping` where there is one; else a host is there that takes or refuses a connection."""
    if not _HOST.fullmatch(host):
        return f"{host} - not the name or address of a host"
    program = shutil.which("ping")
    if program is not None:
        process = await asyncio.create_subprocess_exec(
            *(program, "-n", "-c", "1", "-w", str(int(TIMEOUT_S)), "--", host),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        return None if process.returncode == 0 else output.decode("utf-8", "replace").strip() or f"{host} - Unknown"
    outcomes = await asyncio.gather(*(_connected(host, port) for port in _PORTS))
    return None if any(outcomes) else f"{host} - Unknown"


async def _connected(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            _, writer = await asyncio.open_connection(host, port)
    except ConnectionRefusedError:
        return True
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
