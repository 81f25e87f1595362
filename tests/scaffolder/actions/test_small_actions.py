"""The actions that no recording covers: utilities, notifications, requests; and what goes wrong with the others."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from app.errors import CallboardError, InputError, NotAllowedError, NotImplementedByServerError
from app.reading.outgoing import GuardedClient
from scaffolder.actions.backstage_request import HttpBackstageRequest, plugin_path
from scaffolder.actions.notification_send import NotificationSend
from scaffolder.actions.yaml_read import yaml_documents
from scaffolder.actions.yaml_text import yaml_text
from scaffolder.testing.context import Context
from scaffolder.workspace import SafeFolder
from tests.app.reading.configuration import allowing
from tests.app.reading.web_server import Asked, reply, serving
from tests.scaffolder.actions.conftest import Run
from tests.scaffolder.actions.parts import Parts


async def test_replacing_is_literal_or_by_a_regular_expression(run: Run, workspace: SafeFolder) -> None:
    workspace.write("a.txt", b"a.b a.b axb")
    workspace.write(".dot.txt", b"a.b")
    await run("roadiehq:utils:fs:replace", {"files": [{"file": "*.txt", "find": "a.b", "replaceWith": "[$&]"}]})
    assert workspace.read("a.txt") == b"[$&] [$&] axb"
    assert workspace.read(".dot.txt") == b"a.b"
    files = [{"file": "**", "find": "a(.)b", "replaceWith": "$1!", "matchRegex": True, "includeDotFiles": True}]
    await run("roadiehq:utils:fs:replace", {"files": files})
    assert workspace.read("a.txt") == b"[$&] [$&] x!"
    assert workspace.read(".dot.txt") == b".!"


async def test_a_regular_expression_that_would_not_end_is_stopped(
    run: Run, workspace: SafeFolder, parts: Parts
) -> None:
    workspace.write("a", b"a" * 5000 + b"!")
    files = [{"file": "a", "find": "(a*)*(a*)*(a*)*$x", "replaceWith": "b", "matchRegex": True}]
    parts.jobs.limits = replace(parts.jobs.limits, cpu=1)
    with pytest.raises(CallboardError, match="hit the limit 'cpu': it may use 1 seconds of processor time at most"):
        await run("roadiehq:utils:fs:replace", {"files": files})
    assert workspace.read("a") == b"a" * 5000 + b"!"


@pytest.mark.parametrize(
    "given",
    [
        {"find": "", "replaceWith": "x"},
        {"find": "x", "replaceWith": ""},
        {"find": "(", "replaceWith": "x", "matchRegex": True},
    ],
)
async def test_what_cannot_be_replaced_is_bad_input(run: Run, workspace: SafeFolder, given: dict[str, Any]) -> None:
    workspace.write("a", b"x")
    with pytest.raises(InputError):
        await run("roadiehq:utils:fs:replace", {"files": [{"file": "a", **given}]})


async def test_files_are_written_appended_and_parsed(run: Run, workspace: SafeFolder) -> None:
    context = await run(
        "roadiehq:utils:fs:write", {"path": "d/x.json", "content": '{"a":[1]}', "preserveFormatting": True}
    )
    assert context.outputs == {"path": str(workspace.root / "d/x.json")}
    assert workspace.read("d/x.json") == b'{\n  "a": [\n    1\n  ]\n}'
    await run("roadiehq:utils:fs:append", {"path": "d/log", "content": "1\n"})
    await run("roadiehq:utils:fs:append", {"path": "d/log", "content": "2\n"})
    assert (await run("roadiehq:utils:fs:parse", {"path": "d/log"})).outputs == {"content": "1\n2\n"}
    assert (await run("roadiehq:utils:fs:parse", {"path": "d/x.json", "parser": "json"})).outputs == {
        "content": {"a": [1]}
    }
    workspace.write("m.yaml", b"a: yes\n---\nb: 2024-01-01\n")
    parsed = await run("roadiehq:utils:fs:parse", {"path": "m.yaml", "parser": "multiyaml"})
    assert parsed.outputs == {"content": [{"a": "yes"}, {"b": "2024-01-01"}]}
    with pytest.raises(CallboardError, match="ENOENT"):
        await run("roadiehq:utils:fs:append", {"path": "no/parent", "content": "x"})


async def test_objects_are_merged_into_files(run: Run, workspace: SafeFolder) -> None:
    workspace.write("p.json", b'{"a": {"x": 1}, "l": [1, 2]}')
    await run(
        "roadiehq:utils:json:merge", {"path": "p.json", "content": '{"a": {"y": 2}, "l": [2, 3]}', "mergeArrays": True}
    )
    assert json.loads(workspace.read("p.json")) == {"a": {"x": 1, "y": 2}, "l": [1, 2, 3]}
    workspace.write("c.yaml", b"kind: A\nn: 1\n---\nkind: B\n")
    which = {"useDocumentIncludingField": {"key": "kind", "value": "B"}}
    with pytest.raises(InputError, match="useDocumentIncludingField"):
        await run("roadiehq:utils:merge", {"path": "c.yaml", "content": {"n": 2}})
    await run("roadiehq:utils:merge", {"path": "c.yaml", "content": {"n": 2}, **which})
    assert yaml_documents(workspace.read("c.yaml").decode()) == [{"kind": "A", "n": 1}, {"kind": "B", "n": 2}]
    with pytest.raises(CallboardError, match="does not exist"):
        await run("roadiehq:utils:merge", {"path": "none.json", "content": {}})


async def test_values_are_serialized(run: Run) -> None:
    data = {"a": [1, None], "b": "x: y"}
    assert (await run("roadiehq:utils:serialize:json", {"data": data})).outputs[
        "serialized"
    ] == '{"a":[1,null],"b":"x: y"}'
    written = (await run("roadiehq:utils:serialize:yaml", {"data": data})).outputs["serialized"]
    assert written == 'a:\n  - 1\n  - null\nb: "x: y"\n'


async def test_a_zip_of_what_is_not_there_is_bad_input(run: Run) -> None:
    with pytest.raises(InputError, match=r"File nothing does not exist\. Can't zip it\."):
        await run("roadiehq:utils:zip", {"path": "nothing", "outputPath": "x.zip"})


async def test_waits_end_with_the_task_and_have_a_bound(run: Run, parts: Parts, workspace: SafeFolder) -> None:
    with pytest.raises(CallboardError, match="maximum threshold of 0 hours, 10 minutes, 0 seconds"):
        await run("debug:wait", {"minutes": 10, "milliseconds": 1})
    with pytest.raises(InputError):
        await run("debug:wait", {"seconds": -1})
    await run("debug:wait", {"milliseconds": 1})
    context = Context({"amount": 1000}, workspace, parts.jobs)
    waiting = asyncio.create_task(parts.action("roadiehq:utils:sleep").run(context))
    await asyncio.sleep(0)
    context.stop.set()
    with pytest.raises(CallboardError, match="cancelled"):
        await waiting


@pytest.mark.parametrize(
    "value",
    [
        {"a": "line\n", "b": "a\n\nb", "c": "\n", "d": " lead\nx", "e": "trail \n\n"},
        {
            "t": [
                "yes",
                "null",
                "1e3",
                "0x1f",
                "~",
                "",
                "- a",
                "a: b",
                "a #b",
                "#x",
                "'q",
                '"q"',
                "\t",
                "é\u2028",
                "\x7f",
                "*a",
                "&a",
                "!t",
            ]
        },
        {"n": [1, -2.5, 1e300, True, None, [], {}, [[1], []], {"x": {"y": [{"z": 1}]}}]},
        {"long": "word " * 60, "unbroken": "x" * 200, "colons": "a: b " * 40, "hash": "a #b " * 40, "back": "\\ " * 80},
        {"multi\nline": 1, "": 2, "1": 3, "true": 4, "a: b": 5},
        "just text",
        [],
    ],
)
def test_written_yaml_reads_back_the_same(value: Any) -> None:
    assert yaml_documents(yaml_text(value)) == [value]


@pytest.mark.parametrize(
    "text", ["a: *x", "!!python/object/apply:os.system [id]", "a: 1\na: 2", "&a [*a]", "x: " + "[" * 5000]
)
def test_hostile_yaml_is_bad_input(text: str) -> None:
    with pytest.raises(InputError):
        yaml_documents(text)


def test_a_bomb_of_aliases_is_defused() -> None:
    levels = [f"l{n}: &l{n} [{','.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(InputError, match="aliases written out"):
        yaml_documents("\n".join(["l0: &l0 [1]", *levels]))
    assert yaml_documents("a: &a [1]\nb: [*a, *a]") == [{"a": [1], "b": [[1], [1]]}]


class Sent:
    def __init__(self, failure: CallboardError | None = None) -> None:
        self.failure = failure
        self.sent: list[tuple[Mapping[str, Any], Mapping[str, Any]]] = []

    async def send(self, recipients: Mapping[str, Any], payload: Mapping[str, Any], *, origin: str) -> None:
        if self.failure:
            raise self.failure
        self.sent.append((recipients, payload))


async def test_a_notification_goes_to_whoever_provides_them(parts: Parts, workspace: SafeFolder) -> None:
    sender = Sent()
    given = {"recipients": "entity", "entityRefs": ["user:default/a"], "title": "t", "info": "i", "severity": "low"}
    await NotificationSend(lambda: sender).run(Context(given, workspace, parts.jobs))
    payload = {"title": "t", "severity": "low", "description": "i"}
    assert sender.sent == [({"type": "entity", "entityRef": ["user:default/a"]}, payload)]
    with pytest.raises(CallboardError, match="Entity references must be provided"):
        await NotificationSend(lambda: sender).run(
            Context({"recipients": "entity", "title": "t"}, workspace, parts.jobs)
        )
    everybody = {"recipients": "broadcast", "title": "t"}
    with pytest.raises(NotImplementedByServerError, match="no notifications plugin"):
        await NotificationSend(lambda: None).run(Context(everybody, workspace, parts.jobs))
    await NotificationSend(lambda: Sent(CallboardError("x"))).run(
        Context({**everybody, "optional": True}, workspace, parts.jobs)
    )


class Tokens:
    async def issue_service_token(self, source: str, target: str, *, user_token: str | None = None) -> str:
        return f"{source}>{target}:{user_token}"


async def test_a_request_reaches_a_plugin_in_the_users_name(parts: Parts, workspace: SafeFolder) -> None:
    asked: list[Asked] = []

    async def answer(request: Asked) -> bytes:
        asked.append(request)
        if request.target.endswith("/missing"):
            return reply(b'{"error": 1}', "404 Not Found", content_type="application/json")
        return reply(b"plain", "200 OK")

    async def send(given: dict[str, Any], **rest: Any) -> Context:
        outgoing = GuardedClient(allowing(server.host))
        auth: Any = Tokens()
        context = Context(given, workspace, parts.jobs, secrets={"backstageToken": "user-token"}, **rest)
        await HttpBackstageRequest(outgoing, auth, lambda: server.url).run(context)
        return context

    async with serving(answer) as server:
        given = {"method": "POST", "path": "/proxy/x/y", "params": {"q": "a b"}, "body": {"k": 1}}
        context = await send({**given, "headers": {"Content-Type": "application/json"}})
        assert context.outputs["code"] == 200
        assert context.outputs["body"] == {"message": "plain"}
        assert asked[-1].target == "/api/proxy/x/y?q=a+b"
        assert asked[-1].headers["authorization"] == "Bearer scaffolder>proxy:user-token"
        assert asked[-1].body == b'{"k": 1}'
        with pytest.raises(CallboardError, match="Unable to complete request"):
            await send({"method": "GET", "path": "catalog/missing"})
        context = await send({"method": "GET", "path": "catalog/missing", "continueOnBadResponse": True})
        assert context.outputs == {"code": 404, "headers": {}, "body": {"error": 1}}
        count = len(asked)
        assert (await send({"method": "DELETE", "path": "catalog/x"}, is_dry_run=True)).outputs == {}
        assert len(asked) == count
        assert "user-token" not in str(context.said.lines)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "../x",
        "catalog/../proxy/x",
        "catalog/%2e%2e/proxy",
        "catalog%2Fx",
        "catalog/%252e",
        "a\\b",
        "a@b/c",
        "catalog//x",
        "a#b",
        "a/\r\nHost: x",
    ],
)
def test_paths_that_somebody_could_read_differently_are_refused(path: str) -> None:
    """CVE-2026-29185: encoded separators sent the server's token to another API."""
    with pytest.raises(InputError):
        plugin_path(path)


async def test_requests_are_kept_to_what_the_configuration_allows(parts: Parts, workspace: SafeFolder) -> None:
    auth: Any = Tokens()
    action = HttpBackstageRequest(GuardedClient(), auth, lambda: "http://127.0.0.1:1", allowed_methods=["GET"])
    with pytest.raises(NotAllowedError, match="SSRF Blocked"):
        await action.run(Context({"method": "POST", "path": "catalog/x"}, workspace, parts.jobs))


def test_every_action_says_what_it_is_for(parts: Parts) -> None:
    for action in parts.extensions.actions.values():
        assert action.description
        assert action.examples
        assert action.input_schema
        for example in action.examples:
            steps = yaml_documents(example.example)[0]["steps"]
            assert steps[0]["action"] == action.id
