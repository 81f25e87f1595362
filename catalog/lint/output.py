"""Findings as people, programs and code hosts like to read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from catalog.lint.findings import Finding, Report

Style = Callable[[str, str], str]
"""Text and the name of a colour; gives the text, coloured where that is wanted."""


def as_text(report: Report, style: Style) -> str:
    """A line for each finding, `path:line:column: severity: message [rule]`, and a line of counts."""
    lines = [_text_line(finding, style) for finding in report.findings]
    errors, warnings = report.count("error"), report.count("warning")
    counts = f"{_count(report.entities, *report.counted)} in {_count(report.files, 'file', 'files')}: "
    if errors or warnings:
        counts += f"{_count(errors, 'error', 'errors')}, {_count(warnings, 'warning', 'warnings')}"
    else:
        counts += "all is well"
    return "\n".join([*lines, style(counts, "red" if errors else "yellow" if warnings else "green")])


def as_json(report: Report) -> str:
    """One object: `findings`, and the counts `files`, `entities`, `errors`, `warnings`."""
    return orjson.dumps(
        {
            "files": report.files,
            "entities": report.entities,
            "errors": report.count("error"),
            "warnings": report.count("warning"),
            "findings": [
                {
                    "path": finding.path,
                    "line": finding.line,
                    "column": finding.column,
                    "severity": finding.severity,
                    "rule": finding.rule,
                    "message": finding.message,
                    "entity": finding.entity,
                }
                for finding in report.findings
            ],
        },
        option=orjson.OPT_INDENT_2,
    ).decode()


def as_github(report: Report) -> str:
    """Workflow commands that GitHub shows beside the lines of a pull request."""
    return "\n".join(
        f"::{finding.severity} file={_property(finding.path)},line={finding.line},col={finding.column},"
        f"title={_property(f'{report.tool}: {finding.rule}')}::{_data(finding.message)}"
        for finding in report.findings
    )


def as_sarif(report: Report) -> str:
    """SARIF 2.1.0, which code hosts take up as the results of an analysis."""
    used = {finding.rule for finding in report.findings}
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": report.tool,
                        "rules": [
                            {"id": rule, "shortDescription": {"text": text}}
                            for rule, text in report.rules.items()
                            if rule in used
                        ],
                    }
                },
                "results": [_sarif_result(finding) for finding in report.findings],
            }
        ],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


FORMATS: Mapping[str, Callable[[Report], str]] = {"json": as_json, "github": as_github, "sarif": as_sarif}


def _text_line(finding: Finding, style: Style) -> str:
    where = style(f"{finding.path}:{finding.line}:{finding.column}:", "bold")
    severity = style(f"{finding.severity}:", "red" if finding.severity == "error" else "yellow")
    return f"{where} {severity} {finding.message} [{finding.rule}]"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _sarif_result(finding: Finding) -> dict[str, Any]:
    return {
        "ruleId": finding.rule,
        "level": finding.severity,
        "message": {"text": finding.message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": finding.path.replace("\\", "/")},
                    "region": {"startLine": finding.line, "startColumn": finding.column},
                }
            }
        ],
    }


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
