"""Names in expressions: those with a value of their own, those nobody may speak of, and paths of them."""

from typing import Final

from scaffolder.language.boundary import RESERVED
from scaffolder.language.errors import LanguageError, quoted
from scaffolder.language.lexer import Token
from scaffolder.language.syntax import Expression, Literal, Member, Name

CONSTANTS: Final = {"true": True, "false": False, "null": None, "none": None}


def path_expression(token: Token) -> Expression:
    """The expression of a path token."""
    first, *names = token.value.split(".")
    expression: Expression = (
        Literal(CONSTANTS[first], token.at) if first in CONSTANTS else Name(unreserved(first, token.at), token.at)
    )
    at = token.at + len(first) + 1
    for name in names:
        expression = Member(expression, Literal(unreserved(name, at), at), at)
        at += len(name) + 1
    return expression


def unreserved(name: str, at: int) -> str:
    """The name, if a template may speak of it."""
    if name in RESERVED:
        raise LanguageError("syntax_error", f"Template name {quoted(name)} is reserved", at)
    return name
