"""Replays recorded requests against a running server and says where its answers differ."""

from __future__ import annotations

import copy
import json
import re
import time
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

import httpx

from tests.contract.masking import Masks, decoded, differences, found_at, masked, ref_of, same
from tests.contract.recorded_language import language_failures

Json = Any
Case = Mapping[str, Json]
Answer = dict[str, Json]
TOKENS = {
    "full": "conformance-token-full",
    "read": "conformance-token-read",
    "noread": "conformance-token-noread",
}
RETRY_S = 0.1
MOST_PAGES = 400
_HOLE = re.compile(r"\$\{(\w+)\}")
_LINK = re.compile(r"<([^?>]*)\?([^>]*)>(.*)")
_FILTER_PATHS = {
    "entities": ("GET", "/entities"),
    "by-query": ("GET", "/entities/by-query"),
    "by-query-post": ("POST", "/entities/by-query"),
    "facets": ("GET", "/entity-facets"),
    "facets-post": ("POST", "/entity-facets"),
    "by-refs": ("POST", "/entities/by-refs"),
}


class Replay:
    """`corpus` is the folder whose files the server reads; steps may change what lies beneath its `remote`."""

    def __init__(self, base_url: str, corpus: Path, locations: list[str]) -> None:
        self._corpus = corpus
        self._masks = Masks(base_url, str(corpus), locations)
        self._http = httpx.Client(base_url=base_url, timeout=60, headers={"accept-encoding": "identity"})
        self._user_token: str | None = None

    def close(self) -> None:
        self._http.close()

    def settle(self, wanted: Mapping[str, int], seconds: float) -> None:
        """Waits until the server holds the whole corpus. Raises AssertionError when it never does."""
        deadline, held = time.monotonic() + seconds, {}
        case = {
            "path": "/api/catalog/entities/by-query",
            "query": [["limit", "10000"], ["fields", "kind,metadata.namespace,metadata.name,relations"]],
        }
        while time.monotonic() < deadline:
            answer = self._send(case)
            if answer["status"] == 200:
                items = answer["body"]["items"]
                held = {
                    "totalItems": len(items),
                    "relations": sum(len(item.get("relations") or ()) for item in items),
                }
                if held == wanted:
                    return
            time.sleep(RETRY_S)
        raise AssertionError(f"the corpus did not settle in {seconds:.0f} s: {held}, wanted {wanted}")

    # ------------------------------------------------------------------------------------------------------- groups

    def group(self, file: Path) -> tuple[int, list[str]]:
        """Replays a group; gives how many cases it had, and the failures."""
        group = json.loads(file.read_text())
        self._masks.captured.clear()
        for step in group.get("setup", ()):
            self._step(step)
        count, failures = 0, list[str]()
        for case in group["cases"]:
            if self._is_step(case):
                self._step(case)
                continue
            count += 1
            wrong = self._failure(case)
            if wrong is not None:
                failures.append(f"{case.get('name')}\n{wrong}")
        for step in group.get("cleanup", ()):
            self._step(step)
        return count, failures

    def _failure(self, case: Case) -> str | None:
        deadline = time.monotonic() + case.get("within", 0)
        while True:
            got = (self._walk if "walk" in case else self._task if "task" in case else self._answer)(case)
            wanted = [case["expect"], *case.get("accept", ())]
            if any(
                all(same(one[key], got[key]) for key in ("status", "headers", "body") if key in one) for one in wanted
            ):
                return None
            if time.monotonic() >= deadline:
                return "\n".join(f"    {line}" for line in islice(differences(case["expect"], got), 8))
            time.sleep(RETRY_S)

    @staticmethod
    def _is_step(case: Case) -> bool:
        return any(key in case for key in ("write", "remove", "sleep", "do"))

    def _step(self, step: Case) -> None:
        remote = self._corpus / "remote"
        if "write" in step:
            (remote / step["write"]).parent.mkdir(parents=True, exist_ok=True)
            (remote / step["write"]).write_text(step["content"])
        elif "remove" in step:
            (remote / step["remove"]).unlink(missing_ok=True)
        elif "sleep" in step:
            time.sleep(step["sleep"])
        elif step.get("do") == "delete-all-locations":
            for one in self._send({"path": "/api/catalog/locations"})["body"]:
                self._send({"method": "DELETE", "path": f"/api/catalog/locations/{one['data']['id']}"})
        elif step.get("do") == "forget":
            for name in step["names"]:
                self._masks.captured.pop(name, None)
        else:
            self._send(step)

    # ----------------------------------------------------------------------------------------------------- one request

    def _filled(self, value: Json) -> Json:
        """A request with captured values in its holes: `${name}`."""
        captured = self._masks.captured
        if isinstance(value, str):
            whole = _HOLE.fullmatch(value)
            if whole is not None and whole[1] in captured:
                return captured[whole[1]]
            return _HOLE.sub(lambda hole: str(captured.get(hole[1], hole[0])), value)
        if isinstance(value, dict):
            return {key: self._filled(member) for key, member in value.items()}
        return [self._filled(item) for item in value] if isinstance(value, list) else value

    def _authorization(self, auth: str) -> str:
        if auth == "user":
            if self._user_token is None:
                answer = self._http.get("/api/auth/guest/refresh")
                self._user_token = answer.json()["backstageIdentity"]["token"]
            return f"Bearer {self._user_token}"
        return f"Bearer {TOKENS[auth]}" if auth in TOKENS else auth

    def _send(self, case: Case) -> Answer:
        path, query = self._filled(case["path"]), self._filled(case.get("query", []))
        if query:
            path += "?" + (
                query if isinstance(query, str) else urlencode([tuple(one) for one in query], quote_via=quote)
            )
        headers = {key.lower(): value for key, value in self._filled(case.get("headers", {})).items()}
        auth = case.get("auth", "full")
        if auth != "none":
            headers.setdefault("authorization", self._authorization(auth))
        content = None
        if "raw_body" in case:
            content = case["raw_body"].encode()
        elif "big_body" in case:
            big = case["big_body"]
            content = (big["prefix"] + big["fill"] * big["times"] + big["suffix"]).encode()
            headers.setdefault("content-type", "application/json")
        elif "body" in case:
            content = json.dumps(self._filled(case["body"])).encode()
            headers.setdefault("content-type", "application/json")
        url = self._http.base_url.copy_with(raw_path=path.encode())
        request = httpx.Request(
            case.get("method", "GET"), url, headers={**self._http.headers, **headers}, content=content
        )
        if "stream" in case:
            return self._streamed(request, case["stream"])
        answer = self._http.send(request)
        body: Json = answer.text or None
        if body is not None and "json" in answer.headers.get("content-type", ""):
            body = answer.json()
        return {"status": answer.status_code, "headers": dict(answer.headers), "body": body}

    def _streamed(self, request: httpx.Request, seconds: float) -> Answer:
        """A stream of events to its end, or as far as it has come after so long; each event once."""
        request.extensions["timeout"] = {"connect": 10, "read": seconds, "write": 10, "pool": 10}
        parts, closed, deadline = list[bytes](), True, time.monotonic() + seconds
        answer = self._http.send(request, stream=True)
        try:
            for part in answer.iter_bytes():
                parts.append(part)
                if time.monotonic() > deadline:
                    closed = False
                    break
        except httpx.ReadTimeout:
            closed = False
        finally:
            answer.close()
        text = b"".join(parts).decode()
        headers = dict(answer.headers)
        if not headers.get("content-type", "").startswith("text/event-stream"):
            return {"status": answer.status_code, "headers": headers, "body": json.loads(text) if text else None}
        events: list[Json] = []
        for block in filter(str.strip, text.split("\n\n")):
            fields = (line.partition(": ")[::2] for line in block.split("\n"))
            event = [[name, json.loads(value) if name == "data" else value] for name, value in fields]
            if event not in events:
                events.append(event)
        return {
            "status": answer.status_code,
            "headers": headers,
            "body": {"events": events, "closedByServer": closed},
        }

    def _task(self, case: Case) -> Answer:
        """Makes a task and waits for its end, or until one of its events says what is waited for."""
        wanted, auth, path = case["task"], case.get("auth", "user"), "/api/scaffolder/v2/tasks"
        created = self._send({"method": "POST", "path": path, "auth": auth, "body": self._filled(wanted["create"])})
        if created["status"] != 201:
            return {"status": created["status"], "headers": {}, "body": self._masks.json(created["body"])}
        task_id = created["body"]["id"]
        self._masks.captured[wanted.get("as", "task")] = task_id
        until, deadline = wanted.get("until", "completion"), time.monotonic() + wanted.get("seconds", 40)
        events: list[Json] = []
        while time.monotonic() < deadline:
            events = self._send({"path": f"{path}/{task_id}/events", "auth": auth})["body"]
            if any(until in (event["type"], event["body"].get("status")) for event in events):
                break
            time.sleep(RETRY_S)
        task = self._send({"path": f"{path}/{task_id}", "auth": auth})["body"]
        shown = [{key: one for key, one in event.items() if key not in ("id", "createdAt")} for event in events]
        body = {"created": created["status"], "task": task, "events": shown}
        return masked({"status": 201, "headers": {}, "body": self._masks.json(body)}, case.get("rules", {}))

    def language(self, file: Path) -> tuple[int, list[str]]:
        """Replays the cases of the template language; gives how many there were, and the failures."""

        def dry_run(body: Json) -> tuple[int, Json]:
            asked = {"method": "POST", "path": "/api/scaffolder/v2/dry-run", "auth": "user", "body": body}
            answer = self._send(asked)
            return answer["status"], answer["body"]

        return language_failures(file, dry_run)

    def _answer(self, case: Case) -> Answer:
        """One request, its answer as it is compared."""
        got = self._send(case)
        for name, path in case.get("capture", {}).items():
            value = found_at(got, path)
            if value is not None:
                self._masks.captured[name] = value
        rules = case.get("rules", {})
        headers = {}
        for name in ("content-type", "link", "location", *rules.get("headers", ())):
            if name in got["headers"]:
                value = got["headers"][name]
                if name == "link":
                    value = _link_decoded(value)
                elif name in rules.get("present", ()):
                    value = "{{any}}"
                elif name == "content-type":
                    value = value.lower().replace(" ", "")
                headers[name] = self._masks.text(value)
        body = self._masks.json(copy.deepcopy(got["body"]))
        return masked({"status": got["status"], "headers": headers, "body": body}, rules)

    def _walk(self, case: Case) -> Answer:
        """Follows cursors to the end and, where asked, back again. Pages are lists of refs."""
        walk, pages, way = case["walk"], list[Json](), "nextCursor"
        request: dict[str, Json] = {
            key: case[key] for key in ("method", "path", "query", "body", "auth") if key in case
        }
        for step in range(1, MOST_PAGES):
            got = self._send(request)
            if got["status"] != 200:
                pages.append({"status": got["status"], "body": self._masks.json(got["body"])})
                break
            info = got["body"]["pageInfo"]
            pages.append(
                {
                    "refs": [ref_of(item) for item in got["body"]["items"]],
                    "total": got["body"].get("totalItems"),
                    "has": sorted(info),
                    "way": "forward" if way == "nextCursor" else "back",
                }
            )
            if way not in info and way == "nextCursor" and walk.get("back"):
                way = "prevCursor"
            if way not in info:
                break
            verb = walk.get("via", case.get("method", "GET"))
            if verb == "alternate":
                verb = ("POST", "GET")[step % 2]
            request = {"method": verb, "path": case["path"], "auth": case.get("auth", "full")}
            if verb == "GET":
                request["query"] = [["cursor", info[way]], ["limit", str(walk["limit"])]]
            else:
                request["body"] = {"cursor": info[way], "limit": walk["limit"]}
        body: Json = pages
        if walk.get("unordered"):
            body = {
                "all": sorted(ref for page in pages if page.get("way") == "forward" for ref in page["refs"]),
                "shape": [[len(page["refs"]), page["total"], page["has"], page["way"]] for page in pages],
            }
        return {"status": 200, "headers": {}, "body": {"pages": self._masks.json(body)}}

    # ------------------------------------------------------------------------------------------------------ filters

    def filters(self, file: Path) -> tuple[int, list[str]]:
        """Replays the filter cases; gives how many there were, and the failures."""
        count, failures = 0, list[str]()
        for line in filter(None, file.read_text().splitlines()):
            case = json.loads(line)
            count += 1
            got = self._filter_answer(case)
            if not any(_filter_matches(one, got) for one in [case["expect"], *case.get("accept", ())]):
                asked = json.dumps(case.get("query") or case.get("body"))[:300]
                told = "\n".join(f"    {line}" for line in islice(differences(case["expect"], got), 5))
                failures.append(f"{case['id']} {case['op']} {asked}\n{told}")
        return count, failures

    def _filter_answer(self, case: Case) -> Answer:
        method, path = _FILTER_PATHS[case["op"]]
        request: dict[str, Json] = {"method": method, "path": f"/api/catalog{path}", "query": case.get("query", [])}
        if method == "POST":
            request["body"] = case.get("body", {})
        got = self._send(request)
        body = got["body"]
        if got["status"] != 200:
            return {"status": got["status"], "name": (body or {}).get("error", {}).get("name")}
        if case["op"].startswith("facets"):
            return {"status": 200, "facets": self._masks.json(body["facets"])}
        items = body if isinstance(body, list) else body["items"]
        answer: Answer = {"status": 200, "total": body.get("totalItems") if isinstance(body, dict) else None}
        if not case.get("items"):
            return answer | {"refs": [None if item is None else self._masks.text(ref_of(item)) for item in items]}
        answer["items"] = self._masks.json(items)
        if case["items"] == "unordered":
            answer["items"].sort(key=lambda item: json.dumps(item, sort_keys=True, ensure_ascii=False))
        return answer


def _link_decoded(link: str) -> str:
    """A `link` header with its `after` in the clear, whose JSON may be spelled in more than one way."""
    found = _LINK.fullmatch(link)
    if found is None:
        return link
    query = parse_qs(found[2], keep_blank_values=True)
    if "after" in query:
        query["after"] = [json.dumps(decoded(query["after"][0]), sort_keys=True)]
    return f"<{found[1]}?{urlencode(query, doseq=True)}>{found[3]}"


def _in_groups(refs: list[str], groups: list[list[str]]) -> bool:
    start = 0
    for group in groups:
        if sorted(refs[start : start + len(group)]) != sorted(group):
            return False
        start += len(group)
    return start == len(refs)


_ORDERS: Mapping[str, Callable[[list[str], Json], bool]] = {
    "count": lambda refs, wanted: len(refs) == wanted,
    "set": lambda refs, wanted: sorted(refs) == wanted,
    "groups": _in_groups,
    "refs": lambda refs, wanted: refs == wanted,
}
"""How much of the order a case defines: none at all, none, that of groups of equal sort value, or all."""


def _filter_matches(wanted: Answer, got: Answer) -> bool:
    if wanted["status"] != got["status"] or wanted["status"] != 200:
        return wanted["status"] == got["status"] and wanted.get("name") == got.get("name")
    if "facets" in wanted:
        return same(wanted["facets"], got["facets"])
    if wanted.get("total") != got["total"]:
        return False
    if "items" in wanted:
        return same(wanted["items"], got.get("items"))
    kind = next(kind for kind in _ORDERS if kind in wanted)
    return _ORDERS[kind](got["refs"], wanted[kind])
