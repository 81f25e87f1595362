"""What a journey needs of this machine: Chromium, and playwright-core to drive it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.reference.npm import installed

JOURNEY: Final = Path(__file__).parent / "journey"
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """The browser; installed from the distribution where there is none."""
    found = _found()
    if found is None:
        print("Installing Chromium", flush=True)
        become = [] if os.geteuid() == 0 else ["sudo"]
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
            environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
            subprocess.run([*become, *environment, "apt-get", *command], check=True, stdout=subprocess.DEVNULL)
        found = _found()
    if found is None:
        raise SystemExit("there is no Chromium, and it could not be installed")
    return found


def _found() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def drive(script: str, *, ui: str, backend: str, out: Path, **more: str) -> bool:
    """Runs a journey to its end, and says whether every step of it passed."""
    node = Path(sys.executable).with_name("node")
    environment = {
        **os.environ,
        "NODE_PATH": str(installed(JOURNEY) / "node_modules"),
        "CHROMIUM": chromium(),
        "UI": ui,
        "BACKEND": backend,
        "OUT": str(out),
        **more,
    }
    return subprocess.run([str(node), str(JOURNEY / script)], env=environment, check=False).returncode == 0
