"""fetch:*, workspace:* and cookiecutter beyond what is recorded: sources, links, hostile templates."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.confinement.limits import LIMITS, LimitReachedError
from app.errors import CallboardError, ConflictError, InputError, NotAllowedError, name_of
from app.reading.outgoing import GuardedClient
from app.reading.service import ReadingService
from scaffolder.actions.fetch_plain import FetchPlain, FetchPlainFile
from scaffolder.actions.rendering import shares_of
from scaffolder.fetching.sources import Sources
from scaffolder.interfaces import TemplateInfo
from scaffolder.testing.context import Context
from scaffolder.workspace import SafeFolder
from tests.app.reading.configuration import allowing
from tests.app.reading.git_server import Repository, git_server
from tests.app.reading.web_server import Asked, reply, serving
from tests.scaffolder.actions.conftest import Run
from tests.scaffolder.actions.parts import Parts


def _paths(workspace: SafeFolder) -> list[str]:
    return [entry.path for entry in workspace.entries() if entry.kind != "folder"]


async def test_links_in_a_template_are_copied_and_lead_nowhere(run: Run, workspace: SafeFolder, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "template/t").mkdir(parents=True)
    (tmp_path / "template/t/l").symlink_to(tmp_path / "secret")
    await run("fetch:template", {"url": "./t", "values": {}})
    await run("fetch:plain", {"url": "./t", "targetPath": "plain"})
    assert workspace.link("l") == workspace.link("plain/l") == str(tmp_path / "secret")
    for action in ("debug:log", "fs:delete"):
        context = await run(action, {"listWorkspace": "with-contents"} if action == "debug:log" else {"files": ["**"]})
        assert "  secret" not in "\n".join(context.said.lines)
    with pytest.raises(NotAllowedError):
        await run("fetch:template:file", {"url": "./t/x", "targetPath": "l", "replace": True}, beside={"t/x": "owned"})
    with pytest.raises(NotAllowedError):
        await run("roadiehq:utils:fs:parse", {"path": "l"})
    assert (tmp_path / "secret").read_text() == "secret"


async def test_deleting_goes_through_no_link(run: Run, workspace: SafeFolder, tmp_path: Path) -> None:
    """CVE-2026-24046."""
    (tmp_path / "outside/deep").mkdir(parents=True)
    for name in ("outside/file", "outside/deep/file"):
        (tmp_path / name).write_text("kept")
    workspace.make_link("d", "../outside")
    workspace.make_link("f", "../outside/file")
    workspace.write("own/file", b"x")
    for pattern in ("**", "*/*", "own/../*/deep/*"):
        await run("fs:delete", {"files": [pattern]})
    for pattern in ("d/**", "d/file", "f", "d"):
        with contextlib.suppress(NotAllowedError):
            await run("fs:delete", {"files": [pattern]})
    assert (tmp_path / "outside/file").read_text() == (tmp_path / "outside/deep/file").read_text() == "kept"
    assert _paths(workspace) == ["d", "f"]


async def test_a_link_beside_the_template_does_not_lead_out_of_its_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private/key").write_text("secret")
    (tmp_path / "template/out").symlink_to("../private")
    for action, given in (
        ("fetch:plain", {"url": "./out"}),
        ("fetch:template", {"url": "out", "values": {}}),
        ("fetch:plain:file", {"url": "./out/key", "targetPath": "k"}),
        ("fetch:cookiecutter", {"url": "./out", "values": {}}),
    ):
        with pytest.raises(NotAllowedError):
            await run(action, given)


@pytest.mark.parametrize("name", ["../escaped", "a/../../escaped", "..", "../../etc/x"])
async def test_rendered_names_stay_inside(run: Run, workspace: SafeFolder, name: str) -> None:
    with pytest.raises(CallboardError) as caught:
        await run(
            "fetch:template",
            {"url": "./t", "targetPath": "o", "values": {"n": name}},
            beside={"t/${{ values.n }}": "x"},
        )
    assert name_of(caught.value) == "NotAllowedError"
    assert _paths(workspace) == []


async def test_files_know_nothing_but_their_values(run: Run, workspace: SafeFolder) -> None:
    text = "${{ secrets.token }}${{ parameters.a }}${{ user.ref }}${{ values.__class__ }}${{ environment }}|"
    await run("fetch:template", {"url": "./t", "values": {"a": 1}}, beside={"t/f": text}, secrets={"token": "canary"})
    assert workspace.read("f") == b"|"


async def test_a_template_that_would_run_for_ever_ends_in_an_error(run: Run) -> None:
    loop = "{% for a in range(9000) %}{% for b in range(9000) %}x{% endfor %}{% endfor %}"
    with pytest.raises(CallboardError, match="limit"):
        await run("fetch:template", {"url": "./t"}, beside={"t/f": loop})


async def test_any_git_remote_is_a_source(parts: Parts, workspace: SafeFolder, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "srv")
    repository.commit({"skeleton/a": "1", "skeleton/b/c": "2", "other": "3"})
    async with git_server(tmp_path / "srv") as server:
        reading = ReadingService(allowing(server.host), GuardedClient(allowing(server.host)), tmp_path / "copies")
        sources = Sources(reading)
        remote = f"{server.url}/team/repo.git"
        given = {"url": f"{remote}?ref=main&path=/skeleton", "targetPath": "t"}
        await FetchPlain(sources).run(Context(given, workspace, parts.jobs))
        assert _paths(workspace) == ["t/a", "t/b/c"]
        given = {"url": f"{remote}?path=/other", "targetPath": "o"}
        await FetchPlainFile(sources).run(Context(given, workspace, parts.jobs))
        assert workspace.read("o") == b"3"
        # Relative to a template that lies in such a repository.
        for number, base in enumerate((remote, f"git:{remote}", f"git:{remote.removesuffix('.git')}")):
            template = TemplateInfo("template:default/t", f"{base}?ref=main&path=/skeleton/template.yaml", {})
            given = {"url": "./b", "targetPath": f"r{number}"}
            await FetchPlain(sources).run(Context(given, workspace, parts.jobs, template))
            assert workspace.read(f"r{number}/c") == b"2"
            given = {"url": "./b/c", "targetPath": f"f{number}"}
            await FetchPlainFile(sources).run(Context(given, workspace, parts.jobs, template))
            assert workspace.read(f"f{number}") == b"2"


async def test_a_file_comes_by_http_from_allowed_hosts_alone(
    parts: Parts, workspace: SafeFolder, tmp_path: Path
) -> None:
    async def answer(asked: Asked) -> bytes:
        return reply(b"content", "200 OK")

    async with serving(answer) as server:
        given = {"url": f"{server.url}/file.txt", "targetPath": "deep/file.txt"}
        with pytest.raises(NotAllowedError):
            await parts.action("fetch:plain:file").run(Context(given, workspace, parts.jobs))
        reading = ReadingService(allowing(server.host), GuardedClient(allowing(server.host)), tmp_path / "copies")
        await FetchPlainFile(Sources(reading)).run(Context(given, workspace, parts.jobs))
    assert workspace.read("deep/file.txt") == b"content"


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "FILE:///etc", "git:file:///etc/x.git", "ftp://x/y", "data:text/plain,x"]
)
async def test_urls_of_this_machine_are_no_source(run: Run, url: str) -> None:
    with pytest.raises((NotAllowedError, InputError)):
        await run("fetch:plain", {"url": url})


async def test_a_relative_url_needs_a_place_to_start_from(run: Run) -> None:
    with pytest.raises(InputError, match="template location could not be determined"):
        await run("fetch:plain", {"url": "./x"}, template=TemplateInfo("template:default/t", None, {}))
    with pytest.raises(InputError, match="No integration found for location https://nowhere"):
        await run(
            "fetch:plain", {"url": "./x"}, template=TemplateInfo("template:default/t", "https://nowhere/x.yaml", {})
        )


async def test_a_folder_of_the_workspace_is_rendered_into_another(run: Run, workspace: SafeFolder) -> None:
    workspace.write("in/${{ values.n }}.txt", b"${{ values.n }}")
    given = {"sourcePath": "in", "targetPath": "out", "copyWithoutTemplating": [], "values": {"n": "a"}}
    await run("workspace:template", given)
    assert workspace.read("out/a.txt") == b"a"
    await run(
        "workspace:template:file", {"sourcePath": "in/${{ values.n }}.txt", "targetPath": "f", "values": {"n": 5}}
    )
    assert workspace.read("f") == b"5"
    with pytest.raises(InputError, match="must not be within"):
        await run("workspace:template", {**given, "targetPath": "in/deeper"})


COOKIECUTTER = {
    "c/cookiecutter.json": json.dumps({"name": "default", "upper": "{{ cookiecutter.name|upper }}"}),
    "c/{{ cookiecutter.name }}/README.md": "# {{ cookiecutter.upper }}\n",
    "c/{{ cookiecutter.name }}/raw/x": "{{ cookiecutter.name }}",
}


async def test_cookiecutter_generates(run: Run, workspace: SafeFolder) -> None:
    given = {"url": "./c", "values": {"name": "boat"}, "targetPath": "o", "copyWithoutRender": ["raw"]}
    await run("fetch:cookiecutter", given, beside=COOKIECUTTER)
    assert _paths(workspace) == ["o/README.md", "o/raw/x"]
    assert workspace.read("o/README.md") == b"# BOAT\n"
    assert workspace.read("o/raw/x") == b"{{ cookiecutter.name }}"


async def test_cookiecutters_hooks_run_for_nobody(run: Run, workspace: SafeFolder, tmp_path: Path) -> None:
    hook = f"open({str(tmp_path / 'owned')!r}, 'w').close()\n"
    hooks = {f"c/hooks/{name}.py": hook for name in ("pre_prompt", "pre_gen_project", "post_gen_project")}
    await run("fetch:cookiecutter", {"url": "./c", "values": {}}, beside=COOKIECUTTER | hooks)
    assert not (tmp_path / "owned").exists()
    assert workspace.read("README.md") == b"# DEFAULT\n"


async def test_cookiecutters_hooks_run_for_a_trusted_template(tmp_path: Path, workspace: SafeFolder) -> None:
    (tmp_path / "template").mkdir()
    hook = "open('hooked', 'w').close()\n"
    for path, text in (COOKIECUTTER | {"c/hooks/post_gen_project.py": hook}).items():
        (tmp_path / "template" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "template" / path).write_text(text)
    parts = Parts(tmp_path / "data", trusted_templates=["template:default/trusted"])
    try:
        template = TemplateInfo("template:default/trusted", f"file://{tmp_path}/template/t.yaml", {})
        await parts.action("fetch:cookiecutter").run(
            Context({"url": "./c", "values": {}}, workspace, parts.jobs, template)
        )
    finally:
        await parts.jobs.stop()
    assert "hooked" in _paths(workspace)


ESCAPE = "{{ cycler.__init__.__globals__.__builtins__.open('%s').read() }}"


async def test_code_in_a_cookiecutter_template_reads_nothing_of_the_servers(
    run: Run, workspace: SafeFolder, tmp_path: Path
) -> None:
    """Its Jinja is no sandbox, so that the kernel has to be one."""
    (tmp_path / "app-config.yaml").write_text("canary")
    for secret in (tmp_path / "app-config.yaml", "/etc/passwd", "/proc/self/environ"):
        template = {**COOKIECUTTER, "c/{{ cookiecutter.name }}/README.md": ESCAPE % secret}
        with pytest.raises(CallboardError, match=r"(?i)permission denied"):
            await run("fetch:cookiecutter", {"url": "./c", "values": {}}, beside=template)
    assert _paths(workspace) == []


@pytest.mark.parametrize("extensions", [["os.system"], ["cookiecutter"], ["jinja2.ext.loopcontrols", "evil.Extension"]])
async def test_cookiecutter_loads_no_code_by_name(run: Run, extensions: list[str]) -> None:
    with pytest.raises(InputError, match="Jinja2 extension"):
        await run("fetch:cookiecutter", {"url": "./c", "values": {}, "extensions": extensions}, beside=COOKIECUTTER)
    declared = {**COOKIECUTTER, "c/cookiecutter.json": json.dumps({"name": "n", "_extensions": extensions})}
    with pytest.raises(InputError, match="Jinja2 extensions"):
        await run("fetch:cookiecutter", {"url": "./c", "values": {}}, beside=declared)


async def test_a_registration_names_what_it_is_about(run: Run, parts: Parts) -> None:
    def entity(kind: str, name: str) -> dict[str, object]:
        return {"kind": kind, "metadata": {"name": name}}

    parts.catalog.locations["https://x/c.yaml"] = [
        entity("Location", "generated-1"),
        entity("API", "api"),
        entity("Component", "generated-2"),
        entity("Component", "Boat"),
    ]
    context = await run("catalog:register", {"catalogInfoUrl": "https://x/c.yaml"})
    assert context.outputs == {"entityRef": "component:default/boat", "catalogInfoUrl": "https://x/c.yaml"}
    with pytest.raises(ConflictError):
        await run("catalog:register", {"catalogInfoUrl": "https://x/c.yaml"})
    again = await run("catalog:register", {"catalogInfoUrl": "https://x/c.yaml", "optional": True})
    assert again.outputs == context.outputs
    with pytest.raises(InputError, match="No integration found for host https://nowhere/x"):
        await run("catalog:register", {"repoContentsUrl": "https://nowhere/x"})


async def test_a_large_tree_is_rendered_by_two_jobs_as_by_one(
    run: Run, workspace: SafeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = {f"skeleton/part-{n % 7}/${{{{ values.name }}}}-{n}.md": "# ${{ values.name }}" for n in range(60)}
    beside |= {"skeleton/.hidden": "x", "skeleton/verbatim/a": "${{ values.name }}"}
    given = {"url": "./skeleton", "values": {"name": "tern"}, "copyWithoutTemplating": ["verbatim/*"]}
    one = await run("fetch:template", {**given, "targetPath": "one"}, beside=beside)
    monkeypatch.setattr("scaffolder.actions.rendering.WORTH_TWO_JOBS", 10)
    two = await run("fetch:template", {**given, "targetPath": "two"}, beside={})
    assert len(workspace.entries("one")) == len(beside) + 8
    for entry in workspace.entries("one"):
        if entry.kind == "file":
            assert workspace.read(entry.path.replace("one/", "two/", 1)) == workspace.read(entry.path)
    assert [line.replace("/one", "/two") for line in one.said.lines] == two.said.lines

    broken = {"skeleton/part-0/broken.md": "${{ values.name | nope }}", "skeleton/verbatim/b/broken.md": "{% if %}"}
    for _ in range(3):
        with pytest.raises(CallboardError, match='Unknown template filter "nope"'):
            await run("fetch:template", {**given, "targetPath": "three"}, beside=broken)


@pytest.mark.parametrize(("at_once", "jobs"), [(10, 2), (1000, 1)])
async def test_two_jobs_together_may_write_what_one_may(
    run: Run, parts: Parts, workspace: SafeFolder, monkeypatch: pytest.MonkeyPatch, at_once: int, jobs: int
) -> None:
    monkeypatch.setattr("scaffolder.actions.rendering.WORTH_TWO_JOBS", at_once)
    beside = {f"skeleton/part-{n % 4}/{n}.txt": "x" * 100 for n in range(40)}
    await run("fetch:plain", {"url": "./skeleton", "targetPath": "warm"}, beside=beside)
    assert len(shares_of(str(workspace.root / "warm"))) == jobs
    for limit, allowed, short in (("files", 40, 39), ("bytes", 4000, 3999)):
        parts.jobs.limits = replace(LIMITS, **{limit: allowed})
        await run("fetch:template", {"url": "./skeleton", "targetPath": f"{limit}-enough"}, beside={})
        parts.jobs.limits = replace(LIMITS, **{limit: short})
        with pytest.raises(LimitReachedError, match=f"'{limit}': it may use {short} "):
            await run("fetch:template", {"url": "./skeleton", "targetPath": f"{limit}-short"}, beside={})
