"""What may differ between two right answers, and how it is made to look alike before they are compared.

The rules are those of the recordings' own description: identifiers, moments and places become markers, a case may mask,
drop, sort or count parts of its answer.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatch
from typing import Any

from tests.contract.task_events import events_in_order, log_in_order

Json = Any
ANY = "{{any}}"
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_MOMENT = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d(?::\d\d)?)")
_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+")
_SHA1 = re.compile(r"\b[0-9a-f]{40}\b")
_LOG_ID = re.compile(r"logId=[0-9a-f]+")
_FRAME = re.compile(r"\n\s+at [^\n]*")
_WORK_FOLDER = re.compile(
    # Not the path of a task's own routes.
    r"(?!/v2/tasks/)(?:/[\w.-]+)+/(?:dry-run-(?:content-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\{\{task\w*\}\}(?!/(?:events|eventstream|cancel|retry)))"
)
_LIBRARY = re.compile(
    r"(Malformed cursor: |Malformed request: |Validation error: ?|Invalid query string: ).+", re.DOTALL
)
_LONG_CURSOR = re.compile(r"([?&](?:cursor|after)=)[^&]{20,}")


class Masks:
    """The markers of one server: its base URL, where its corpus lies, and what was captured on the way."""

    def __init__(self, base_url: str, corpus: str, locations: list[str]) -> None:
        self._places = {base_url: "{{base}}", corpus: "{{corpus}}"}
        self._names = {
            hashlib.sha1(ref.encode()).hexdigest(): "{{sha1 " + ref.replace(corpus, "{{corpus}}") + "}}"
            for ref in locations
        }
        self.captured: dict[str, Json] = {}

    def text(self, text: str) -> str:
        for name, value in self.captured.items():
            if isinstance(value, str) and len(value) >= 8:
                text = text.replace(value, "{{" + name + "}}")
        for place, marker in self._places.items():
            text = text.replace(place, marker)
        text = _TOKEN.sub("{{jwt}}", text)
        text = _SHA1.sub(lambda found: self._names.get(found[0], found[0]), text)
        text = _WORK_FOLDER.sub("{{workdir}}", text)
        text = _MOMENT.sub("{{time}}", _UUID.sub("{{uuid}}", text))
        text = _FRAME.sub("", _LOG_ID.sub("logId={{id}}", text))
        return _LIBRARY.sub(r"\1{{library text}}", text)

    def json(self, value: Json, key: str | None = None) -> Json:
        if isinstance(value, dict):
            return {self.text(name): self.json(member, name) for name, member in value.items()}
        if isinstance(value, list):
            return [self.json(item, key) for item in value]
        if not isinstance(value, str):
            return value
        if key == "etag" and _SHA1.fullmatch(value):
            return "{{etag}}"
        if key in ("nextCursor", "prevCursor"):
            cursor = decoded(value)
            return value if cursor is None else {"{{cursor}}": self.json(cursor)}
        return self.text(_LONG_CURSOR.sub(r"\1{{cursor}}", value) if key == "url" else value)


def decoded(cursor: str) -> Json:
    try:
        return json.loads(base64.b64decode(cursor))
    except ValueError:
        return None


def ref_of(value: Json) -> str:
    """What a list of things is sorted by: an entity's ref, or whatever names the thing."""
    if not isinstance(value, dict):
        return json.dumps(value, sort_keys=True)
    inner = value if "metadata" in value else value.get("data", value)
    if "metadata" in inner and "kind" in inner:
        meta = inner["metadata"]
        return f"{inner['kind']}:{meta.get('namespace', 'default')}/{meta.get('name')}".lower()
    for key in ("entity_ref", "target", "path", "id"):
        if key in inner:
            return str(inner[key])
    return json.dumps(inner, sort_keys=True)


# ------------------------------------------------------------------------------------------------- places in JSON


def places(value: Json, path: str) -> Iterator[tuple[Json, Any]]:
    """(container, key) of every place a path names: `a.b`, `a[*].b`, `**.k` at any depth."""
    yield from _places(value, [part for part in re.split(r"\.|(?=\[)", path) if part])


def _places(value: Json, path: list[str]) -> Iterator[tuple[Json, Any]]:
    head, rest = path[0], path[1:]
    if head == "**":
        children = (
            list(value.items()) if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for key, child in children:
            if isinstance(value, dict) and key == rest[0]:
                yield value, key
            yield from _places(child, path)
        return
    keys: list[Any] = []
    if head == "[*]":
        keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    elif head.startswith("["):
        index = int(head[1:-1])
        keys = [index] if isinstance(value, list) and index < len(value) else []
    elif isinstance(value, dict) and head in value:
        keys = [head]
    for key in keys:
        if rest:
            yield from _places(value[key], rest)
        else:
            yield value, key


def found_at(value: Json, path: str) -> Json:
    return next((container[key] for container, key in places(value, path)), None)


# --------------------------------------------------------------------------------------------------- rules of a case


def masked(answer: dict[str, Json], rules: Mapping[str, Json]) -> dict[str, Json]:
    """The answer with its case's own rules applied, in the order in which the recordings were made with them."""

    def each(rule: str, change: Callable[[Json], Json]) -> None:
        for path in rules.get(rule, ()):
            for container, key in places(answer, path):
                container[key] = change(container[key])

    each("decode", _unpacked)
    each("any", lambda _: ANY)
    for path in rules.get("drop", ()):
        for container, key in list(places(answer, path)):
            if isinstance(container, dict):
                container.pop(key, None)
    each("first_line", lambda text: text.split("\n")[0] if isinstance(text, str) else text)
    for path, pattern in rules.get("sub", ()):
        for container, key in places(answer, path):
            if isinstance(container[key], str):
                container[key] = re.sub(pattern, ANY, container[key])
    for path, names in rules.get("keys", {}).items():
        for container, key in places(answer, path):
            if isinstance(container[key], dict):
                container[key] = {name: container[key][name] for name in names if name in container[key]}
    each("events", events_in_order)
    for path, wanted in rules.get("keep", {}).items():
        for container, key in places(answer, path):
            if isinstance(container[key], list):
                container[key] = [one for one in container[key] if any(fnmatch(ref_of(one), ref) for ref in wanted)]
    each("sort", lambda items: sorted(items, key=_by_ref) if isinstance(items, list) else items)
    each("logs", log_in_order)
    for path, field in rules.get("ties", {}).items():
        for container, key in places(answer, path):
            container[key] = _ties_sorted(container[key], field)
    each("count", lambda items: {"{{count}}": len(items)})
    return answer


def _unpacked(content: str) -> str:
    """The text of a file's base64; what is no text stays as it is, and says so."""
    try:
        return base64.b64decode(content).decode()
    except UnicodeDecodeError:
        return f"base64:{content}"


def _by_ref(value: Json) -> tuple[str, str]:
    return ref_of(value), json.dumps(value, sort_keys=True)


def _ties_sorted(items: Json, field: str) -> Json:
    """Runs of equal sort value in ref order: their own order is that of random uids."""
    if not isinstance(items, list):
        return items
    values = [str(found_at(item, field)).lower() for item in items]
    first_of_run = [0] * len(items)
    for index in range(1, len(items)):
        first_of_run[index] = first_of_run[index - 1] if values[index] == values[index - 1] else index
    order = sorted(range(len(items)), key=lambda index: (first_of_run[index], ref_of(items[index])))
    return [items[index] for index in order]


# ---------------------------------------------------------------------------------------------------------- comparing


def same(wanted: Json, got: Json) -> bool:
    """JSON equality in which true is not 1, and `{{any}}` equals whatever is there."""
    if ANY in (wanted, got) and (isinstance(wanted, str) or isinstance(got, str)):
        return True
    if isinstance(wanted, dict) and isinstance(got, dict):
        return wanted.keys() == got.keys() and all(same(wanted[key], got[key]) for key in wanted)
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(map(same, wanted, got))
    if isinstance(wanted, bool) or isinstance(got, bool):
        return wanted is got
    return bool(wanted == got)


def differences(wanted: Json, got: Json, path: str = "$") -> Iterator[str]:
    """Where two answers differ, in words."""
    if same(wanted, got):
        return
    if isinstance(wanted, dict) and isinstance(got, dict):
        for key in {**wanted, **got}:
            if key not in got:
                yield f"{path}.{key}: missing, expected {_short(wanted[key])}"
            elif key not in wanted:
                yield f"{path}.{key}: unexpected {_short(got[key])}"
            else:
                yield from differences(wanted[key], got[key], f"{path}.{key}")
    elif isinstance(wanted, list) and isinstance(got, list):
        if len(wanted) != len(got):
            yield f"{path}: {len(got)} items, expected {len(wanted)}"
        for index, (one, other) in enumerate(zip(wanted, got, strict=False)):
            yield from differences(one, other, f"{path}[{index}]")
    else:
        yield f"{path}: got {_short(got)}, expected {_short(wanted)}"


def _short(value: Json, limit: int = 300) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else text[:limit] + "…"
