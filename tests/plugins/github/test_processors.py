"""What GitHub knows of a repository, on the entities that come from it; and owners by CODEOWNERS."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from plugins.github.processors.languages import shares_of, tag_of
from tests.plugins.github.fake import fake_github
from tests.plugins.github.fake.faults import Fault
from tests.plugins.github.fake.routing import failed
from tests.plugins.github.portal import descriptor, portal

MANUAL = {"schedule": {"frequency": {"trigger": "manual"}, "timeout": {"minutes": 5}}}


@pytest.mark.parametrize(
    ("language", "tag"),
    [
        ("Go", "go"),
        ("C#", "c#"),
        ("C++", "c++"),
        ("Jupyter Notebook", "jupyter-notebook"),
        ("F*", "f"),
        ("1C/x", "1c-x"),
    ],
)
def test_a_language_as_a_tag(language: str, tag: str) -> None:
    assert tag_of(language) == tag


def test_shares_add_up_and_are_in_order() -> None:
    assert shares_of({"B": 1, "Go": 2, "A": 1}) == [("Go", 0.5), ("A", 0.25), ("B", 0.25)]
    assert shares_of({}) == []


async def test_entities_learn_from_their_repository(tmp_path: Path) -> None:
    own = yaml.safe_load(descriptor("own"))
    own["metadata"]["annotations"] = {"github.com/project-slug": "other/place"}
    nobody = yaml.safe_load(descriptor("lamps"))
    del nobody["spec"]["owner"]
    async with fake_github() as github:
        github.world.add_org("acme")
        lamps = {"catalog-info.yaml": yaml.safe_dump(nobody), "CODEOWNERS": "* @acme/lighting\n"}
        github.world.add_repo("acme", "lamps", lamps, hook=False, languages={"Go": 800, "Shell": 50, "C#": 150})
        github.world.add_repo("acme", "own", {"catalog-info.yaml": yaml.safe_dump(own)}, hook=False)
        github.world.add_repo("acme", "broken", {"catalog-info.yaml": descriptor("broken")}, hook=False)
        refused = failed(403, "Resource not accessible by integration")
        github.faults.append(Fault(lambda asked: asked.path == "/repos/acme/broken/languages", refused, times=99))
        processors = {
            "codeowners": {"enabled": True},
            "githubProjectSlug": {"enabled": True},
            "githubLanguages": {"enabled": True, "tags": True},
        }
        providers = {"github": {"organization": "acme", "host": github.host, **MANUAL}}
        async with portal(github, tmp_path, providers, catalog={"processors": processors}) as running:
            await running.refresh("github-provider:default")
            await running.until_counted(3)
            found = await running.components()
    assert found["lamps"]["metadata"]["annotations"]["github.com/project-slug"] == "acme/lamps"
    assert found["lamps"]["metadata"]["annotations"]["github.com/languages"] == "Go:80.0,C#:15.0,Shell:5.0"
    assert found["lamps"]["metadata"]["tags"] == ["go", "c#"]
    assert found["lamps"]["spec"]["owner"] == "lighting"
    assert found["own"]["metadata"]["annotations"]["github.com/project-slug"] == "other/place"
    assert "github.com/languages" not in found["own"]["metadata"]["annotations"]
    assert "tags" not in found["broken"]["metadata"]
