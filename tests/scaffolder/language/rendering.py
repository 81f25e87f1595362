"""Short ways to render, for tests."""

from typing import Any

from scaffolder.language import Dialect, Language, LanguageError, Limits

LEGACY = Language()
STRICT = Language(dialect=Dialect(legacy=False))
COOKIECUTTER = Language(dialect=Dialect(cookiecutter=True))


def value(source: str, /, **context: Any) -> Any:
    """The value of a source in the default language."""
    return LEGACY.compile(source).value(context)


def text(source: str, /, **context: Any) -> str:
    """The text of a source in the default language."""
    return LEGACY.compile(source).render(context)


def failing(source: str, /, language: Language = LEGACY, **context: Any) -> LanguageError:
    """The error of a source that must have one."""
    try:
        result = language.compile(source).value(context)
    except LanguageError as error:
        return error
    raise AssertionError(f"{source} gave {result!r}")


def limited(**limits: int) -> Language:
    """The default language with tighter limits."""
    return Language(limits=Limits(**limits))
