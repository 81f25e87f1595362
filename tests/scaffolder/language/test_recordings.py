"""The recordings of the reference's engine, every one of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from scaffolder.language import UNDEFINED, Dialect, Language, LanguageError
from scaffolder.language.default_filters import default_filters
from tests.scaffolder.language.fuzz.engines import canonical
from tests.scaffolder.language.rendering import failing

RECORDINGS = [
    json.loads(line)
    for line in (Path(__file__).parent / "recordings" / "language.jsonl").read_text("utf-8").splitlines()
]
INTEGRATIONS = {
    "github.com": "github",
    "gitlab.com": "gitlab",
    "bitbucket.example": "bitbucketServer",
    "gitea.example": "gitea",
}


def expected(recording: dict[str, Any]) -> tuple[str, str]:
    if recording.get("undefined"):
        return "undefined", ""
    if "error" in recording:
        return "error", recording["error"]
    if "number" in recording:
        return "value", canonical({"$number": recording["number"]})
    return "value", canonical(recording["expected"])


def actual(recording: dict[str, Any], *, legacy: bool) -> tuple[str, str]:
    options = recording.get("options", {})
    dialect = Dialect(
        cookiecutter=options.get("cookiecutterCompat", False),
        trim_blocks=options.get("trimBlocks", False),
        lstrip_blocks=options.get("lstripBlocks", False),
        legacy=legacy,
    )
    language = Language(filters=default_filters(INTEGRATIONS.get), dialect=dialect)
    try:
        template = language.compile(recording["template"])
        render = template.value if recording["mode"] == "value" else template.render
        result = render(recording["context"])
    except LanguageError as error:
        assert error.line is not None
        assert error.column is not None
        return "error", error.kind
    return ("undefined", "") if result is UNDEFINED else ("value", canonical(result))


def test_there_are_as_many_recordings_as_were_recorded() -> None:
    assert len(RECORDINGS) == 1121


@pytest.mark.parametrize("legacy", [True, False], ids=["legacy", "strict"])
@pytest.mark.parametrize("recording", RECORDINGS, ids=[recording["id"] for recording in RECORDINGS])
def test_a_recorded_template_gives_what_the_reference_gave(recording: dict[str, Any], legacy: bool) -> None:
    assert actual(recording, legacy=legacy) == expected(recording)


def test_every_recorded_error_has_the_reference_s_very_words_and_place() -> None:
    differing = []
    for recording in RECORDINGS:
        if "error" in recording:
            options = Dialect(cookiecutter="options" in recording, legacy=False)
            language = Language(filters=default_filters(INTEGRATIONS.get), dialect=options)
            error = failing(recording["template"], language, **recording["context"])
            if error.message != recording["message"]:
                differing.append((recording["template"], error.message, recording["message"]))
    assert differing == []
