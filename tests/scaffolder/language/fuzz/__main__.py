"""`python -m tests.scaffolder.language.fuzz --seconds 60`: fuzz until the time is over, print what differs."""

import argparse
import sys
import time
from collections.abc import Iterator
from itertools import chain

from tests.scaffolder.language.fuzz.differences import differences, legacy_differences, random_cases
from tests.scaffolder.language.fuzz.engines import Engines
from tests.scaffolder.language.fuzz.patterns import pattern_differences, random_patterns


def main() -> int:
    """Fuzz; 1 if something differed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the first of a row of seeds")
    parser.add_argument("--batch", type=int, default=500, help="templates per seed")
    parser.add_argument(
        "--what",
        choices=("newest", "legacy", "patterns", "all"),
        default="all",
        help="compare with nunjitsu, with what Nunjucks accepts beyond it, or regular expressions with Node",
    )
    given = parser.parse_args()
    end = time.monotonic() + given.seconds
    seed, found, tried = given.seed, 0, 0
    with Engines() as engines:
        while time.monotonic() < end:
            cases = random_cases(seed, given.batch)
            reports: list[Iterator[object]] = []
            if given.what in ("newest", "all"):
                reports.append(differences(engines, cases))
            if given.what in ("legacy", "all"):
                reports.append(legacy_differences(engines, cases))
            if given.what in ("patterns", "all"):
                reports.append(pattern_differences(engines, random_patterns(seed, given.batch)))
            for difference in chain(*reports):
                found += 1
                print(difference, flush=True)
            tried += given.batch
            seed += 1
    print(f"{tried} of each sort, seeds {given.seed} to {seed - 1}, {found} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
