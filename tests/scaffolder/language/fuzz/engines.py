"""The npm engines as a child process."""

import fcntl
import json
import math
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One template and what it is rendered with."""

    template: str
    context: dict[str, Any]
    mode: Literal["value", "text"] = "value"
    options: dict[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Pattern:
    """One regular expression and what it is tried on."""

    pattern: str
    flags: str
    text: str
    replacement: str


@dataclass(frozen=True)
class Outcome:
    """A value as canonical JSON, or the kind of an error; the message is for people."""

    value: str | None
    error: str | None = None
    message: str = ""

    def agrees_with(self, other: "Outcome") -> bool:
        """Whether both gave the same value, or failed with the same kind of error; a time-out says nothing."""
        if "timeout" in (self.error, other.error):
            return True
        return (self.value, self.error) == (other.value, other.error)


def canonical(value: Any) -> str:
    """A value as text that two engines can be compared by; numbers as doubles, keys in order."""
    return json.dumps(_as_doubles(value))


def _as_doubles(value: Any) -> Any:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        number = float(value) + 0.0
        return (
            number
            if math.isfinite(number)
            else {"$number": {"nan": "NaN", "inf": "Infinity"}.get(str(number), "-Infinity")}
        )
    if isinstance(value, dict):
        return [[key, _as_doubles(item)] for key, item in value.items()] if "$number" not in value else value
    return {"list": [_as_doubles(item) for item in value]}


class Engines:
    """Renders with nunjitsu or nunjucks. Installs the packages at first use."""

    def __init__(self) -> None:
        install()
        self._process = subprocess.Popen(
            ["node", str(HERE / "engines.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def render(self, engine: Literal["nunjitsu", "nunjucks"], cases: Sequence[Case]) -> list[Outcome]:
        """Render every case."""
        requests = [
            {
                "engine": engine,
                "template": case.template,
                "context": case.context,
                "mode": case.mode,
                "options": case.options,
            }
            for case in cases
        ]
        return self._answers(requests)

    def match(self, patterns: Sequence[Pattern]) -> list[Outcome]:
        """What replace, split and matchAll make of every pattern."""
        return self._answers([{"engine": "regexp", **asdict(pattern)} for pattern in patterns])

    def _answers(self, requests: list[dict[str, Any]]) -> list[Outcome]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(requests) + "\n")
        self._process.stdin.flush()
        return [_outcome(answer) for answer in json.loads(self._process.stdout.readline())]


def _outcome(answer: dict[str, Any]) -> Outcome:
    if "error" in answer:
        return Outcome(None, answer["error"], answer["message"])
    return Outcome("undefined" if answer.get("undefined") else canonical(answer["value"]))


def install() -> None:
    """Install the packages of the lock file beside it, once; runs side by side wait for each other."""
    marker = HERE / "node_modules" / ".package-lock.json"
    with (HERE / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not marker.exists():
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            subprocess.run(command, cwd=HERE, check=True, capture_output=True)
