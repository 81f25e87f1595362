from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.errors import InputError
from catalog.lint.entity_rules import EntityRules
from catalog.lint.findings import RULES, Report
from catalog.lint.linter import Linter, Options
from catalog.lint.sources import NoSuchPathError, descriptors
from catalog.model.kinds import BUILTIN_KINDS

VALID = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: till
spec:
  type: service
  lifecycle: production
  owner: crew
"""


def lint(folder: Path, files: dict[str, str], **options: Any) -> Report:
    """Writes the files and looks at them, in the order given."""
    written = []
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        written.append(file)
    recognizes = options.pop("recognizes", lambda entity: False)
    return Linter(EntityRules(list(BUILTIN_KINDS), recognizes), Options(**options)).run(written)


def told(report: Report) -> list[tuple[int, int, str, str]]:
    return [(finding.line, finding.column, finding.rule, finding.message) for finding in report.findings]


def component(name: str = "till", **more: str) -> str:
    text = VALID.replace("name: till", f"name: {name}")
    return text + "".join(f"  {key}: {value}\n" for key, value in more.items())


def test_a_descriptor_that_is_right_has_no_findings(tmp_path: Path) -> None:
    report = lint(tmp_path, {"catalog-info.yaml": VALID + "---\n# nothing\n---\n" + component("desk")})
    assert (report.findings, report.files, report.entities) == ((), 1, 2)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a: [b\n", (1, 6, "yaml", "Flow sequence in block collection must be sufficiently indented and end with a ]")),
        ("just text\n", (1, 1, "envelope", "Expected object at root")),
        (
            "kind: x\n",
            (1, 1, "envelope", "<root> must have required property 'apiVersion' - missingProperty: apiVersion"),
        ),
        (VALID.replace("name: till", "name: 5"), (4, 3, "envelope", "/metadata/name must be string - type: string")),
        (
            VALID.replace("name: till", "name: till\n  annotations: [x]"),
            (5, 3, "envelope", "metadata.annotations must be a valid object"),
        ),
        (
            VALID.replace("name: till", "name: till\n  tags:\n    - a\n    - 5"),
            (7, 7, "policy", "Malformed envelope, /metadata/tags/1 must be string"),
        ),
        (VALID + "relations: []\n", (9, 1, "policy", "Unknown field relations")),
        (VALID + "extra: []\n", (9, 1, "policy", "Malformed envelope, <root> must NOT have additional properties")),
        (
            VALID.replace("  owner: crew\n", ""),
            (5, 1, "kind", "/spec must have required property 'owner' - missingProperty: owner"),
        ),
        (component(providesApis="one"), (9, 3, "kind", "/spec/providesApis must be array - type: array")),
        (
            component(providesApis="[one, '']"),
            (9, 23, "kind", "/spec/providesApis/1 must NOT have fewer than 1 characters - limit: 1"),
        ),
        (
            VALID.replace("Component", "Gizmo"),
            (
                2,
                1,
                "kind",
                "No processor recognized the entity gizmo:default/till as valid, possibly caused by a "
                "foreign kind or apiVersion",
            ),
        ),
        (
            component(dependsOn="[component:a, b]"),
            (
                9,
                28,
                "reference",
                'Entity reference "b" had missing or empty kind (e.g. did not start with "component:" or similar)',
            ),
        ),
        (
            component(Foo="1", foo="2"),
            (1, 1, "collision", "Entity has duplicate keys that vary only in casing, 'spec.foo'"),
        ),
        (
            component(note="{ $text: 5 }"),
            (
                9,
                3,
                "policy",
                "Placeholder $text expected a string value parameter, in the form of an absolute URL or a "
                "relative path",
            ),
        ),
        (
            component(note="{ $text: ./none.txt }"),
            (9, 3, "target", "Placeholder $text points to ./none.txt, which is not there"),
        ),
    ],
)
def test_a_finding_names_the_place_and_the_rule(
    tmp_path: Path, content: str, expected: tuple[int, int, str, str]
) -> None:
    assert told(lint(tmp_path, {"catalog-info.yaml": content})) == [expected]


def test_several_things_wrong_are_all_told(tmp_path: Path) -> None:
    content = component("-till", dependsOn="[a, b]").replace("owner: crew", "owner: ''")
    findings = told(lint(tmp_path, {"a.yaml": content + "---\nb: [\n---\n" + component("ok")}))
    assert [(line, rule) for line, _, rule, _ in findings] == [
        (4, "policy"),
        (8, "kind"),
        (9, "reference"),
        (9, "reference"),
        (11, "yaml"),
    ]


def test_placeholders_stand_in_for_what_only_the_server_reads(tmp_path: Path) -> None:
    api = VALID.replace("Component", "API") + "  definition: { $text: ./openapi.yaml }\n"
    more = "---\n" + component("desk").replace("lifecycle: production", "lifecycle: { $yaml: https://x.example/y }")
    assert told(lint(tmp_path, {"openapi.yaml": "{}", "api.yaml": api + more})) == [
        (1, 1, "envelope", "<root> must have required property 'apiVersion' - missingProperty: apiVersion")
    ]


def test_the_same_entity_twice_is_told_with_the_first_place(tmp_path: Path) -> None:
    report = lint(tmp_path, {"a.yaml": VALID, "b.yaml": component("Till") + "---\n" + VALID})
    first = f"component:default/till is described before, at {tmp_path / 'a.yaml'}:1"
    assert [(Path(finding.path).name, *told(report)[index]) for index, finding in enumerate(report.findings)] == [
        ("b.yaml", 4, 3, "duplicate", first),
        ("b.yaml", 13, 3, "duplicate", first),
    ]


def test_unresolved_refs_are_told_when_asked_for(tmp_path: Path) -> None:
    files = {"a.yaml": VALID + "---\n" + component("desk", dependsOn="[component:till, resource:db]")}
    assert lint(tmp_path, files).findings == ()
    report = lint(tmp_path, files, strict_refs=True, known=frozenset({"group:default/crew"}))
    assert told(report) == [(18, 31, "unresolved", "There is no resource:default/db here")]
    assert report.findings[0].severity == "warning"


def test_a_configuration_may_not_allow_a_kind(tmp_path: Path) -> None:
    report = lint(tmp_path, {"a.yaml": VALID}, allows=lambda entity: entity["kind"] != "Component")
    assert told(report) == [(2, 1, "not-allowed", "component:default/till is not of a kind that catalog.rules allow")]


def test_targets_of_locations_are_looked_for(tmp_path: Path) -> None:
    location = "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: { name: all }\nspec:\n"
    targets = "  targets:\n    - ./a.yaml\n    - ./none.yaml\n    - ./*.yaml\n    - ./no/*.yaml\n    - https://x/y\n"
    optional = "  target: ./none.yaml\n  presence: optional\n"
    other = location.replace("all", "other")
    files = {"a.yaml": VALID, "all.yaml": location + targets + "---\n" + other + optional}
    report = lint(tmp_path, files)
    assert told(report) == [
        (7, 7, "target", "./none.yaml matches no file"),
        (9, 7, "target", "./no/*.yaml matches no file"),
    ]
    assert {finding.severity for finding in report.findings} == {"warning"}


def test_kinds_of_plugins_are_asked_for(tmp_path: Path) -> None:
    def recognizes(entity: dict[str, Any]) -> bool:
        if entity["kind"] == "Gizmo" and "cogs" not in entity["spec"]:
            raise InputError("a gizmo has cogs")
        return bool(entity["kind"] == "Gizmo")

    gizmo = VALID.replace("Component", "Gizmo")
    files = {"a.yaml": gizmo, "b.yaml": gizmo.replace("till", "other") + "  cogs: 3\n"}
    assert told(lint(tmp_path, files, recognizes=recognizes)) == [(1, 1, "kind", "a gizmo has cogs")]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    missing = tmp_path / "none.yaml"
    report = Linter(EntityRules(list(BUILTIN_KINDS), lambda entity: False), Options()).run([missing])
    assert told(report) == [(1, 1, "unreadable", "No such file or directory")]


def test_every_rule_is_described() -> None:
    page = (Path(__file__).parents[3] / "docs" / "descriptors.md").read_text()
    assert [rule for rule in RULES if f"| `{rule}` |" not in page] == []


def test_a_directory_yields_descriptors_alone(tmp_path: Path) -> None:
    files = {
        "catalog-info.yaml": VALID,
        "deep/er/thing.yml": '"apiVersion": "scaffolder.backstage.io/v1beta3"\n',
        "deep/k8s.yaml": "apiVersion: apps/v1\nkind: Deployment\n",
        "skeleton/catalog-info.yaml": VALID.replace("till", "${{ values.name }}"),
        "node_modules/x/catalog-info.yaml": VALID,
        "notes.txt": VALID,
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    found = [str(file.relative_to(tmp_path)) for file in descriptors([str(tmp_path)])]
    assert found == ["catalog-info.yaml", "deep/er/thing.yml"]
    named = str(tmp_path / "notes.txt")
    assert descriptors([named, named]) == [Path(named)]
    globbed = descriptors([str(tmp_path / "**" / "catalog-info.yaml")])
    assert len(globbed) == 3


@pytest.mark.parametrize("path", ["none.yaml", "none/*.yaml"])
def test_a_path_that_names_nothing_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(NoSuchPathError):
        descriptors([str(tmp_path / path)])
