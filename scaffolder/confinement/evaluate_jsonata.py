"""The job of roadiehq:utils:jsonata: an expression over a JSON value, by a library, within the child's limits."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from app.errors import InputError

if TYPE_CHECKING:
    from scaffolder.confinement.child import Child

DEPTH: Final = 5_000
"""Python frames: enough for some hundred calls of an expression's own functions, too few for the stack to overflow."""


def evaluate_jsonata(arguments: Mapping[str, Any], _child: Child) -> dict[str, Any]:
    """`{"result": value}`, empty for undefined. Arguments: `data`, `expression`."""
    # Loaded here, after the limits: few jobs need it.
    from jsonata import jexception, jsonata  # type: ignore[import-untyped]

    sys.setrecursionlimit(DEPTH)
    try:
        result = jsonata.Jsonata(arguments["expression"]).evaluate(arguments.get("data"))
        # Functions and regexes are values of the language, and no JSON.
        text = json.dumps(result, default=_left_out, allow_nan=False)
    except jexception.JException as error:
        raise InputError(f"JSONata expression failed: {error}") from error
    except RecursionError as error:
        raise InputError("JSONata expression failed: it nests too deeply") from error
    except MemoryError:
        raise
    except Exception as error:
        # The library lets errors of Python out where an operand is of a type it does not expect.
        raise InputError(f"JSONata expression failed: {error or type(error).__name__}") from error
    return {} if result is None else {"result": json.loads(text)}


def _left_out(_value: object) -> None:
    return None
