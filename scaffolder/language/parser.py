"""From pieces to the tree of a template."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn

from scaffolder.language.errors import LanguageError, LimitError, position, quoted
from scaffolder.language.expressions import ExpressionParser
from scaffolder.language.legacy import LEGACY_TAGS
from scaffolder.language.lexer import Dialect, Piece, Token, pieces
from scaffolder.language.limits import Limits
from scaffolder.language.names import path_expression
from scaffolder.language.suggestions import unknown
from scaffolder.language.syntax import (
    Block,
    Body,
    Call,
    CallBlock,
    Capture,
    Expression,
    Filter,
    For,
    If,
    Literal,
    Macro,
    Member,
    Name,
    Output,
    Parameters,
    Set,
    Statement,
    Switch,
    Text,
)

_LOADING: Final = ("include", "import", "from", "extends")
_TAGS: Final = ("if", "for", "set", "macro", "call", "filter", "block", "switch", *_LOADING)
_INNER: Final = frozenset(
    (
        *("elif", "elseif", "else", "endif", "endfor", "endmacro", "endcall", "endfilter"),
        *("endset", "endblock", "case", "default", "endswitch"),
    )
)
_NO_CONTENT: Final = _INNER - {"elif", "elseif", "case", "endblock"}


@dataclass(frozen=True, slots=True)
class Tree:
    """A parsed template."""

    body: Body
    names: frozenset[str] = field(default_factory=frozenset)
    """Every name a tag of the template can bind; all others come from the context or the host."""


def parse(source: str, dialect: Dialect, limits: Limits) -> Tree:
    """Parse a source in UTF-16 code units.

    Raises:
        LanguageError: `syntax_error`; LimitError of `source`, `nodes` or `nesting`.
    """
    if len(source) > limits.source:
        raise LimitError("source", limits.source, 0)
    parser = _TemplateParser(source, dialect, limits)
    return Tree(parser.parse(), frozenset(parser.names))


class _TemplateParser:
    def __init__(self, source: str, dialect: Dialect, limits: Limits) -> None:
        self._source = source
        self._legacy = dialect.legacy
        self._limits = limits
        self._pieces = pieces(source, dialect)
        self._depth = 0
        self._nodes = 0
        self._blocks: dict[str, int] = {}
        self._stop: Piece | None = None
        self.names: set[str] = set()

    def parse(self) -> Body:
        return self._body(())

    def _body(self, stops: tuple[str, ...]) -> Body:
        """Statements up to one of the tags `stops`, which is then in `_stop`, or to the end."""
        self._depth += 1
        statements: Body = []
        for piece in self._pieces:
            self._nodes += 1 + len(piece.tokens)
            if self._nodes > self._limits.nodes:
                raise LimitError("nodes", self._limits.nodes, piece.at)
            if self._depth > self._limits.nesting:
                raise LimitError("nesting", self._limits.nesting, piece.at)
            if piece.kind == "text":
                statements.append(Text(piece.text, piece.at))
            elif piece.kind == "variable":
                statements.append(Output(self._expression(piece.tokens), piece.at))
            else:
                name = piece.tokens[0].value if piece.tokens[0].kind == "name" else ""
                if name in stops:
                    if name in _NO_CONTENT and len(piece.tokens) > 2:
                        self._fail(f"{name} tag does not accept trailing content", piece)
                    self._stop = piece
                    break
                if name in _INNER:
                    self._fail(_misplaced(name, stops), piece)
                statement = self._statement(name, piece)
                if statement is not None:
                    statements.append(statement)
        else:
            self._stop = None
        self._depth -= 1
        return statements

    def _stopped(self, opening: Piece, end: str) -> Piece:
        if self._stop is None:
            self._fail(f"Missing {end} tag", opening)
        return self._stop

    def _statement(self, name: str, piece: Piece) -> Statement | None:
        content = piece.tokens[1:]
        match name:
            case "if":
                return self._if(content, piece)
            case "for":
                return self._for(content, piece, "endfor")
            case "set":
                return self._set(content, piece)
            case "macro":
                return self._macro(content, piece)
            case "call":
                return self._call(content, piece)
            case "filter":
                return self._filter(content, piece)
            case "block":
                return self._block(content, piece)
            case "switch":
                return self._switch(content, piece)
        if self._legacy and name in LEGACY_TAGS:
            return self._legacy_tag(name, content, piece)
        if name in _LOADING:
            self._fail(f"Unsupported template-loading tag {quoted(name)}", piece)
        if not name:
            self._fail("Template block tag cannot be empty", piece)
        raise LanguageError("syntax_error", unknown("template tag", name, _TAGS), piece.at)

    def _legacy_tag(self, name: str, content: Sequence[Token], piece: Piece) -> Statement | None:
        if name == "ifAsync":
            return self._if(content, piece)
        if name == "include":
            words = tuple(token.value for token in content[-3:-1] if token.kind == "name")
            if words != ("ignore", "missing"):
                self._fail(f"Unsupported template-loading tag {quoted(name)}", piece)
            self._expression([*content[:-3], content[-1]])
            return None
        return self._for(content, piece, LEGACY_TAGS[name])

    def _if(self, condition: Sequence[Token], piece: Piece) -> Statement:
        branches: list[tuple[Expression, Body]] = []
        stops = ("elif", "elseif", "else", "endif")
        while True:
            test = self._expression(condition)
            branches.append((test, self._body(stops)))
            stop = self._stopped(piece, "endif")
            tag = stop.tokens[0].value
            if tag == "endif":
                return If(branches, None, piece.at)
            if tag == "else":
                otherwise = self._body(("endif",))
                self._stopped(piece, "endif")
                return If(branches, otherwise, piece.at)
            condition = stop.tokens[1:]

    def _for(self, header: Sequence[Token], piece: Piece, end: str) -> Statement:
        split = self._split_at_in(header)
        if split < 0:
            self._fail("For tag requires an in expression", piece)
        targets = self._targets([*header[:split], Token("end", "", header[split].at)])
        if [target.name for target in targets] == ["loop"]:
            self._fail("A single loop target cannot be named loop", piece)
        iterable = self._expression(header[split + 1 :])
        self.names.update(target.name for target in targets)
        self.names.add("loop")
        body = self._body(("else", end))
        otherwise = None
        if self._stopped(piece, end).tokens[0].value == "else":
            otherwise = self._body((end,))
            self._stopped(piece, end)
        return For(targets, iterable, body, otherwise, piece.at)

    def _split_at_in(self, header: Sequence[Token]) -> int:
        depth = 0
        for index, token in enumerate(header):
            if token.kind == "operator":
                depth += (token.value in "([{") - (token.value in ")]}")
            elif token.kind == "name" and token.value == "in" and depth == 0:
                around = self._source[token.at - 1], self._source[token.at + 2]
                if self._legacy or all(unit in " \t\n\r\xa0-%" for unit in around):
                    return index
        return -1

    def _set(self, header: Sequence[Token], piece: Piece) -> Statement:
        depth = 0
        for index, token in enumerate(header):
            if token.kind != "operator":
                continue
            depth += (token.value in "([{") - (token.value in ")]}")
            if depth == 0 and token.value == "=":
                targets = self._targets([*header[:index], Token("end", "", token.at)])
                value = self._expression(header[index + 1 :])
                self.names.update(target.name for target in targets)
                return Set(targets, value, piece.at)
        targets = self._targets(header)
        self.names.update(target.name for target in targets)
        body = self._captured(piece, "set")
        return Set(targets, body, piece.at)

    def _captured(self, piece: Piece, tag: str) -> Body:
        body = self._body((f"end{tag}",))
        self._stopped(piece, f"end{tag}")
        if not self._legacy and _declares_macro(body):
            self._fail(f"Macro declarations are not supported inside {tag} captures", piece)
        return body

    def _macro(self, header: Sequence[Token], piece: Piece) -> Statement:
        if header[0].kind != "name" or header[1][:2] != ("operator", "("):
            self._fail("Invalid macro signature", piece)
        name = self._targets([header[0], header[-1]])[0].name
        parser = ExpressionParser(header[2:], self._limits.nesting)
        parameters = parser.parameters()
        parser.finish()
        self._bind(parameters)
        self.names.add(name)
        body = self._body(("endmacro",))
        self._stopped(piece, "endmacro")
        return Macro(name, parameters, body, piece.at)

    def _bind(self, parameters: Parameters) -> None:
        self.names.update(parameters.names, (name for name, _ in parameters.defaults), ("caller",))

    def _call(self, header: Sequence[Token], piece: Piece) -> Statement:
        parameters = Parameters([], [])
        if header[0][:2] == ("operator", "("):
            parser = ExpressionParser(header[1:], self._limits.nesting)
            parameters = parser.parameters()
            header = parser.rest()
        call = self._expression(header)
        if not isinstance(call, Call):
            self._fail("Call block requires a function call", piece)
        if not self._legacy and not _is_static(call.callee):
            self._fail("Call block target must be a static macro reference", piece)
        self._bind(parameters)
        body = self._body(("endcall",))
        self._stopped(piece, "endcall")
        return CallBlock(call, parameters, body, piece.at)

    def _filter(self, header: Sequence[Token], piece: Piece) -> Statement:
        capture = Capture(self._captured(piece, "filter"), piece.at)
        expression = ExpressionParser(header, self._limits.nesting).filter_of(capture)
        return Output(expression, piece.at)

    def _block(self, header: Sequence[Token], piece: Piece) -> Statement:
        named = self._expression(header)
        if not isinstance(named, Name):
            self._fail("Block name must be an identifier", piece)
        name = named.name
        body = self._body(("endblock",))
        closing = self._stopped(piece, "endblock").tokens[1:]
        if len(closing) > 1 and (closing[0].value != name or len(closing) > 2):
            self._fail("Endblock name must match its opening block", piece)
        if name in self._blocks:
            line, column = position(self._source, self._blocks[name])
            first = f"the first declaration is at line {line}, column {column}"
            self._fail(f"Block {quoted(name)} is declared more than once; {first}", piece)
        self._blocks[name] = piece.at
        return Block(name, body, piece.at)

    def _switch(self, header: Sequence[Token], piece: Piece) -> Statement:
        subject = self._expression(header)
        stops = ("case", "default", "endswitch")
        if self._body(stops) and not self._legacy:
            self._fail("Switch content must begin with case or default", piece)
        cases: list[tuple[Expression, Body]] = []
        otherwise = None
        while self._stop is not None and self._stop.tokens[0].value == "case":
            condition = self._expression(self._stop.tokens[1:])
            cases.append((condition, self._body(stops)))
        if self._stop is not None and self._stop.tokens[0].value == "default":
            otherwise = self._body(("endswitch",))
        self._stopped(piece, "endswitch")
        if not cases and otherwise is None:
            self._fail("Switch requires at least one case or default", piece)
        return Switch(subject, cases, otherwise, piece.at)

    def _expression(self, tokens: Sequence[Token]) -> Expression:
        if tokens[0].kind == "path":
            return path_expression(tokens[0])
        return ExpressionParser(tokens, self._limits.nesting).whole()

    def _targets(self, tokens: Sequence[Token]) -> list[Name]:
        return ExpressionParser(tokens, self._limits.nesting).targets()

    def _fail(self, detail: str, piece: Piece) -> NoReturn:
        raise LanguageError("syntax_error", detail, piece.at)


def _misplaced(name: str, stops: tuple[str, ...]) -> str:
    if not stops:
        return f"Unexpected {quoted(name)} tag without a matching opening tag"
    expected = [quoted(stop) for stop in stops]
    wanted = expected[0] if len(expected) == 1 else f"{', '.join(expected[:-1])}, or {expected[-1]}"
    return f"Unexpected {quoted(name)} tag; expected {wanted}"


def _is_static(callee: Expression) -> bool:
    while isinstance(callee, Member):
        if not isinstance(callee.key, Literal):
            return False
        callee = callee.target
    return isinstance(callee, Name)


def _declares_macro(body: Body) -> bool:
    for statement in body:
        match statement:
            case Macro():
                return True
            case If(branches, otherwise) | Switch(_, branches, otherwise):
                bodies = [branch for _, branch in branches] + ([otherwise] if otherwise else [])
            case For(_, _, inner, otherwise):
                bodies = [inner, *([otherwise] if otherwise else [])]
            case CallBlock(_, _, inner) | Block(_, inner):
                bodies = [inner]
            case Set(_, list() as inner):
                bodies = [inner]
            case Output(Filter(_, Capture(inner))):
                bodies = [inner]
            case _:
                bodies = []
        if any(map(_declares_macro, bodies)):
            return True
    return False
