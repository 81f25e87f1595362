"""The recorded cases of the template language, over HTTP: values through a dry run's output, texts through files."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.contract.masking import same

Json = Any
Case = Mapping[str, Json]
DryRun = Callable[[Json], tuple[int, Json]]
"""The body of a request, and the status and body of its answer."""
AT_ONCE = 40
ABSENT = "{{absent}}"


def language_failures(file: Path, dry_run: DryRun) -> tuple[int, list[str]]:
    """How many cases there are, and where the server says otherwise."""
    batches: dict[tuple[str, ...], list[Case]] = defaultdict(list)
    for line in filter(None, file.read_text("utf-8").splitlines()):
        case = json.loads(line)
        if not case.get("engine_only"):
            # What fails a file fails its step, and so would all others of the batch.
            alone = case["id"] if case["mode"] == "text" and "error" in case else ""
            shared = (json.dumps(case[key], sort_keys=True) if key in case else "{}" for key in ("context", "options"))
            batches[(case["mode"], *shared, alone)].append(case)
    failures: list[str] = []
    for (mode, *_), cases in batches.items():
        for start in range(0, len(cases), AT_ONCE):
            part = cases[start : start + AT_ONCE]
            failures += (_values if mode == "value" else _texts)(part, dry_run)
    return sum(map(len, batches.values())), failures


def _asked(steps: Json, output: Json, values: Json, files: Mapping[str, str]) -> Json:
    return {
        "template": {
            "apiVersion": "scaffolder.backstage.io/v1beta3",
            "kind": "Template",
            "metadata": {"name": "language"},
            "spec": {"type": "test", "parameters": [], "steps": steps, "output": output},
        },
        "values": values,
        "directoryContents": [
            {"path": path, "base64Content": base64.b64encode(text.encode()).decode()} for path, text in files.items()
        ],
    }


def _values(cases: Sequence[Case], dry_run: DryRun) -> list[str]:
    output = {f"c{index}": case["template"] for index, case in enumerate(cases)}
    status, body = dry_run(_asked([], output, cases[0]["context"].get("parameters", {}), {}))
    if status != 200:
        return [f"{cases[0]['id']} and its like: {status} {body}"]
    failures = []
    for index, case in enumerate(cases):
        got = body["output"].get(f"c{index}", ABSENT)
        if not same(_wanted(case), got):
            failures.append(f"{case['id']} {case['template']!r}: got {got!r}, expected {_wanted(case)!r}")
    return failures


def _wanted(case: Case) -> Json:
    if "error" in case:
        return case["template"]
    if case.get("undefined"):
        return ABSENT
    return None if "number" in case else case["expected"]


def _texts(cases: Sequence[Case], dry_run: DryRun) -> list[str]:
    options, context = cases[0].get("options", {}), cases[0]["context"]
    root = "cookiecutter" if options.get("cookiecutterCompat") else "values"
    given = {"url": "./in", "targetPath": "out", "values": "${{ parameters.v }}", **options}
    files = {f"in/c{index}.txt": case["template"] for index, case in enumerate(cases)}
    steps = [{"id": "t", "action": "fetch:template", "input": given}]
    status, body = dry_run(_asked(steps, {}, {"v": context.get(root, {})}, files))
    if "error" in cases[0]:
        return [] if status >= 400 else [f"{cases[0]['id']} {cases[0]['template']!r}: {status}, expected an error"]
    if status != 200:
        return [f"{cases[0]['id']} and its like: {status} {body}"]
    made = {one["path"]: base64.b64decode(one["base64Content"]).decode() for one in body["directoryContents"]}
    return [
        f"{case['id']} {case['template']!r}: got {made.get(f'out/c{index}.txt')!r}, expected {case['expected']!r}"
        for index, case in enumerate(cases)
        if made.get(f"out/c{index}.txt") != case["expected"]
    ]
