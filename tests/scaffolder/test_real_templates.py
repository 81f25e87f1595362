"""Templates as people really write them: each is read, checked and tried out, or refused for a right reason.

Their skeletons are not in the corpus, so a small one stands in for each; actions that only other plugins have take no
part in the dry run, as in the reference.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.errors import CallboardError
from app.interfaces import NOBODY, FoundFile, ReadResponse, SearchResponse
from catalog.lint.findings import Finding
from scaffolder.cli.source import Source, read_templates
from scaffolder.cli.steps import TemplateLinter
from scaffolder.interfaces import Action
from scaffolder.service.dry_run import DryRun, DryRunResult, DryRuns
from scaffolder.service.templates import pages_of, parameter_schema
from scaffolder.service.validation import stacks
from scaffolder.template.kind import API_VERSION
from scaffolder.workflow import Engine, workflow_language
from tests.reference.corpus import SHARED
from tests.scaffolder.actions.parts import Parts
from tests.scaffolder.form_filler import filled_in

CORPUS = SHARED / "corpus" / "templates"
SKELETON = {
    "README.md": "# ${{ values | dump }}\n",
    "catalog-info.yaml": "kind: Component\n",
    "logo.png": "\0PNG",
    "my-file.json": "{}",
    "my-file.yaml": "{}",
    "template.md": "",
    "template.sw.yaml": "",
    "src/main/resources/template.sw.yaml": "",
    "src/main/resources/specs/dataindex.yaml": "",
    "skeletons/team-skeleton.yaml": "",
    "components/http/base/service.yaml": "",
    "kustomize/base/sonataflow-patch-persistence.yaml": "",
    "plugins/my-plugin/package.json": "{}",
}
"""What the templates of the corpus look for in what they fetch."""
BROKEN = {"rancher-eio__backstage-templates/old/create-team/team-template.yaml"}
OLD = {
    "RoadieHQ__software-templates/scaffolder-templates/create-aws-serverless-backend/template.yaml",
    "RoadieHQ__software-templates/scaffolder-templates/create-aws-serverless-frontend-and-backend/template.yaml",
}

REFUSED = {
    **{
        f"RHEcosystemAppEng__RHDH-templates/scaffolder-templates/{name}-kickstart-template/template.yaml": (
            "InputError: Invalid input passed to action fetch:plain, instance is not allowed to have the additional "
            'property "copyWithoutTemplating"'
        )
        for name in ("ai-metric-summarizer", "ai-virtual-agent", "chatbot-rag")
    },
    **dict.fromkeys(OLD, "InputError: Input template is not a template"),
    # It logs a list.
    "RoadieHQ__software-templates/scaffolder-templates/debug-template/template.yaml": (
        "InputError: Invalid input passed to action debug:log, instance.message is not of a type(s) string"
    ),
}
"""What a dry run of these ends with, as it would in the reference."""

pytestmark = pytest.mark.timeout(240)


class Anywhere:
    """Stands in for all of the network: every tree is the same."""

    async def read_url(self, url: str, *, etag: str | None = None) -> ReadResponse:
        return ReadResponse(b"name: tern\n")

    async def read_tree(self, url: str, *, etag: str | None = None) -> SearchResponse:
        def file(path: str, text: str) -> FoundFile:
            async def read() -> bytes:
                return text.encode()

            return FoundFile(f"{url}/{path}", path, read)

        return SearchResponse([file(path, text) for path, text in SKELETON.items()])

    search = read_tree


class Host:
    """A configured host of repositories."""

    def __init__(self, host: str) -> None:
        self.host, self.type = host, host.partition(".")[0]

    def resolve_url(self, url: str, base: str) -> str:
        return url

    def resolve_edit_url(self, url: str) -> str:
        return url

    def repository(self, url: str) -> None:
        return None


class Everything(dict[str, Any]):
    """A catalog that holds whatever it is asked for."""

    def get(self, ref: str, default: Any = None) -> Any:
        return {"kind": ref.partition(":")[0], "metadata": {"name": ref.rpartition("/")[2]}}


class Absent(Action):
    """An action of a plugin that is not here."""

    def __init__(self, name: str) -> None:
        self.id = name  # type: ignore[misc]


@dataclass(frozen=True)
class Corpus:
    """A copy with a skeleton wherever a template names one, and what was read of it."""

    folder: Path
    sources: list[Source]
    findings: list[Finding]

    def name(self, one: Source | Finding) -> str:
        return Path(one.path).relative_to(self.folder).as_posix()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    read = Corpus(tmp_path_factory.mktemp("templates") / "corpus", [], [])
    shutil.copytree(CORPUS, read.folder)
    for repository in sorted(read.folder.iterdir()):
        if repository.is_dir():
            sources, findings = read_templates([repository])
            read.sources.extend(sources)
            read.findings.extend(findings)
            for source in sources:
                for step in source.entity["spec"].get("steps") or ():
                    _stand_in(source, step, repository)
    return read


def _stand_in(source: Source, step: Mapping[str, Any], repository: Path) -> None:
    url = (step.get("input") or {}).get("url")
    if not isinstance(url, str) or ":" in url or "{" in url or not str(step.get("action")).startswith("fetch:"):
        return
    target = (source.folder / url).resolve()
    if not target.is_relative_to(repository) or (target.exists() and target != source.folder):
        return
    if str(step["action"]).endswith(":file"):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("# ${{ values | dump }}\n")
        return
    target.mkdir(parents=True, exist_ok=True)
    if step["action"] == "fetch:cookiecutter":
        (target / "cookiecutter.json").write_text('{"name": "tern"}')
        (target / "{{ cookiecutter.name }}").mkdir()
        (target / "{{ cookiecutter.name }}" / "README.md").write_text("# {{ cookiecutter.name }}\n")
        return
    for name, text in SKELETON.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(text)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    made = Parts(tmp_path_factory.mktemp("data"))
    made.catalog.known = Everything()
    made.reading.add_reader(lambda _: True, Anywhere(), order=0)
    for host in ("github.com", "gitlab.com"):
        made.reading.add_integration(Host(host))
    return made


def test_every_template_is_read_but_for_one_that_is_no_yaml(corpus: Corpus) -> None:
    assert len(corpus.sources) == 127
    assert {corpus.name(one): (one.rule, one.line) for one in corpus.findings} == dict.fromkeys(BROKEN, ("yaml", 24))
    assert {corpus.name(one) for one in corpus.sources if one.entity["apiVersion"] != API_VERSION} == OLD


def test_every_template_has_the_form_it_says(corpus: Corpus) -> None:
    pages, fields = 0, 0
    for source in corpus.sources:
        schema = parameter_schema(source.entity)
        json.dumps(schema)
        written = pages_of(source.entity)
        assert [step["schema"] for step in schema["steps"]] == written
        assert all(step["title"] for step in schema["steps"])
        assert schema["title"] == source.entity["metadata"].get("title", source.entity["metadata"]["name"])
        pages += len(written)
        fields += sum(len(page.get("properties") or {}) for page in written)
    assert (pages, fields) == (324, 924)


def test_lint_finds_what_is_wrong_and_nothing_else(corpus: Corpus, parts: Parts) -> None:
    """Every finding of these rules was looked at; each would leave its mark on a run of the template."""
    extensions = parts.extensions
    language = workflow_language(extensions.filters.values(), extensions.globals.values())
    linter = TemplateLinter(extensions.actions, language)
    found = [(source, one) for source in corpus.sources for one in linter.findings(source)]
    assert Counter(one.rule for _, one in found) == {
        "action": 312,
        "reference": 94,
        "language": 64,
        "file": 39,
        "input": 6,
        "unreachable": 6,
        "step": 3,
        "template": 2,
    }
    told = {one.message for _, one in found}
    assert "output.links[0].url: outputs is not defined (line 1, column 87)" in told
    assert any(text.endswith('Unexpected character "?": write `b if a else c` for a ? b : c') for text in told)
    assert any(text.endswith("write `or` for ||") for text in told)


async def test_every_template_can_be_tried_out(corpus: Corpus, parts: Parts, tmp_path: Path) -> None:
    own = set(parts.extensions.actions)
    outcomes: dict[str, str] = {}
    by_own_actions = 0
    made = 0
    for source in corpus.sources:
        used = {str(step.get("action")) for step in source.entity["spec"]["steps"]}
        try:
            result = await _tried(source, parts, used - own, tmp_path)
        except CallboardError as error:
            outcomes[corpus.name(source)] = f"{error.name}: {error}".splitlines()[0]
            continue
        by_own_actions += used <= own
        made += len(result.files)
        assert [step["id"] for step in result.steps] == [
            step.get("id", f"step-{index}") for index, step in enumerate(source.entity["spec"]["steps"], 1)
        ]
    await parts.jobs.stop()
    assert outcomes == REFUSED
    assert (by_own_actions, made) == (1, 1816)


async def _tried(source: Source, parts: Parts, missing: Sequence[str] | set[str], folder: Path) -> DryRunResult:
    extensions = parts.extensions
    engine = Engine(
        {**extensions.actions, **{name: Absent(name) for name in missing}},
        workflow_language(extensions.filters.values(), extensions.globals.values()),
        validate=stacks,
        confined=parts.jobs,
    )
    values = filled_in(pages_of(source.entity))
    given = DryRun(
        source.entity,
        values,
        {"USER_OAUTH_TOKEN": "token-of-nobody"},
        source.files(),
        {"ref": "user:default/guest"},
        NOBODY,
        lambda _action, _input: True,
        source.name_below_base,
        runs_local=True,
    )
    return await DryRuns(lambda: engine, folder).run(given)
