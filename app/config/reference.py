"""All settings as a table: what the models say, put together for people."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, RootModel, SecretStr
from pydantic.fields import FieldInfo

from app.config.docstrings import meaning_of
from app.config.durations import iso_duration


@dataclass(frozen=True, slots=True)
class Setting:
    """`key` is the dotted path, `[]` for the entries of a list and `<name>` for keys that users choose."""

    key: str
    type: str
    default: str
    meaning: str


def settings_of(models: Iterable[tuple[str, type[BaseModel]]]) -> list[Setting]:
    """Every setting of these models, by key."""
    found: dict[str, list[Setting]] = {}
    for path, model in models:
        for setting in _fields(path, model, ()):
            alternatives = found.setdefault(setting.key, [])
            # Alternatives of one object may mean different things by a key.
            if setting.type not in {alternative.type for alternative in alternatives}:
                alternatives.append(setting)
    return [replace(found[key][0], type=r" \| ".join(s.type for s in found[key])) for key in sorted(found)]


BEGIN, END = "<!-- settings -->", "<!-- /settings -->"


def put_into(page: str, table: str) -> str:
    """The page with the table between its two marks. Raises ValueError where it has none."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n{table}{END}{after}"


def markdown(settings: Iterable[Setting]) -> str:
    rows = [f"| `{s.key}` | {s.type} | {s.default} | {s.meaning} |" for s in settings]
    return "\n".join(["| key | type | default | meaning |", "|---|---|---|---|", *rows]) + "\n"


def _fields(path: str, model: type[BaseModel], within: tuple[type[BaseModel], ...]) -> Iterator[Setting]:
    if model in within:
        return
    if issubclass(model, RootModel):
        for suffix, inner in _models(model.model_fields["root"].annotation):
            yield from _fields(path + suffix, inner, (*within, model))
        return
    for name, field in model.model_fields.items():
        alias = field.validation_alias if isinstance(field.validation_alias, str) else field.alias
        key = f"{path}.{alias or name}" if path else (alias or name)
        below = list(_models(field.annotation))
        if not below:
            yield Setting(
                key, _type(field.annotation).replace("|", r"\|"), _default(field), _line(meaning_of(model, name))
            )
        for suffix, inner in below:
            yield from _fields(key + suffix, inner, (*within, model))


def _models(annotation: Any) -> Iterator[tuple[str, type[BaseModel]]]:
    """The models in a type, and how they are reached."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and origin is None:
        if issubclass(annotation, BaseModel):
            yield "", annotation
    elif origin is typing.Annotated or origin in (typing.Union, types.UnionType):
        for argument in arguments if origin is not typing.Annotated else arguments[:1]:
            yield from _models(argument)
    elif origin is dict:
        yield from ((".<name>" + suffix, model) for suffix, model in _models(arguments[1]))
    elif origin in (list, tuple, frozenset, set):
        yield from (("[]" + suffix, model) for suffix, model in _models(arguments[0]))


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is typing.Annotated:
        return _type(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return " | ".join(dict.fromkeys(_type(a) for a in arguments if a is not types.NoneType))
    if origin is Literal:
        return " | ".join(f"`{argument}`" for argument in arguments)
    if origin in (list, tuple, frozenset, set):
        return f"list of {_type(arguments[0])}"
    if origin is dict or annotation is dict:
        return "object"
    names: dict[Any, str] = {
        str: "text",
        int: "number",
        float: "number",
        bool: "true or false",
        timedelta: "duration",
        SecretStr: "secret",
        Any: "any",
    }
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " | ".join(f"`{member.value}`" for member in annotation)
    return names.get(annotation, "text")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value == "" or value == {} or value == []:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return f"`{iso_duration(value)}`"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(f"`{entry}`" for entry in value)
    return f"`{value}`" if isinstance(value, str | int | float) else ""


def _line(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", r"\|")
