"""What a settings model says of its fields, read from its source only when somebody asks.

pydantic's `use_attribute_docstrings` does the same while a class is made; that took an eighth of the way to a
running server.
"""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache

from pydantic import BaseModel


def meaning_of(model: type[BaseModel], field: str) -> str:
    """The text under the field in the class that defines it, or its `description`; empty where there is none."""
    told = model.model_fields[field].description
    if told is not None:
        return told
    for defining in model.__mro__:
        if field in inspect.get_annotations(defining):
            return _texts(defining.__module__).get((defining.__qualname__, field), "")
    return ""


@cache
def _texts(module: str) -> dict[tuple[str, str], str]:
    """(class, field) → text, for the classes of a module."""
    found: dict[tuple[str, str], str] = {}

    def visit(body: list[ast.stmt], within: str) -> None:
        for statement, after in zip(body, [*body[1:], None], strict=True):
            if isinstance(statement, ast.ClassDef):
                visit(statement.body, f"{within}{statement.name}.")
            elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                visit(statement.body, f"{within}{statement.name}.<locals>.")
            elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                match after:
                    case ast.Expr(value=ast.Constant(value=str(text))):
                        found[within.removesuffix("."), statement.target.id] = inspect.cleandoc(text)

    try:
        source = inspect.getsource(sys.modules[module])
    except (OSError, TypeError, KeyError):
        return {}
    visit(ast.parse(source).body, "")
    return found
