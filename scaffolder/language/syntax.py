"""The syntax tree. `at` is the offset of a node in the source, in UTF-16 code units."""

from dataclasses import dataclass, field
from typing import TypeAlias

from scaffolder.language.regex.program import Program
from scaffolder.language.values import Value


@dataclass(slots=True)
class Literal:
    value: Value
    at: int


@dataclass(slots=True)
class RegexLiteral:
    source: str
    flags: str
    program: Program
    at: int


@dataclass(slots=True)
class Name:
    name: str
    at: int


@dataclass(slots=True)
class ArrayLiteral:
    items: "list[Expression]"
    at: int


@dataclass(slots=True)
class Group:
    """A parenthesised list; its value is the last one's."""

    items: "list[Expression]"
    at: int


@dataclass(slots=True)
class RecordLiteral:
    entries: "list[tuple[str, Expression]]"
    at: int


@dataclass(slots=True)
class Slice:
    """`start:stop:step` within brackets; None where nothing was written."""

    start: "Expression | None"
    stop: "Expression | None"
    step: "Expression | None"
    at: int


@dataclass(slots=True)
class Member:
    """`target.key`, `target[key]` or a slice of `target`."""

    target: "Expression"
    key: "Expression | Slice"
    at: int


@dataclass(slots=True)
class Arguments:
    positional: "list[Expression]" = field(default_factory=list)
    keywords: "list[tuple[str, Expression]]" = field(default_factory=list)


@dataclass(slots=True)
class Call:
    callee: "Expression"
    arguments: Arguments
    at: int


@dataclass(slots=True)
class Filter:
    name: str
    input: "Expression"
    arguments: Arguments
    at: int


@dataclass(slots=True)
class Test:
    """`operand is name(arguments)`; `at` is where the test's name stands."""

    operand: "Expression"
    name: str
    arguments: Arguments | None
    at: int


@dataclass(slots=True)
class Not:
    operand: "Expression"
    at: int


@dataclass(slots=True)
class Unary:
    """`-`, `+` or `floor` of a number."""

    operator: str
    operand: "Expression"
    at: int


@dataclass(slots=True)
class Chain:
    """Operators of like precedence, applied from left to right."""

    first: "Expression"
    steps: "list[tuple[str, Expression]]"
    at: int


@dataclass(slots=True)
class Power:
    base: "Expression"
    exponent: "Expression"
    at: int


@dataclass(slots=True)
class Contains:
    """`item in container`."""

    item: "Expression"
    container: "Expression"
    at: int


@dataclass(slots=True)
class And:
    operands: "list[Expression]"
    at: int


@dataclass(slots=True)
class Or:
    operands: "list[Expression]"
    at: int


@dataclass(slots=True)
class InlineIf:
    condition: "Expression"
    then: "Expression"
    otherwise: "Expression | None"
    at: int


@dataclass(slots=True)
class Capture:
    """What a body renders, as a value: the input of a filter block."""

    body: "Body"
    at: int


Expression: TypeAlias = (
    Literal
    | RegexLiteral
    | Name
    | ArrayLiteral
    | Group
    | RecordLiteral
    | Member
    | Call
    | Filter
    | Test
    | Not
    | Unary
    | Chain
    | Power
    | Contains
    | And
    | Or
    | InlineIf
    | Capture
)


@dataclass(slots=True)
class Text:
    text: str
    at: int


@dataclass(slots=True)
class Output:
    expression: Expression
    at: int


@dataclass(slots=True)
class If:
    """`if`, its `elif`s and its `else`."""

    branches: "list[tuple[Expression, Body]]"
    otherwise: "Body | None"
    at: int


@dataclass(slots=True)
class For:
    targets: list[Name]
    iterable: Expression
    body: "Body"
    otherwise: "Body | None"
    at: int


@dataclass(slots=True)
class Set:
    """`{% set a, b = value %}`, or with a body whose text is the value."""

    targets: list[Name]
    value: "Expression | Body"
    at: int


@dataclass(slots=True)
class Parameters:
    """Of a macro or a call block: names, then names with defaults."""

    names: list[str]
    defaults: list[tuple[str, Expression]]


@dataclass(slots=True)
class Macro:
    name: str
    parameters: Parameters
    body: "Body"
    at: int


@dataclass(slots=True)
class CallBlock:
    """`{% call(parameters) callee(arguments) %}body{% endcall %}`."""

    call: Call
    parameters: Parameters
    body: "Body"
    at: int


@dataclass(slots=True)
class Block:
    name: str
    body: "Body"
    at: int


@dataclass(slots=True)
class Switch:
    subject: Expression
    cases: "list[tuple[Expression, Body]]"
    otherwise: "Body | None"
    at: int


Statement: TypeAlias = Text | Output | If | For | Set | Macro | CallBlock | Block | Switch
Body: TypeAlias = list[Statement]
