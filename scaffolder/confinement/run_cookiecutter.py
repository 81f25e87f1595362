"""The job of fetch:cookiecutter: the library itself, without its network and, unless trusted, without hooks."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.errors import CallboardError, InputError
from scaffolder.workspace import SafeFolder

if TYPE_CHECKING:
    from scaffolder.confinement.child import Child


def run_cookiecutter(arguments: Mapping[str, Any], child: Child) -> dict[str, Any]:
    """Generate from the template in the folder `source` (with its merged `cookiecutter.json`) into `target` below the
    folder `root`. `hooks` says whether the template's hooks may run. The single generated folder's contents are kept.
    """
    # Its configuration and caches go to the job's own folder, which is the working directory.
    home = os.getcwd()  # noqa: PTH109 - what os.chdir set
    os.environ |= {"HOME": home, "TMPDIR": home, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    from cookiecutter.exceptions import CookiecutterException  # type: ignore[import-untyped]
    from cookiecutter.main import cookiecutter  # type: ignore[import-untyped]

    output = Path(home, "output")
    output.mkdir()
    try:
        generated = cookiecutter(
            arguments["source"],
            no_input=True,
            output_dir=str(output),
            default_config=True,
            accept_hooks=bool(arguments["hooks"]),
        )
    except CookiecutterException as error:
        raise InputError(f"cookiecutter failed: {error}") from error
    except (SystemExit, ImportError) as error:
        raise InputError(f"cookiecutter failed: {error}") from error
    folders = list(output.iterdir())
    if len(folders) != 1:
        raise CallboardError(f"Number of files in cookiecutter output directory was {len(folders)}, expected 1")
    made = SafeFolder(folders[0])
    workspace = child.folder(arguments["root"])
    target = workspace.relative(arguments["target"])
    count = 0
    workspace.make_folder(target)
    for entry in made.entries():
        path = f"{target}/{entry.path}" if target else entry.path
        if entry.kind == "folder":
            workspace.make_folder(path)
        elif entry.kind == "link":
            workspace.make_link(path, made.link(entry.path))
        elif entry.kind == "file":
            workspace.write(path, made.read(entry.path), mode=stat.S_IMODE(entry.mode))
            count += 1
    return {"files": count, "generated": Path(generated).name}
