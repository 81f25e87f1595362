"""A built frontend on disk: which files it has, read once, and its page with the configuration in it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plugins.frontend.injection import INJECTED, MARKER, page_from_template, script_with_config, with_config
from plugins.frontend.media_types import media_type
from plugins.frontend.settings import FrontendSettings
from plugins.frontend.template import TemplateError
from plugins.frontend.visibility import Visible

log = logging.getLogger(__name__)

TEMPLATE: Final = "index.html.tmpl"
PAGE: Final = "index.html"
_ENCODINGS: Final = {"br": ".br", "gzip": ".gz"}


@dataclass(frozen=True, slots=True)
class BundleFile:
    """One file. `content` is given for what is not as it is on disk; `encoded` are its compressed forms there."""

    path: Path
    media_type: str
    size: int
    modified: float
    """Seconds since the epoch."""
    content: bytes | None = None
    encoded: Mapping[str, Path] | None = None

    @property
    def etag(self) -> str:
        return f'W/"{self.size:x}-{int(self.modified * 1000):x}"'


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A page and the files beside it, by their path: `static` those below `/static`, `files` all others."""

    page: bytes
    static: Mapping[str, BundleFile]
    files: Mapping[str, BundleFile]


def find_bundle(settings: FrontendSettings) -> Path | None:
    """The folder of the bundle to serve; None where there is none.

    Raises FileNotFoundError if the configuration names one that holds no bundle.
    """
    if settings.bundle is False:
        return None
    if settings.bundle is not None:
        if not is_bundle(settings.bundle):
            raise FileNotFoundError(
                f"app.bundle: there is no built frontend (index.html, static/) in {settings.bundle}"
            )
        return settings.bundle.absolute()
    places = (Path("ui/dist"), Path(sys.prefix) / "share/callboard/ui")
    return next((place.absolute() for place in places if is_bundle(place)), None)


def is_bundle(folder: Path) -> bool:
    return (folder / "static").is_dir() and any((folder / name).is_file() for name in (TEMPLATE, PAGE))


def read_entry_point(folder: Path, visible: Visible | None, base_url: str) -> EntryPoint:
    """One entry point with this configuration in it, or with the one it was built with if there is none.

    Raises TemplateError for a page that cannot be made, nor be had without its template.
    """
    static = _files_below(folder / "static")
    files = {
        name: file
        for name, file in _files_below(folder).items()
        if not name.startswith(("static/", "public/")) and name not in (PAGE, TEMPLATE)
    }
    page = _page(folder, visible, base_url)
    if visible is not None and not (folder / TEMPLATE).is_file():
        for name, file in static.items():
            if name.endswith(".js") and (injected := _injected(file, visible)) is not None:
                static[name] = injected
                break
    return EntryPoint(page, static, files)


def _page(folder: Path, visible: Visible | None, base_url: str) -> bytes:
    template, built = folder / TEMPLATE, folder / PAGE
    if visible is not None and template.is_file():
        try:
            return page_from_template(template.read_text(encoding="utf-8"), visible, base_url).encode()
        except TemplateError as error:
            if not built.is_file():
                raise
            log.warning("%s: %s; the page is served as it was built, with the configuration of now", template, error)
            return with_config(built.read_text(encoding="utf-8"), visible).encode()
    return built.read_bytes()


def _injected(file: BundleFile, visible: Visible) -> BundleFile | None:
    script = file.path.read_bytes()
    if MARKER not in script and INJECTED not in script:
        return None
    content = script_with_config(script, visible)
    return BundleFile(file.path, file.media_type, len(content or b""), file.modified, content)


def _files_below(folder: Path) -> dict[str, BundleFile]:
    """What is there to be served, by its path: no hidden files, and nothing outside that a link leads to."""
    root = folder.resolve()
    found: dict[str, BundleFile] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if any(part.startswith(".") for part in name.split("/")) or not path.is_file():
            continue
        if not path.resolve().is_relative_to(root):
            log.warning("%s leads out of the bundle and is not served", path)
            continue
        state = path.stat()
        found[name] = BundleFile(path, media_type(name), state.st_size, state.st_mtime)
    for name in list(found):
        encoded = {how: found[name + end].path for how, end in _ENCODINGS.items() if name + end in found}
        if encoded:
            file = found[name]
            found[name] = BundleFile(file.path, file.media_type, file.size, file.modified, None, encoded)
    return {name: file for name, file in found.items() if not _is_form_of(name, found)}


def _is_form_of(name: str, files: Mapping[str, BundleFile]) -> bool:
    return any(name.endswith(end) and name.removesuffix(end) in files for end in _ENCODINGS.values())
