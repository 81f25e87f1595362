"""What runs here: free text, as the page shows it. Source: spec/ui-backends.md §13."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distributions, requires, version
from pathlib import Path
from typing import Any, Final

PACKAGE: Final = "callboard"
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
_MIB: Final = 1024


def info(prefixes: Sequence[str] = ()) -> dict[str, Any]:
    """`{operatingSystem, resourceUtilization, nodeJsVersion, backstageVersion, dependencies: [{name, versions}]}`.

    `nodeJsVersion` and `backstageVersion` are the page's names; Python's and Callboard's versions are what they show.
    """
    system = platform.uname()
    return {
        "operatingSystem": f"{system.node}: {system.system} {system.release} - "
        f"{system.system.lower()}/{system.machine}",
        "resourceUtilization": f"Memory: {_memory()} - Load: {_load()}",
        "nodeJsVersion": f"Python {platform.python_version()}",
        "backstageVersion": f"Callboard {_installed(PACKAGE)}",
        "dependencies": [{"name": name, "versions": found} for name, found in _packages(prefixes)],
    }


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "N/A"


def _packages(prefixes: Sequence[str]) -> list[tuple[str, str]]:
    """Callboard, what it needs, and all whose name begins with a prefix; by name."""
    try:
        needed = {_canonical(found[0]) for line in requires(PACKAGE) or () if (found := _NAME.match(line))}
    except PackageNotFoundError:
        needed = set()
    wanted = {_canonical(PACKAGE), *needed}
    begin = tuple(_canonical(prefix) for prefix in prefixes)
    versions: dict[str, str] = {}
    for distribution in distributions():
        name = _canonical(distribution.metadata["Name"] or "")
        if name in wanted or (begin and name.startswith(begin)):
            versions[name] = distribution.version
    return sorted(versions.items())


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _memory() -> str:
    """In use and in all, of the machine."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return "N/A"
    values = {key: int(rest.split()[0]) for key, _, rest in (line.partition(":") for line in lines) if rest.split()}
    total, free = values.get("MemTotal", 0), values.get("MemAvailable", values.get("MemFree", 0))
    return f"{(total - free) // _MIB}/{total // _MIB}MB"


def _load() -> str:
    try:
        return "/".join(f"{value:.2f}" for value in os.getloadavg())
    except OSError:
        return "N/A"
