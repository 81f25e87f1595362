"""Puts lines of tasks in an order where the reference has none: it stores them, and walks files, concurrently."""

from __future__ import annotations

import json
import re
from itertools import groupby
from typing import Any

Json = Any
_OF_A_FILE = re.compile(r"(\x1b\[\d+m\w+\x1b\[39m: )?(Writing|Copying) (file|directory)|.*File .* deleted")


def events_in_order(events: list[Json]) -> list[Json]:
    """By step, within one its beginning, its lines, its end. What is about the task itself stays before and after."""
    steps = list(dict.fromkeys(_step(one) for one in events if _is_line_of_step(one)))

    def place(one: Json) -> tuple[int, int, str]:
        body = _event(one).get("body") or {}
        part = {"processing": 0, None: 1}.get(body.get("status"), 2)
        return steps.index(_step(one)), part, json.dumps(body, sort_keys=True)

    of_steps = sorted((one for one in events if _is_line_of_step(one)), key=place)
    others = [one for one in events if not _is_line_of_step(one)]
    first = [one for one in others if _opens(_event(one).get("body") or {})]
    return [*first, *of_steps, *(one for one in others if one not in first)]


def log_in_order(lines: list[Json]) -> list[Json]:
    """Neighbouring lines about single files, by their text."""
    found: list[Json] = []
    for about_files, run in groupby(lines, key=lambda line: bool(_OF_A_FILE.match(line["body"].get("message", "")))):
        together = list(run)
        found += sorted(together, key=lambda line: str(line["body"]["message"])) if about_files else together
    return found


def _event(one: Json) -> dict[str, Json]:
    """An event of a list, or of a stream, where it is `[["event", type], ["data", event]]`."""
    event: dict[str, Json] = one[1][1] if isinstance(one, list) else one
    return event


def _step(one: Json) -> Json:
    return (_event(one).get("body") or {}).get("stepId")


def _is_line_of_step(one: Json) -> bool:
    return _event(one)["type"] == "log" and _step(one) is not None


def _opens(body: Json) -> bool:
    return str(body.get("message", "")).startswith("Starting up") or "recoverStrategy" in body
