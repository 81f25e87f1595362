"""Annotations that the catalog itself reads or writes. Source: spec/catalog.md §3.6."""

from __future__ import annotations

import re

LOCATION = "backstage.io/managed-by-location"
ORIGIN_LOCATION = "backstage.io/managed-by-origin-location"
ORPHAN = "backstage.io/orphan"
VIEW_URL = "backstage.io/view-url"
EDIT_URL = "backstage.io/edit-url"
SOURCE_LOCATION = "backstage.io/source-location"

REJECTED_URL = "https://backstage.io/annotation-rejected-for-security-reasons"
"""Stands in final entities where an annotation held a script URL."""

_BREAKS = r"[\r\n\t]*"
_SCRIPT_URL = re.compile(r"[\x00-\x1f ]*" + _BREAKS.join("javascript:"), re.IGNORECASE | re.ASCII)


def is_script_url(text: str) -> bool:
    """Whether a browser would run the text as a `javascript:` URL: it skips control characters and breaks in it."""
    return _SCRIPT_URL.match(text) is not None
