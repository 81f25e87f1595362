"""`index.html.tmpl`, and the ways a configuration gets into a bundle."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.frontend.injection import page_from_template, public_path, script_with_config, with_config
from plugins.frontend.template import TemplateError, fill
from plugins.frontend.visibility import Visible
from tests.plugins.frontend.bundles import BUILT, TEMPLATE

CONFIG: dict[str, Any] = {
    "app": {"title": "Night & <Day>", "on": True, "off": False, "number": 3, "list": [1], "empty": ""}
}


def filled(hole: str) -> str:
    return fill(f"[{hole}]", CONFIG, "/portal")[1:-1]


@pytest.mark.parametrize(
    ("hole", "text"),
    [
        ("<%= publicPath %>", "/portal"),
        ("<%=publicPath%>", "/portal"),
        ("<%= config.getString('app.title') %>", "Night &amp; &lt;Day&gt;"),
        ('<%- config.getString("app.title") %>', "Night &amp; &lt;Day&gt;"),
        ("<%= config.getOptionalString('app.none') ?? 'Backstage' %>", "Backstage"),
        ("<%= config.getOptionalString('app.none') %>", ""),
        ("<%= config.getOptionalString('app.none') || config.getString(`app.title`) %>", "Night &amp; &lt;Day&gt;"),
        ("<%= config.getString('app.title') || config.getString('app.none') %>", "Night &amp; &lt;Day&gt;"),
        ("<%= config.has('app.title') ? 'yes' : config.getString('app.none') %>", "yes"),
        ("<%= config.has('app.none') ? config.getString('app.none') : 'no' %>", "no"),
        ("<%= !config.has('app.none') && 'absent' %>", "absent"),
        ("<%= config.getBoolean('app.on') && (config.getNumber('app.number') + 4) %>", "7"),
        ("<%= config.getNumber('app.number') + ' acts' %>", "3 acts"),
        ("<%= config.getBoolean('app.off') %>", "false"),
        ("<%= config.get('app.list') %>", "[1]"),
        ("<%= 'it\\'s' %>", "it&#x27;s"),
        ("<%= 1.5 %>", "1.5"),
        ("<%= null ?? undefined ?? true %>", "true"),
        ("<% if (config.has('app.title')) { %>in<% } %>", "in"),
        ("<% if (config.has('app.none')) { %><%= config.getString('app.none') %><% } else { %>out<% } %>", "out"),
        (
            "<% if (config.has('app.title')) { %>a<% if (!config.has('app.on')) { %>b<% } %>c<% } else { %>d<% } %>",
            "ac",
        ),
    ],
)
def test_holes_are_filled(hole: str, text: str) -> None:
    assert filled(hole) == text


@pytest.mark.parametrize(
    ("hole", "complaint"),
    [
        ("<%= config.getString('app.none') %>", "needs the configuration key 'app.none'"),
        ("<%= config.getString('app.number') %>", "another type of value at the configuration key 'app.number'"),
        ("<%= config.getString('app.empty') %>", "another type"),
        ("<%= config.constructor('x') %>", "asks for 'config.constructor'"),
        ("<%= process.env.SECRET %>", "asks for 'process'"),
        ("<%= config['x'] %>", "is not understood"),
        ("<%= config.getString('a' %>", "is not understood"),
        ("<%= config.getString(1) %>", "is not understood"),
        ("<%= 'a' 'b' %>", "is not understood"),
        ("<%= %>", "is not understood"),
        ("<% for (;;) { %>", "is not understood"),
        ("<% } %>", "is not understood"),
        ("<% if (config.has('x')) { %>", "is not closed"),
    ],
)
def test_whatever_else_a_hole_says_is_refused_by_name(hole: str, complaint: str) -> None:
    with pytest.raises(TemplateError, match=re.escape(complaint)):
        filled(hole)


@given(st.text())
def test_no_text_makes_anything_but_a_page_or_a_complaint(text: str) -> None:
    try:
        assert isinstance(fill(f"<%= {text} %>", CONFIG, ""), str)
    except TemplateError as error:
        assert str(error)


def configs_in(page: str) -> Any:
    [script] = re.findall(r'<script type="backstage.io/config">(.*?)</script>', page, re.DOTALL)
    return json.loads(script)


NASTY = st.text() | st.sampled_from(["</script>", "</SCRIPT >", "<!--", "]]>", "\u2028", "'\"\\", "$&", r"\g<0>"])


@given(st.dictionaries(NASTY, NASTY))
def test_a_configuration_survives_the_page_and_ends_no_script(values: dict[str, str]) -> None:
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return  # lone surrogates are no text of any configuration file
    visible = Visible({"app": values}, [])
    for page in (page_from_template(TEMPLATE, visible, "/"), with_config(BUILT, visible)):
        assert configs_in(page) == [{"context": "app", "deprecatedKeys": [], "data": {"app": values}}]


def test_the_configuration_of_the_build_gives_way() -> None:
    page = with_config(BUILT, Visible({"app": {"title": "now"}}, []))
    assert configs_in(page)[0]["data"] == {"app": {"title": "now"}}
    assert "of the build" not in page


@given(st.dictionaries(NASTY, NASTY))
def test_a_configuration_survives_the_script_twice(values: dict[str, str]) -> None:
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    first = script_with_config(b'load("__APP_INJECTED_RUNTIME_CONFIG__")', Visible({"app": {"title": "first"}}, []))
    assert first is not None
    second = script_with_config(first, Visible({"app": values}, []))
    assert second is not None
    found = re.fullmatch(rb'load\(/\*\w+\*/"(.*)"/\*\w+\*/\)', second, re.DOTALL)
    assert found is not None
    text = re.sub(rb"\\([\"'\\])", rb"\1", found[1])
    assert json.loads(text)[0]["data"] == {"app": values}


def test_a_script_without_the_marker_is_left_alone() -> None:
    assert script_with_config(b"load()", Visible({}, [])) is None


def test_the_public_path_is_that_of_the_base_url() -> None:
    paths = {url: public_path(url) for url in ("/", "https://x.example.com", "https://x.example.com/portal/")}
    assert list(paths.values()) == ["", "", "/portal"]
