"""What runs in the confined child: reduces the configuration, runs mkdocs, writes the metadata."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from app.errors import CallboardError, InputError
from plugins.techdocs.building.configuration import Options, default_configuration, options_of, sanitized
from plugins.techdocs.building.tagged_yaml import MAX_BYTES, read, write
from plugins.techdocs.interfaces import METADATA

CONFIGURATIONS: Final = ("mkdocs.yaml", "mkdocs.yml")
_INDEXES: Final = ("README.md", "readme.md")


def build(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Build the sources in the folder `source` into the folder `output`; gives the site's metadata.

    `options` are those of `configuration.Options`, `etag` goes into the metadata, `copyReadme` makes an index of a
    README where there is none.

    Raises:
        InputError: the sources cannot be built; what mkdocs said of them it has said already.
        CallboardError: mkdocs is not installed.
    """
    source, output = Path(arguments["source"]), Path(arguments["output"])
    options = options_of(arguments["options"])
    os.chdir(source)
    place, configuration = _configuration(source, options)
    if arguments.get("copyReadme"):
        _copy_readme(source, configuration["docs_dir"])
    place.write_text(write(configuration), encoding="utf-8")
    _run_mkdocs(place, output)
    return _metadata(output, arguments.get("etag"))


def _configuration(source: Path, options: Options) -> tuple[Path, dict[str, Any]]:
    found = [source / name for name in CONFIGURATIONS if (source / name).is_file()]
    if len(found) > 1:
        _warn(f"Both mkdocs.yml and mkdocs.yaml found; using {found[0].name}")
    if options.additional_keys:
        _warn(f"DANGEROUS: additional mkdocs keys are allowed: {', '.join(options.additional_keys)}")
    place = found[0] if found else source / "mkdocs.yml"
    if found:
        with place.open("rb") as file:
            given = read(file.read(MAX_BYTES + 1))
    else:
        given = default_configuration(options)
    return place, sanitized(given, options, _warn)


def _warn(message: str) -> None:
    print(f"WARNING -  {message}", file=sys.stderr)  # noqa: T201 - the child's output is the build's log


def _copy_readme(source: Path, docs_dir: str) -> None:
    index = source / docs_dir / "index.md"
    if index.exists():
        return
    _warn(f"{docs_dir}/index.md not found.")
    for candidate in (*(source / docs_dir / name for name in _INDEXES), *(source / name for name in _INDEXES)):
        if candidate.is_file():
            index.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(candidate, index)
            return
    _warn("Could not find any index file: neither index.md nor README.md exists.")


def _run_mkdocs(configuration: Path, output: Path) -> None:
    # The machine's table of types is out of reach in here.
    import mimetypes

    mimetypes.knownfiles.clear()
    try:
        from mkdocs.__main__ import cli
    except ImportError as error:
        raise CallboardError(
            "TechDocs sites cannot be built here: mkdocs is not installed (pip install 'callboard[techdocs]')"
        ) from error
    from click.exceptions import ClickException

    arguments = ["build", "-f", configuration.name, "-d", str(output)]
    try:
        status = cli.main(arguments, prog_name="mkdocs", standalone_mode=False)
    except ClickException as error:
        raise InputError(f"mkdocs failed: {error.format_message()}") from error
    except SystemExit as error:
        status = error.code
    if status:
        raise InputError(f"Command mkdocs failed, exit code: {status}")


def _metadata(output: Path, etag: str | None) -> dict[str, Any]:
    """Completes the file that mkdocs-techdocs-core has written."""
    place = output / METADATA
    try:
        metadata = json.loads(place.read_bytes()) if place.exists() else {}
    except ValueError as error:
        raise InputError(f"{METADATA} is not valid JSON") from error
    place.touch()
    files = [os.path.join(where, name) for where, _, names in os.walk(output) for name in names]  # noqa: PTH118
    metadata["build_timestamp"] = time.time_ns() // 1_000_000
    metadata["files"] = sorted(os.path.relpath(file, output) for file in files)
    if etag:
        metadata["etag"] = etag
    place.write_text(json.dumps(metadata), encoding="utf-8")
    return dict(metadata)
