"""The inside of `launch`: confine this process, then do the work."""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from typing import Any

from app.confinement.failures import answer_of
from app.confinement.isolation import die_with_parent, leave_network, refuse_privileges
from app.confinement.landlock import keep_to
from app.confinement.limits import Limits


def main(answers: int) -> None:
    """Limits bind from before anything of the work's own is looked at."""
    die_with_parent()
    request = json.load(sys.stdin)
    module, _, function = request["work"].partition(":")
    work = getattr(import_module(module), function)
    leave_network()
    refuse_privileges()
    keep_to(request["read"], request["write"])
    Limits(**request["limits"]).apply()
    answer = json.dumps(_answer(work, request["arguments"])).encode("ascii")
    sys.stdout.flush()
    with os.fdopen(answers, "wb") as pipe:
        pipe.write(answer)


def _answer(work: Any, arguments: Any) -> dict[str, Any]:
    try:
        return {"done": work(arguments)}
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the work's library raises is told to the parent
        return answer_of(error)
