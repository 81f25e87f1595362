"""What confined children do in tests: what hostile work would try."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from app.errors import ConflictError


def look_around(arguments: dict[str, Any]) -> dict[str, Any]:
    def outcome(attempt: Any) -> str:
        try:
            attempt()
        except OSError as error:
            return type(error).__name__
        return "done"

    def connect() -> None:
        with socket.socket() as one:
            one.settimeout(2)
            one.connect(("127.0.0.1", arguments["port"]))

    return {
        "environment": sorted(os.environ),
        "home": Path.cwd() == Path(os.environ["HOME"]),
        "own file": outcome(lambda: Path(arguments["own"], "made").write_text("x")),
        "given file": outcome(lambda: Path(arguments["given"]).read_text()),
        "write to given": outcome(lambda: Path(arguments["given"]).write_text("x")),
        "other file": outcome(lambda: Path(arguments["other"]).read_text()),
        "network": outcome(connect),
    }


def talk(arguments: dict[str, Any]) -> str:
    print("to the one")
    subprocess.run(["sh", "-c", "echo to the other >&2"], check=True)
    print("x" * 200_000)
    print("and on")
    return "said"


def fail(arguments: dict[str, Any]) -> None:
    raise {"conflict": ConflictError("taken"), "value": ValueError("odd"), "exit": SystemExit(3)}[arguments["how"]]


def vanish(arguments: dict[str, Any]) -> None:
    os._exit(1)


def want(arguments: dict[str, Any]) -> None:
    place = Path(arguments["own"])
    if arguments["what"] == "time":
        time.sleep(60)
    elif arguments["what"] == "cpu":
        while True:
            pass
    elif arguments["what"] == "memory":
        bytearray(4 << 30)
    elif arguments["what"] == "file_size":
        (place / "large").write_bytes(b"x" * (2 << 20))
    elif arguments["what"] == "files":
        for number in range(500):
            (place / str(number)).write_text(str(os.getpid()))
        time.sleep(60)
    else:
        for number in range(8):
            (place / str(number)).write_bytes(b"x" * (1 << 20))
        time.sleep(60)
