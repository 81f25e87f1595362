"""Nothing of Python, and nothing of the host, is reachable from a template (ASVS V1.3.2, V1.3.7, V1.3.10)."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from scaffolder.interfaces import TemplateFilter, TemplateGlobal
from scaffolder.language import UNDEFINED, Dialect, Language, LanguageError

PACKAGE = Path(__file__).parents[3] / "scaffolder" / "language"

RECEIVERS = (
    "''",
    "'a'.concat",
    "1",
    "1.5.toFixed",
    "[]",
    "[].push",
    "{}",
    "null",
    "missing",
    "true",
    "r/a/",
    "r/a/.test",
    "range",
    "cycler",
    "cycler('a')",
    "cycler('a').next",
    "joiner",
    "joiner()",
    "values",
    "values.text",
    "values.list",
    "values.number",
    "host",
    "host('a')",
    "setting",
    "('x' | safe)",
    "loop",
    "caller",
    "self",
    "this",
    "super",
    "request",
    "config",
    "lipsum",
    "namespace",
    "dict",
    "process",
    "globalThis",
    "module",
    "require",
    "env",
)
ATTRIBUTES = (
    *("__class__", "__dict__", "__globals__", "__builtins__", "__import__", "__init__", "__subclasses__", "__mro__"),
    *("__bases__", "__base__", "__code__", "__closure__", "__func__", "__self__", "__module__", "__doc__", "__call__"),
    *(
        "__getattribute__",
        "__getitem__",
        "__reduce__",
        "__format__",
        "mro",
        "format",
        "format_map",
        "encode",
        "gi_frame",
    ),
    *("cr_frame", "f_globals", "tb_frame", "func_globals", "name", "receiver", "scope", "frames", "exports", "code"),
    *("run", "host", "meter", "text_", "source", "program", "text", "values", "owner", "separator", "apply", "call"),
    *("bind", "arguments", "prototype.x", "toString", "valueOf", "hasOwnProperty", "_private", "os", "system"),
)
PAYLOADS = (
    "''.__class__.__mro__[1].__subclasses__()",
    "''|attr('__class__')",
    "''['__cl' ~ 'ass__']",
    "values['__class__']['__init__']['__globals__']",
    "'{0.__class__}'.format(values)",
    "'{0.__class__}'|format(values)",
    "'%s' % values.__class__",
    "cycler.__init__.__globals__.os.popen('id').read()",
    "joiner.__init__.__globals__['os']",
    "range.constructor('return process')()",
    "''.constructor.constructor('return process')()",
    "values['con' ~ 'structor']['con' ~ 'structor']('return process')()",
    "[].map('con' ~ 'structor')",
    "values['__pro' ~ 'to__']['polluted']",
    "{}['__pro' ~ 'to__']",
    "[['__class__']] | groupby('0')",
    "[values] | map(attribute='__class__')",
    "[values] | selectattr('__class__') | list",
    "[values] | sum('__class__')",
    "[values] | join(',', '__class__')",
    "[values] | sort(false, false, '__class__.__name__')",
    "[values] | groupby('__class__.__name__')",
    "values | dictsort | string",
    "host.__globals__",
    "host.apply(values)",
    "(values | host).__class__",
    "values | host.__call__",
    "values.text.replace(r/(.)/, '$<__class__>')",
    "r/(?<__class__>a)/.test('a')",
    "range(1e9)",
    "lipsum.__globals__['os'].popen('id').read()",
    "request.application.__globals__",
    "self._TemplateReference__context",
    "config.items()",
    "get_flashed_messages.__globals__",
    "dict(mro=1)",
    "x.__init__.__builtins__.exec('1')",
    "().__class__.__bases__[0]",
    "open('/etc/passwd').read()",
    "__import__('os').system('id')",
    "eval('1')",
    "\u2024__class__",
    "''.\uff3f\uff3fclass\uff3f\uff3f",
)
TAGS = (
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% from 'os' import system %}",
    "{% extends '/etc/passwd' %}",
    "{% set x = ''.__class__ %}${{ x.__mro__ }}",
    "{% macro __class__() %}{% endmacro %}${{ __class__.__globals__ }}",
    "{% macro m() %}${{ caller.__class__ }}{% endmacro %}{% call m() %}x{% endcall %}",
    "{% macro m() %}{% endmacro %}${{ m.__class__ }}${{ m.code }}${{ m.scope.names }}${{ m().text }}",
    "{% for k, v in values.__class__ %}${{ k }}{% endfor %}",
    "{% for i in [1] %}${{ loop.__class__ }}${{ loop.__init__ }}${{ loop.parent }}{% endfor %}",
    "{% filter attr('__class__') %}x{% endfilter %}",
    "{% set __builtins__ = 1 %}${{ __builtins__ }}",
    "{% do ''.__class__ %}",
    "{% python import os %}",
    "{% exec 1 %}",
    "{% raw %}{% endraw %}${{ ''.__class__ }}",
)
LEAKS = re.compile(
    r"<class|<function|<built-in|<bound|<module|<method| object at 0x|Traceback|/usr/lib|site-packages|root:|uid=\d"
)


class Text(str):
    """A string that has something to steal."""

    secret = "stolen"


class Whole(int):
    """A number that has something to steal."""

    secret = "stolen"


def host(value: Any = None) -> Any:
    return value


host.secret = "stolen"  # type: ignore[attr-defined]

CONTEXT: dict[str, Any] = {"values": {"text": Text("abc"), "number": Whole(3), "list": [1, {"a": "b"}]}}


LANGUAGES = [
    Language(
        filters=[TemplateFilter("host", host)],
        globals=[TemplateGlobal("host", call=host), TemplateGlobal("setting", value={"a": 1})],
        dialect=Dialect(cookiecutter=cookiecutter, legacy=legacy),
    )
    for cookiecutter, legacy in ((False, True), (False, False), (True, True))
]


def is_json_like(value: Any) -> bool:
    if isinstance(value, list):
        return type(value) is list and all(map(is_json_like, value))
    if isinstance(value, dict):
        return type(value) is dict and all(type(key) is str and is_json_like(item) for key, item in value.items())
    return value is None or value is UNDEFINED or type(value) in (bool, int, float, str)


def attempt(source: str) -> None:
    for language in LANGUAGES:
        shown = source.replace("${{", "{{") if language.dialect.cookiecutter else source
        for method in ("value", "render"):
            try:
                template = language.compile(shown)
                result = template.value(CONTEXT) if method == "value" else template.render(CONTEXT)
            except LanguageError as error:
                result = error.message
            assert is_json_like(result), source
            assert not LEAKS.search(str(result)), f"{source} gave {result}"
            assert "stolen" not in str(result)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_known_way_out_leads_nowhere(payload: str) -> None:
    attempt("${{ " + payload + " }}")
    attempt("x${{ " + payload + " | string }}")
    attempt("{% set found = " + payload + " %}${{ found }}${{ found | dump }}")


@pytest.mark.parametrize("source", TAGS)
def test_a_tag_leads_nowhere(source: str) -> None:
    attempt(source)


@pytest.mark.parametrize("receiver", RECEIVERS)
def test_no_value_has_an_attribute_of_python(receiver: str) -> None:
    for attribute in ATTRIBUTES:
        attempt(f"${{{{ {receiver}.{attribute} }}}}")
        attempt(f"${{{{ [{receiver}['{attribute}'], {receiver}['{attribute[:2]}' ~ '{attribute[2:]}']] }}}}")
        attempt(f"${{{{ {receiver}.{attribute}() }}}}")
        attempt(f"${{{{ [{receiver}] | join(',', '{attribute}') }}}}")


@pytest.mark.parametrize("name", ["__class__", "secret", "format", "mro", "code", "text_used"])
def test_an_attribute_of_python_is_undefined_on_plain_values(name: str) -> None:
    language = Language()
    for receiver in ("values.text", "values.number", "values.list", "values", "''", "(0)", "[]", "{}", "range"):
        assert language.compile(f"${{{{ {receiver}.{name} }}}}").value(CONTEXT) is UNDEFINED


@pytest.mark.parametrize("name", ["constructor", "prototype", "__proto__"])
def test_reserved_names_cannot_be_spoken_of_nor_computed(name: str) -> None:
    language = Language()
    for source in (
        f"${{{{ {name} }}}}",
        f"${{{{ values.{name} }}}}",
        f"${{{{ values['{name}'] }}}}",
        f"${{{{ {{{name}: 1}} }}}}",
    ):
        with pytest.raises(LanguageError, match="reserved"):
            language.compile(source)
    computed = language.compile(f"${{{{ values['{name[:3]}' ~ '{name[3:]}'] }}}}")
    assert computed.value({"values": {name: "data of this name"}}) is UNDEFINED


def test_callables_never_leave_a_template() -> None:
    for source in ("range", "[range]", "{a: [range]}", "values.text.trim", "host", "cycler(1)", "joiner()"):
        with pytest.raises(LanguageError, match="Callable values cannot be coerced"):
            LANGUAGES[0].compile("${{ " + source + " }}").value(CONTEXT)


def test_callables_never_reach_the_host() -> None:
    seen: list[Any] = []
    language = Language(
        filters=[TemplateFilter("spy", lambda *values: seen.append(values))],
        globals=[TemplateGlobal("spy", call=lambda *values: seen.append(values))],
    )
    for source in ("range | spy", "1 | spy(range)", "1 | spy([[range]])", "spy(spy)", "spy({a: 'x'.trim})"):
        with pytest.raises(LanguageError):
            language.compile("${{ " + source + " }}").value()
    assert seen == []


def test_what_the_host_hands_in_is_copied_both_ways() -> None:
    kept: list[Any] = []
    shared = {"list": [1]}

    def keep(value: Any) -> Any:
        kept.append(value)
        value["list"].append("changed by the host")
        return shared

    language = Language(filters=[TemplateFilter("keep", keep)])
    template = language.compile("{% set r = values | keep %}${{ r.list.push(2) }}${{ values.list }}")
    assert template.render({"values": {"list": [0]}}) == "20"
    assert shared == {"list": [1]}


FORBIDDEN = {
    "eval",
    "exec",
    "getattr",
    "setattr",
    "delattr",
    "open",
    "__import__",
    "globals",
    "locals",
    "vars",
    "input",
}
ALLOWED_MODULES = {
    *("app.errors", "asyncio", "collections", "collections.abc", "copy", "dataclasses", "decimal", "functools"),
    *("inspect", "ipaddress", "itertools", "json", "math", "re", "secrets", "typing", "urllib.parse"),
}


@pytest.mark.parametrize("module", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_engine_has_no_means_to_reach_out(module: Path) -> None:
    """No dynamic attribute, no evaluation of code, no file, no network in the whole package."""
    allowed_here = {"getattr"} if module.name == "analysis.py" else set()  # over its own syntax tree
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in FORBIDDEN - allowed_here, f"{module}:{node.lineno}"
        if isinstance(node, ast.ImportFrom):
            name = node.module or ""
            assert name in ALLOWED_MODULES or name.startswith(("scaffolder.language", "scaffolder.interfaces")), name
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= ALLOWED_MODULES
