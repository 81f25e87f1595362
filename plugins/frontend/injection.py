"""Putting the configuration into a bundle: into its page, or into the one script that has a place for it.

The bundle on disk stays as it is. Source: spec/ui-backends.md §14.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from plugins.frontend.template import fill
from plugins.frontend.visibility import Visible

MARKER: Final = b"__APP_INJECTED_RUNTIME_CONFIG__"
INJECTED: Final = b"__APP_INJECTED_CONFIG_MARKER__"
_BUILT_IN: Final = re.compile(r'<script type="backstage\.io/config">.*?</script>\s*', re.DOTALL)
_EARLIER: Final = re.compile(rb"/\*__APP_INJECTED_CONFIG_MARKER__\*/.*?/\*__INJECTED_END__\*/", re.DOTALL)


def app_configs(visible: Visible) -> list[dict[str, Any]]:
    """What frontends read: a list of configurations, of which we have one."""
    return [{"context": "app", "deprecatedKeys": visible.deprecated, "data": visible.data}]


def page_from_template(template: str, visible: Visible, base_url: str) -> str:
    """The page that `index.html.tmpl` makes. Raises TemplateError."""
    return with_config(fill(template, visible.data, public_path(base_url)), visible)


def with_config(page: str, visible: Visible) -> str:
    """A page with this configuration in its head, instead of one that it was built with."""
    # `<` is written so that no text in it can end the script, or begin a comment.
    written = orjson.dumps(app_configs(visible), option=orjson.OPT_INDENT_2).decode().replace("<", "\\u003c")
    script = f'\n<script type="backstage.io/config">\n{written}\n</script>\n</head>'
    return _BUILT_IN.sub("", page).replace("</head>", script, 1)


def script_with_config(script: bytes, visible: Visible) -> bytes | None:
    """A script whose marker has given way to this configuration; None for a script without one."""
    if MARKER not in script and INJECTED not in script:
        return None
    text = re.sub(rb"[\"'\\]", rb"\\\g<0>", orjson.dumps(app_configs(visible)))
    value = b'/*__APP_INJECTED_CONFIG_MARKER__*/"' + text + b'"/*__INJECTED_END__*/'
    filled = script.replace(b'"' + MARKER + b'"', value)
    return filled if filled != script else _EARLIER.sub(lambda _: value, script)


def public_path(base_url: str) -> str:
    """The path below which a frontend at this URL finds its files, without a slash at its end."""
    return urlsplit(base_url).path.rstrip("/")
