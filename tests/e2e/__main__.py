"""Walks through the portal in a browser, on both databases. Exit status 1 when a step fails.

    python -m tests.e2e [--database sqlite|postgresql] [--journey whole|apart|forbidden]
                        [--bundle DIR] [--stock DIR] [--out DIR]

`apart` is the whole journey with the frontend at an origin of its own; it walks through the one of `--stock` where that
is given. `ONLY='^(0\\d|5[0-7])'` in the environment picks steps, `TIMEOUT=45` is for one condition, in seconds.
"""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path

from tests.e2e.browser import drive
from tests.e2e.portal import BUNDLE, HERE, portal

JOURNEYS = {"whole": "journey.js", "apart": "journey.js", "forbidden": "forbidden.js"}


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.e2e")
    arguments.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    arguments.add_argument("--journey", choices=list(JOURNEYS), action="append")
    arguments.add_argument("--bundle", type=Path, default=BUNDLE)
    arguments.add_argument("--stock", type=Path, help="the built frontend of a stock Backstage")
    arguments.add_argument("--out", type=Path, default=Path(".callboard/e2e"))
    given = arguments.parse_args()
    ours: Path = given.bundle.resolve()
    policy = {"permission": {"enabled": True, "policy": str(HERE / "policy.yaml")}}
    results: list[tuple[str, bool, float]] = []
    for database in given.database or ["sqlite", "postgresql"]:
        for journey in given.journey or list(JOURNEYS):
            name = f"{journey}-{database}"
            out: Path = (given.out / name).resolve()
            # What an earlier walk left would stand beside this one's pictures.
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir(parents=True)
            apart = journey == "apart"
            bundle = given.stock.resolve() if apart and given.stock else ours
            print(f"\n{journey} journey on {database}: {bundle}", flush=True)
            began = time.monotonic()
            with portal(database, bundle, policy if journey == "forbidden" else None, apart=apart) as site:
                passed = drive(JOURNEYS[journey], ui=site.ui, backend=site.backend, out=out)
                shutil.copy(site.log, out)
            results.append((name, passed, time.monotonic() - began))
    print()
    for name, passed, took in results:
        print(f"{'passed' if passed else 'FAILED'}  {name:24} {took:6.0f} s")
    return 0 if all(passed for _, passed, _ in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
