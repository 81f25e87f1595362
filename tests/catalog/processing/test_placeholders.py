"""`$text`, `$json`, `$yaml`. Source: spec/catalog.md §4.5."""

from __future__ import annotations

from typing import Any

from tests.catalog.world import World, component

URL = "https://git.example/a/catalog-info.yaml"
DATA = "https://git.example/a/data.json"


async def test_placeholders_are_replaced_by_what_they_name(world: World) -> None:
    world.sources.documents[DATA] = b'{"a": [1, 1e21]}'
    world.sources.documents["https://git.example/a/note.txt"] = b"hello: there\n"
    spec: dict[str, Any] = {
        "text": {"$text": "./note.txt"},
        "json": {"$json": DATA},
        "deep": [{"inner": {"$yaml": "note.txt"}}],
    }
    world.sources.put(URL, component("svc", **spec))
    await world.register(URL)
    found = (await world.present("component:default/svc"))["spec"]
    assert found["text"] == "hello: there\n"
    assert found["json"] == {"a": [1, 1e21]}
    assert found["deep"] == [{"inner": {"hello": "there"}}]


async def test_what_is_no_placeholder_is_left_alone(world: World) -> None:
    spec: dict[str, Any] = {"a": {"$unknown": "x"}, "b": {"$text": "x", "other": {"$text": "y"}}, "c": "$text", "$d": 1}
    world.sources.put(URL, component("svc", **spec))
    await world.register(URL)
    found = (await world.present("component:default/svc"))["spec"]
    assert {key: found[key] for key in spec} == spec


async def test_each_way_to_fail_is_told_with_its_name(world: World) -> None:
    world.sources.documents["https://git.example/a/two.yaml"] = b"a: 1\n---\nb: 2\n"
    world.sources.documents["https://git.example/a/bad.json"] = b"{"
    world.sources.put(
        URL,
        component("missing", x={"$text": "./none.txt"}),
        component("twodocs", x={"$yaml": "./two.yaml"}),
        component("badjson", x={"$json": "./bad.json"}),
        component("nonstring", x={"$text": 5}),
        component("forbidden", x={"$text": "https://forbidden.example/x"}),
    )
    await world.register(URL)
    said = {
        "missing": "Placeholder $text could not read location https://git.example/a/none.txt, NotFoundError: ",
        "twodocs": "Placeholder $yaml expected to find exactly one document of data at ./two.yaml, found 2",
        "badjson": "Placeholder $json failed to parse JSON data at ./bad.json, ",
        "nonstring": "Placeholder $text expected a string value parameter",
        "forbidden": "Placeholder $text could not read location https://forbidden.example/x, NotAllowedError: ",
    }
    for name, words in said.items():
        (problem,) = await world.problems(f"component:default/{name}")
        start = "InputError: Processor PlaceholderProcessor threw an error while preprocessing; caused by Error: "
        assert problem.startswith(start + words)


async def test_an_entity_follows_what_its_placeholders_name(world: World) -> None:
    world.sources.documents[DATA] = b"1"
    world.sources.put(URL, component("svc", x={"$json": DATA}))
    await world.register(URL)
    before = await world.revision()
    world.sources.reads.clear()
    await world.look_again()
    assert await world.revision() == before
    assert world.sources.reads == []
    world.sources.documents[DATA] = b"2"
    await world.look_again()
    assert (await world.present("component:default/svc"))["spec"]["x"] == 2


async def test_a_refresh_key_of_a_placeholder_leads_to_its_entity(world: World) -> None:
    world.sources.documents[DATA] = b"1"
    world.sources.put(URL, component("svc", x={"$json": DATA}))
    await world.register(URL)
    world.sources.documents[DATA] = b"2"
    assert await world.provider("any").refresh([f"url:{DATA}"]) == 1
    await world.settle()
    assert (await world.present("component:default/svc"))["spec"]["x"] == 2
