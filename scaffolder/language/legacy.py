"""What Nunjucks 3.2.4 accepted, the newest reference rejects, and we accept unless told otherwise.

Deployed templates were written for it. Nothing here changes the meaning of a template that the newest
reference accepts; docs/template-language.md lists every item.
"""

from typing import Final

LEGACY_TAGS: Final = {"asyncEach": "endeach", "asyncAll": "endall", "ifAsync": "endif", "include": ""}
"""Tags and how they end."""
