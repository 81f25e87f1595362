"""The template language: a closed interpreter with JavaScript's semantics. See docs/template-language.md.

Pure code: no file, no network, no clock. No object, attribute or builtin of Python can be reached from a
template, and every render is bounded.
"""

from scaffolder.language.analysis import Reference, references
from scaffolder.language.boundary import Context
from scaffolder.language.errors import LanguageError, LimitError
from scaffolder.language.lexer import Dialect
from scaffolder.language.limits import Limits
from scaffolder.language.template import Language, Template
from scaffolder.language.tree import TreeProblem, render_tree, render_tree_async
from scaffolder.language.values import UNDEFINED, Undefined

__all__ = [
    "UNDEFINED",
    "Context",
    "Dialect",
    "Language",
    "LanguageError",
    "LimitError",
    "Limits",
    "Reference",
    "Template",
    "TreeProblem",
    "Undefined",
    "references",
    "render_tree",
    "render_tree_async",
]
