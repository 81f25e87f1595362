"""All attacks on the scaffolder, and what the handbook says of them."""

from __future__ import annotations

from typing import Final

from tests.attacks.archives import ARCHIVES
from tests.attacks.git import GIT
from tests.attacks.paths import PATHS
from tests.attacks.requests import REQUESTS
from tests.attacks.rights import RIGHTS
from tests.attacks.secrets import SECRETS
from tests.attacks.templates import TEMPLATES

ATTACKS: Final = (*PATHS, *ARCHIVES, *TEMPLATES, *SECRETS, *GIT, *REQUESTS, *RIGHTS)


def table() -> str:
    """The table of docs/security.md."""
    lines = ["| advisory | attack | defence | tests that fail without it |", "|---|---|---|---|"]
    for one in ATTACKS:
        tests = ", ".join(f"`{test.rpartition('/')[2].replace('.py::', ': ')}`" for test in one.tests)
        defence = ", ".join(f"`{part.strip()}`" for part in one.defence.split(", "))
        lines.append(f"| {one.advisory} | {one.attack} | {defence} | {tests} |")
    return "\n".join(lines) + "\n"
