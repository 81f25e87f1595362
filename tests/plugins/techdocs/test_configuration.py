"""A repository's mkdocs.yml is reduced to what cannot do harm. CVE-2021-32662, CVE-2026-25153, CVE-2026-29186."""

from __future__ import annotations

import posixpath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InputError
from plugins.techdocs.building.configuration import (
    DOCS_DIR_MARK,
    KEYS,
    PLUGINS,
    THEME_KEYS,
    Options,
    default_configuration,
    sanitized,
)
from plugins.techdocs.building.tagged_yaml import MAX_BYTES, Tagged, read, write

PLAIN = Options(site_name="Night Train")


def reduced(text: str, options: Options = PLAIN) -> tuple[dict[str, Any], list[str]]:
    """The configuration as mkdocs would read it, and what is said of what has gone."""
    warnings: list[str] = []
    return sanitized(read(text.encode()), options, warnings.append), warnings


def test_a_usual_configuration_is_kept() -> None:
    text = """
site_name: Timetable
nav: [{Home: index.md}, {More: more.md}]
theme: {name: material, font: false, palette: {primary: indigo}}
plugins: [techdocs-core, redirects: {redirect_maps: {old.md: index.md}}]
markdown_extensions: [toc: {permalink: true}, pymdownx.details]
docs_dir: handbook
extra: {team: night}
"""
    configuration, warnings = reduced(text)
    assert configuration == read(text.encode())
    assert warnings == []


def test_what_runs_code_or_reads_elsewhere_goes_and_is_told() -> None:
    configuration, warnings = reduced("""
site_name: x
hooks: [evil.py]
INHERIT: ../../etc/mkdocs.yml
extra_templates: [/etc/passwd]
extra_javascript: [https://evil.example/x.js]
site_dir: /srv
theme: {name: material, custom_dir: overrides}
plugins: [search, macros: {module_name: evil}, exec]
""")
    assert configuration == {
        "site_name": "x",
        "docs_dir": "docs",
        "theme": {"name": "material"},
        "plugins": ["search", "techdocs-core"],
    }
    told = "\n".join(warnings)
    assert all(word in told for word in ("hooks", "INHERIT", "extra_templates", "custom_dir", "macros", "exec"))


@pytest.mark.parametrize("form", ["list", "mapping"])
def test_extensions_are_filtered_in_both_forms_mkdocs_takes(form: str) -> None:
    entries = {
        "toc": {"permalink": True},
        "os:system": {},
        "evil.module:Extension": None,
        "pymdownx.snippets": {"base_path": ["/etc"], "url_download": True},
        "plantuml_markdown": {"plantuml_cmd": "rm -rf /", "format": "svg"},
    }
    given_ = entries if form == "mapping" else [{name: config} for name, config in entries.items()]
    warnings: list[str] = []
    kept = sanitized({"markdown_extensions": given_}, PLAIN, warnings.append)["markdown_extensions"]
    assert kept == [{"toc": {"permalink": True}}, "pymdownx.snippets", {"plantuml_markdown": {"format": "svg"}}]
    assert all(word in warnings[0] for word in ("os:system", "evil.module:Extension", "snippets", "plantuml_cmd"))


@pytest.mark.parametrize(
    "plugins",
    [
        [{"group": {"enabled": True, "plugins": ["search", {"macros": {}}]}}],
        {"material/group": {"plugins": {"search": {}, "exec": None}}},
    ],
)
def test_plugins_inside_groups_are_filtered_too(plugins: Any) -> None:
    kept = sanitized({"plugins": plugins}, PLAIN, lambda _: None)["plugins"]
    assert "search" in str(kept[0]) and "macros" not in str(kept) and "exec" not in str(kept)


@pytest.mark.parametrize("plugins", ["!ENV [X]", "[!ENV X, {search: !!python/name:materialx.emoji.twemoji }]", "5"])
def test_plugins_whose_names_are_computed_go(plugins: str) -> None:
    assert reduced(f"plugins: {plugins}")[0]["plugins"] == ["techdocs-core"]


@pytest.mark.parametrize("folder", ["/etc", "..", "../x", "a/../../b", "a/../..", "x\\..\\..", 5, ["docs"], "a\0b"])
def test_the_pages_folder_stays_in_the_source(folder: Any) -> None:
    """CVE-2021-32662."""
    with pytest.raises(InputError, match="docs_dir"):
        sanitized({"docs_dir": folder}, PLAIN, lambda _: None)


@pytest.mark.parametrize("text", ["", "- a", "just text", "5"])
def test_a_configuration_that_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="mapping"):
        reduced(text)


@pytest.mark.parametrize(
    "text",
    [
        "nav: !!python/object/apply:os.system ['id']",
        "extra: {a: [!!python/name:os.system ]}",
        "extra: !mine [!!python/object/new:os.system ['id']]",
        "? !!python/module:os\n: 1",
        "theme: !!python/tuple [1]",
    ],
)
def test_tags_that_make_python_objects_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="Unsupported Python YAML tag"):
        reduced(text)


def test_tags_known_to_be_harmless_reach_mkdocs() -> None:
    text = """
markdown_extensions:
- pymdownx.emoji:
    emoji_index: !!python/name:material.extensions.emoji.twemoji ''
- pymdownx.superfences:
    custom_fences:
    - name: mermaid
      format: !!python/name:pymdownx.superfences.fence_code_format ''
- toc:
    slugify: !!python/object/apply:pymdownx.slugs.slugify {kwds: {case: lower}}
"""
    written = write(reduced(text)[0])
    assert written.count("!!python/name:") == 2
    assert "!!python/object/apply:pymdownx.slugs.slugify" in written
    again = read(written.encode())["markdown_extensions"]
    assert isinstance(again[2]["toc"]["slugify"], Tagged)


@pytest.mark.parametrize("text", [b"a: [", b"a: " + b"[" * 1200, b"\xff\xfe\x00", b"x: " + b"y" * MAX_BYTES])
def test_what_is_no_yaml_or_too_large_is_refused(text: bytes) -> None:
    with pytest.raises(InputError, match=r"mkdocs\.yml"):
        read(text)


def test_deployments_add_plugins_keys_and_leave_fonts_out() -> None:
    options = Options(
        site_name="x",
        default_plugins=("mermaid2",),
        omit_core=True,
        additional_keys=("hooks",),
        additional_plugins=("macros",),
        disable_fonts=True,
    )
    configuration, warnings = reduced("hooks: [a.py]\nplugins: [macros, mermaid2: {version: 9}]", options)
    assert configuration["hooks"] == ["a.py"]
    assert configuration["plugins"] == ["macros", {"mermaid2": {"version": 9}}]
    assert configuration["theme"] == {"name": "material", "font": False}
    assert warnings == []
    assert reduced("theme: {name: material, font: {text: Ubuntu}}", options)[0]["theme"]["font"] == {"text": "Ubuntu"}
    assert "font" not in reduced("theme: {name: readthedocs}", options)[0]["theme"]


def test_links_to_the_source_are_filled_in_unless_given() -> None:
    options = Options(
        "x", repo_url="https://github.com/o/r", edit_uri=f"https://github.com/o/r/edit/main/{DOCS_DIR_MARK}"
    )
    filled, _ = reduced("docs_dir: pages", options)
    assert filled["repo_url"] == "https://github.com/o/r"
    assert filled["edit_uri"] == "https://github.com/o/r/edit/main/pages"
    own, _ = reduced("repo_url: https://mine.example/x\nedit_uri: ''", options)
    assert (own["repo_url"], own["edit_uri"]) == ("https://mine.example/x", "")


def test_a_source_without_configuration_gets_the_default_one() -> None:
    assert sanitized(default_configuration(PLAIN), PLAIN, lambda _: None) == {
        "site_name": "Night Train",
        "docs_dir": "docs",
        "plugins": ["techdocs-core"],
    }


names = st.one_of(
    st.sampled_from([*KEYS, "hooks", "INHERIT", "markdown_extensions", "plugins", "theme", "docs_dir"]),
    st.text(max_size=9),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=9), st.sampled_from(sorted(PLUGINS)), names),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=12,
)


def plugin_names(plugins: Any) -> set[str]:
    found: set[str] = set()
    for entry in plugins:
        name, config = (entry, None) if isinstance(entry, str) else next(iter(entry.items()))
        found.add(name)
        if "group" in name and config is not None:
            found |= plugin_names(config["plugins"])
    return found


@settings(max_examples=40)
@given(st.dictionaries(names, values, max_size=6))
def test_whatever_is_written_nothing_else_comes_out(given_: dict[str, Any]) -> None:
    try:
        kept = sanitized(given_, PLAIN, lambda _: None)
    except InputError:
        return
    assert set(kept) <= KEYS
    assert plugin_names(kept["plugins"]) <= PLUGINS
    assert not posixpath.normpath(kept["docs_dir"]).startswith(("/", ".."))
    if isinstance(kept.get("theme"), dict):
        assert set(kept["theme"]) <= THEME_KEYS
    for entry in kept.get("markdown_extensions", []):
        (name,) = [entry] if isinstance(entry, str) else entry
        assert ":" not in name or name == "pymdownx.snippets:SnippetExtension"
    assert sanitized(kept, PLAIN, lambda _: None) == kept
    assert read(write(kept).encode()) == kept
