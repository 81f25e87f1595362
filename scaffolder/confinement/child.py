"""One job from its first to its last breath, in a process of its own."""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from app.confinement.failures import answer_of
from app.confinement.landlock import keep_to
from app.confinement.limits import Limits
from app.errors import CallboardError

# Loaded before the first fork, so that no job pays for it.
from scaffolder.confinement import render_tree as _render_tree  # noqa: F401
from scaffolder.confinement.calls import packed_value, unpacked_value
from scaffolder.confinement.frames import packed, receive
from scaffolder.language import LanguageError
from scaffolder.workspace import Budget, BudgetExceededError, SafeFolder

JOBS: Final = {
    "render-tree": "scaffolder.confinement.render_tree:render_tree",
    "render-file": "scaffolder.confinement.render_tree:render_file",
    "cookiecutter": "scaffolder.confinement.run_cookiecutter:run_cookiecutter",
    "jsonata": "scaffolder.confinement.evaluate_jsonata:evaluate_jsonata",
    "replace-text": "scaffolder.confinement.replace_text:replace_text",
    "unpack": "scaffolder.confinement.archives:unpack",
    "pack": "scaffolder.confinement.archives:pack",
}
"""Every job there is: the name, and the function `(arguments, child) -> JSON`."""


@dataclass(slots=True)
class Child:
    """What a job has besides its arguments."""

    connection: socket.socket
    limits: Limits
    budget: Budget

    def folder(self, path: str) -> SafeFolder:
        """A folder to write to, counted against the limits."""
        return SafeFolder(Path(path), budget=self.budget)

    def call(self, kind: str, name: str) -> Callable[..., Any]:
        """A filter or global that lives in the parent."""

        def call(*arguments: Any) -> Any:
            self.connection.sendall(packed({"call": [kind, name], "given": [packed_value(one) for one in arguments]}))
            answer = receive(self.connection)
            if "failed" in answer:
                # The language adds where; an empty text is a failure without words.
                raise CallboardError(answer["failed"])
            return unpacked_value(answer["value"])

        return call


def serve(connection: socket.socket) -> None:
    """Receive one job, do it, answer. Limits bind from before the arguments are looked at."""
    request = receive(connection)
    limits = Limits(**request["limits"])
    child = Child(connection, limits, Budget(limits.files, limits.bytes))
    os.chdir(request["directory"])
    os.umask(0o022)
    # Syntax trees are many small objects and hardly ever in circles: a fifth of the time would go into looking at them.
    gc.set_threshold(200_000)
    arguments, directory = request["arguments"], request["directory"]
    # Every job names the folders it works in by these two words.
    keep_to([arguments[name] for name in ("source",) if name in arguments], [directory, *_roots(arguments)])
    limits.apply()
    connection.sendall(packed(_answer(request["job"], arguments, child)))


def _roots(arguments: Mapping[str, Any]) -> list[str]:
    return [arguments["root"]] if "root" in arguments else []


def _answer(job: str, arguments: Mapping[str, Any], child: Child) -> dict[str, Any]:
    try:
        module, _, function = JOBS[job].partition(":")
        return {"done": getattr(import_module(module), function)(arguments, child)}
    except BudgetExceededError as error:
        return {"limit": error.limit}
    except LanguageError as error:
        return {"failed": [error.name, error.message]}
    except Exception as error:  # noqa: BLE001 - whatever a job's library raises is told to its parent
        return answer_of(error)
