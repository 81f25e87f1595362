"""`python -m tests.scaffolder.language.fuzz --seconds 60`: fuzz until the time is over, print what differs."""

import argparse
import sys
import time

from tests.scaffolder.language.fuzz.differences import differences, legacy_differences, random_cases
from tests.scaffolder.language.fuzz.engines import Engines


def main() -> int:
    """Fuzz; 1 if something differed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the first of a row of seeds")
    parser.add_argument("--batch", type=int, default=500, help="templates per seed")
    parser.add_argument("--legacy", action="store_true", help="look at what Nunjucks accepts instead")
    given = parser.parse_args()
    end = time.monotonic() + given.seconds
    seed, found, tried = given.seed, 0, 0
    with Engines() as engines:
        while time.monotonic() < end:
            cases = random_cases(seed, given.batch)
            compare = legacy_differences if given.legacy else differences
            for difference in compare(engines, cases):
                found += 1
                print(difference, flush=True)
            tried += len(cases)
            seed += 1
    print(f"{tried} templates, seeds {given.seed} to {seed - 1}, {found} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
