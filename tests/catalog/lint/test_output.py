from __future__ import annotations

import orjson

from catalog.lint.findings import Finding, Report
from catalog.lint.output import as_github, as_json, as_sarif, as_text

ERROR = Finding("a,b/c.yaml", 3, 5, "kind", "100% wrong:\nsee, below", "error", "component:default/x")
WARNING = Finding("d.yaml", 1, 1, "unresolved", "There is no x", "warning")
REPORT = Report((ERROR, WARNING), 2, 1)


def plain(text: str, colour: str) -> str:
    return text


def test_people_read_a_line_for_each_finding_and_the_counts() -> None:
    assert as_text(REPORT, plain) == (
        "a,b/c.yaml:3:5: error: 100% wrong:\nsee, below [kind]\n"
        "d.yaml:1:1: warning: There is no x [unresolved]\n"
        "1 entity in 2 files: 1 error, 1 warning"
    )
    assert as_text(Report((), 1, 3), plain) == "3 entities in 1 file: all is well"


def test_colours_tell_how_bad_it_is() -> None:
    assert as_text(Report((WARNING,), 1, 1), lambda text, colour: f"<{colour}>").endswith("\n<yellow>")
    assert as_text(REPORT, lambda text, colour: f"<{colour}>").endswith("\n<red>")


def test_programs_read_json() -> None:
    written = orjson.loads(as_json(REPORT))
    assert {key: written[key] for key in ("files", "entities", "errors", "warnings")} == {
        "files": 2,
        "entities": 1,
        "errors": 1,
        "warnings": 1,
    }
    assert written["findings"][0] == {
        "path": "a,b/c.yaml",
        "line": 3,
        "column": 5,
        "severity": "error",
        "rule": "kind",
        "message": "100% wrong:\nsee, below",
        "entity": "component:default/x",
    }


def test_github_reads_workflow_commands() -> None:
    assert as_github(REPORT).split("\n") == [
        "::error file=a%2Cb/c.yaml,line=3,col=5,title=callboard lint%3A kind::100%25 wrong:%0Asee, below",
        "::warning file=d.yaml,line=1,col=1,title=callboard lint%3A unresolved::There is no x",
    ]


def test_code_hosts_read_sarif() -> None:
    (run,) = orjson.loads(as_sarif(REPORT))["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["kind", "unresolved"]
    assert run["results"][0]["level"] == "error"
    assert run["results"][0]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "a,b/c.yaml"},
        "region": {"startLine": 3, "startColumn": 5},
    }
