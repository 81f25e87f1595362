"""roadiehq:utils:jsonata: what it gives, and what a hostile expression may not do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.errors import CallboardError, InputError, NotAllowedError
from scaffolder.workspace import SafeFolder
from tests.scaffolder.actions.conftest import Run
from tests.scaffolder.actions.parts import Parts

ORDERS = {"orders": [{"name": "tern", "price": 2, "n": 3}, {"name": "avocet", "price": 5, "n": 1}]}
NOTHING = object()


@pytest.mark.parametrize(
    ("data", "expression", "result"),
    [
        (ORDERS, "orders.name", ["tern", "avocet"]),
        (ORDERS, "$sum(orders.(price * n))", 11),
        (ORDERS, "orders[price > 3].name", "avocet"),
        (ORDERS, "$map(orders, function($o) { $uppercase($o.name) })", ["TERN", "AVOCET"]),
        (ORDERS, "orders{name: price}", {"tern": 2, "avocet": 5}),
        (ORDERS, "{'all': $count(orders), 'none': null}", {"all": 2, "none": None}),
        ([1, 2, 3], "$reverse($)", [3, 2, 1]),
        (None, "'a' & 'b'", "ab"),
        (ORDERS, "missing.name", NOTHING),
        (ORDERS, "orders.name = 'x' or true", True),
    ],
)
async def test_an_expression_reshapes_a_value(run: Run, data: Any, expression: str, result: Any) -> None:
    context = await run("roadiehq:utils:jsonata", {"data": data, "expression": expression})
    assert context.outputs.get("result", NOTHING) == result


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("orders[", "JSONata expression failed"),
        ("1 + 'a'", "JSONata expression failed"),
        ("$nope()", "JSONata expression failed"),
        ("$number('x')", "JSONata expression failed"),
        ("($f := function($n) { $f($n + 1) + 1 }; $f(1))", "JSONata expression failed|hit the limit"),
        ("$__class__()", "JSONata expression failed"),
        ('$eval(\'__import__("os").system("id")\')', "JSONata expression failed"),
    ],
)
async def test_what_is_no_expression_is_bad_input(run: Run, expression: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        await run("roadiehq:utils:jsonata", {"data": ORDERS, "expression": expression})


@pytest.mark.parametrize(
    ("expression", "limit"),
    [
        ("($f := function($n) { $n < 0 ? 1 : $f($n + 1) }; $f(1))", "cpu"),
        ("$contains('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', /^(a+)+$/)", "cpu"),
        ("$pad('x', 1000000000)", "(memory|cpu)"),
    ],
)
async def test_an_expression_that_would_not_end_is_stopped(run: Run, parts: Parts, expression: str, limit: str) -> None:
    parts.jobs.limits = replace(parts.jobs.limits, cpu=1)
    with pytest.raises(CallboardError, match=f"jsonata hit the limit '{limit}'"):
        await run("roadiehq:utils:jsonata", {"expression": expression})


async def test_files_are_reshaped_into_text_or_values(run: Run, workspace: SafeFolder) -> None:
    workspace.write("a.json", b'{"name": "tern", "n": 1}')
    workspace.write("a.yaml", b"name: tern\n---\nname: avocet\n")

    async def result(action: str, **given: Any) -> Any:
        return (await run(f"roadiehq:utils:jsonata:{action}:transform", given)).outputs["result"]

    widened = "$merge([$, {'extra': true}])"
    assert await result("json", path="a.json", expression=widened) == '{"name":"tern","n":1,"extra":true}'
    assert await result("json", path="a.json", expression="$", space=2, replacer=["n"]) == '{\n  "n": 1\n}'
    assert await result("json", path="a.json", expression="name", **{"as": "object"}) == "tern"
    assert await result("yaml", path="a.yaml", expression="name", loadAll=True) == "- tern\n- avocet\n"
    assert await result("yaml", path="a.yaml", expression="$[0]", loadAll=True, **{"as": "object"}) == {"name": "tern"}
    assert workspace.read("a.json") == b'{"name": "tern", "n": 1}'
    with pytest.raises(CallboardError, match="use loadAll"):
        await result("yaml", path="a.yaml", expression="name")
    with pytest.raises(CallboardError, match=r"gone\.json does not exist"):
        await result("json", path="gone.json", expression="name")
    with pytest.raises(NotAllowedError):
        await result("json", path="../a.json", expression="name")
