"""Walks through the portal in a browser, on both databases. Exit status 1 when a step fails.

    python -m tests.e2e [--database sqlite|postgresql] [--journey whole|forbidden] [--bundle DIR] [--out DIR]

`ONLY='^(0\\d|5[0-7])'` in the environment picks steps, `TIMEOUT=45` is for one condition, in seconds.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from tests.e2e.browser import drive
from tests.e2e.portal import BUNDLE, HERE, portal

JOURNEYS = {"whole": "journey.js", "forbidden": "forbidden.js"}


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.e2e")
    arguments.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    arguments.add_argument("--journey", choices=list(JOURNEYS), action="append")
    arguments.add_argument("--bundle", type=Path, default=BUNDLE)
    arguments.add_argument("--out", type=Path, default=Path(".callboard/e2e"))
    given = arguments.parse_args()
    passed = []
    for database in given.database or ["sqlite", "postgresql"]:
        for journey in given.journey or list(JOURNEYS):
            out = (given.out / f"{journey}-{database}").resolve()
            out.mkdir(parents=True, exist_ok=True)
            policy = {"permission": {"enabled": True, "policy": str(HERE / "policy.yaml")}}
            print(f"\n{journey} journey on {database}", flush=True)
            with portal(database, given.bundle.resolve(), policy if journey == "forbidden" else None) as server:
                passed.append(drive(JOURNEYS[journey], ui=server.url, backend=server.url, out=out))
                shutil.copy(server.log, out)
    return 0 if all(passed) else 1


if __name__ == "__main__":
    raise SystemExit(main())
