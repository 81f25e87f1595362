"""The grammar of expressions, by operator precedence."""

from collections.abc import Sequence
from typing import Final, NoReturn

from scaffolder.language.errors import LanguageError, LimitError, quoted
from scaffolder.language.grouping import negated, product
from scaffolder.language.lexer import Token, regex_program
from scaffolder.language.names import CONSTANTS, unreserved
from scaffolder.language.syntax import (
    And,
    Arguments,
    ArrayLiteral,
    Call,
    Chain,
    Contains,
    Expression,
    Filter,
    Group,
    InlineIf,
    Literal,
    Member,
    Name,
    Not,
    Or,
    Parameters,
    Power,
    RecordLiteral,
    RegexLiteral,
    Slice,
    Test,
    Unary,
)

# How tightly operators bind. Source: spec/scaffolder.md §4.2.
_OR, _AND, _NOT, _IN, _IS, _EQUAL, _LESS, _ADD, _MULTIPLY, _POWER, _FILTER, _TIGHTEST = range(12)

_LEVELS: Final = {
    "==": _EQUAL,
    "===": _EQUAL,
    "!=": _EQUAL,
    "!==": _EQUAL,
    "<": _LESS,
    "<=": _LESS,
    ">": _LESS,
    ">=": _LESS,
    "+": _ADD,
    "-": _ADD,
    "~": _ADD,
    "*": _MULTIPLY,
    "/": _MULTIPLY,
    "//": _MULTIPLY,
    "%": _MULTIPLY,
    "**": _POWER,
    "|": _FILTER,
}
_WORDS: Final = {"or": _OR, "and": _AND, "in": _IN, "not": _IN, "is": _IS}


class ExpressionParser:
    """Parses the tokens of one tag; the last token is of kind `end`."""

    def __init__(self, tokens: Sequence[Token], nesting: int) -> None:
        self._tokens = tokens
        self._index = 0
        self._depth = 0
        self._nesting = nesting

    def whole(self) -> Expression:
        """One expression and nothing else."""
        expression = self._expression()
        self.finish()
        return expression

    def finish(self) -> None:
        """Nothing may be left."""
        token = self._tokens[self._index]
        if token.kind != "end":
            self._fail(f"Expected eof, received {quoted(token.value)}")

    def targets(self) -> list[Name]:
        """Names separated by commas, to the end."""
        names: list[Name] = []
        while True:
            token = self._name()
            if token.value in CONSTANTS:
                self._fail("Binding targets must be ordinary names", token)
            names.append(Name(self._allowed(token), token.at))
            if not self._take(","):
                break
        self.finish()
        return names

    def filter_of(self, captured: Expression) -> Expression:
        """A filter and its arguments, applied to what a filter block captured."""
        expression = self._filter(captured)
        self.finish()
        return expression

    def parameters(self) -> Parameters:
        """Formal parameters up to the closing parenthesis; the opening one has been read."""
        arguments = self._arguments()
        names: list[str] = []
        for argument in arguments.positional:
            if not isinstance(argument, Name):
                self._fail("Formal parameters must be names", at=argument.at)
            names.append(argument.name)
        return Parameters(names, arguments.keywords)

    def rest(self) -> Sequence[Token]:
        """The tokens not yet read."""
        return self._tokens[self._index :]

    def _expression(self) -> Expression:
        self._depth += 1
        if self._depth > self._nesting:
            raise LimitError("nesting", self._nesting, self._tokens[self._index].at)
        expression = self._operation(_OR)
        if self._word("if"):
            condition = self._operation(_OR)
            otherwise = self._operation(_OR) if self._word("else") else None
            expression = InlineIf(condition, expression, otherwise, expression.at)
        self._depth -= 1
        return expression

    def _operation(self, least: int) -> Expression:
        """An expression of operators that bind at least as tightly as `least`."""
        token = self._tokens[self._index]
        if token.kind == "name" and token.value == "not" and least <= _NOT:
            self._index += 1
            left = negated(self._deeper(_NOT), token.at)
            tightest = _NOT
        else:
            left = self._operand()
            tightest = _TIGHTEST
        while True:
            token = self._tokens[self._index]
            if token.kind == "operator":
                level = _LEVELS.get(token.value, -1)
            elif token.kind == "name":
                level = _WORDS.get(token.value, -1)
            else:
                return left
            if level < least or level > tightest:
                return left
            if token.value == "not" and self._tokens[self._index + 1][:2] != ("name", "in"):
                return left
            left = self._combined(left, token, level)
            # `a is b is c` is no expression.
            tightest = _IN if level == _IS else level

    def _deeper(self, least: int) -> Expression:
        self._depth += 1
        if self._depth > self._nesting:
            raise LimitError("nesting", self._nesting, self._tokens[self._index].at)
        operand = self._operation(least)
        self._depth -= 1
        return operand

    def _combined(self, left: Expression, token: Token, level: int) -> Expression:
        self._index += 1
        if level == _FILTER:
            return self._filter(left)
        if level == _MULTIPLY:
            self._index -= 1
            return self._product(left)
        if level in (_ADD, _EQUAL, _LESS):
            right = self._operation(level + 1)
            if isinstance(left, Chain) and _LEVELS[left.steps[-1][0]] == level:
                left.steps.append((token.value, right))
                return left
            return Chain(left, [(token.value, right)], left.at)
        if level == _POWER:
            return Power(left, self._operation(_FILTER), left.at)
        if level == _IS:
            return self._test(left)
        if level == _IN:
            if token.value == "not":
                self._index += 1
            contains = Contains(left, self._operation(_IS), left.at)
            return Not(contains, left.at) if token.value == "not" else contains
        right = self._operation(level + 1)
        kind = And if level == _AND else Or
        if isinstance(left, kind):
            left.operands.append(right)
            return left
        return kind([left, right], left.at)

    def _product(self, first: Expression) -> Expression:
        """A run of `* / // %`."""
        terms: list[tuple[str, Expression]] = []
        while _LEVELS.get(self._operator()) == _MULTIPLY:
            operator = self._operator()
            self._index += 1
            terms.append((operator, self._operation(_POWER)))
        return product(first, terms)

    def _test(self, operand: Expression) -> Expression:
        negated = self._word("not")
        right = self._operation(_EQUAL)
        arguments: Arguments | None = None
        named: Expression | None = right
        if isinstance(right, Call):
            named, arguments = right.callee, right.arguments
        if isinstance(right, Filter):
            name = right.name
            arguments = Arguments([right.input, *right.arguments.positional], right.arguments.keywords)
        elif isinstance(named, Name):
            name = named.name
        elif isinstance(named, Literal):
            name = "null" if named.value is None else str(named.value).lower()
        else:
            name = "undefined"
        test = Test(operand, name, arguments, right.at)
        return Not(test, operand.at) if negated else test

    def _filter(self, value: Expression) -> Expression:
        first = self._name()
        name = self._allowed(first)
        while self._take("."):
            name += "." + self._allowed(self._name())
        arguments = Arguments()
        if self._take("("):
            arguments = self._arguments()
        return Filter(name, value, arguments, first.at)

    def _operand(self) -> Expression:
        token = self._tokens[self._index]
        self._index += 1
        operand: Expression
        match token.kind:
            case "name":
                if token.value in CONSTANTS:
                    operand = Literal(CONSTANTS[token.value], token.at)
                else:
                    operand = Name(self._allowed(token), token.at)
            case "string":
                operand = Literal(token.value, token.at)
            case "number":
                operand = Literal(float(token.value), token.at)
            case "regex":
                pattern, _, flags = token.value.rpartition("/")
                operand = RegexLiteral(pattern, flags, regex_program(pattern, flags, token.at), token.at)
            case "operator":
                if token.value in ("-", "+"):
                    return self._signed(token)
                operand = self._bracketed(token)
            case _:
                self._fail("Unexpected expression token at end of input", token)
        return self._postfix(operand)

    def _signed(self, token: Token) -> Expression:
        self._depth += 1
        if self._depth > self._nesting:
            raise LimitError("nesting", self._nesting, token.at)
        operand = self._operand()
        self._depth -= 1
        if isinstance(operand, Unary) and operand.operator == token.value:
            self._fail(f"Repeated unparenthesized unary {token.value} is not supported", at=operand.at)
        return Unary(token.value, operand, token.at)

    def _bracketed(self, token: Token) -> Expression:
        if token.value == "(":
            items = self._list(")")
            if not items:
                self._fail("Parenthesized expression cannot be empty", token)
            return Group(items, token.at)
        if token.value == "[":
            return ArrayLiteral(self._list("]"), token.at)
        if token.value == "{":
            return RecordLiteral(self._entries(), token.at)
        raise self._error(f"Unexpected expression token {quoted(token.value)}", token)

    def _postfix(self, operand: Expression) -> Expression:
        while True:
            token = self._tokens[self._index]
            if token.kind != "operator" or token.value not in (".", "[", "("):
                return operand
            self._index += 1
            if token.value == ".":
                key = self._name()
                operand = Member(operand, Literal(self._allowed(key), key.at), key.at)
            elif token.value == "[":
                subscript = self._subscript()
                self._expect("]")
                if isinstance(subscript, Literal) and isinstance(subscript.value, str):
                    unreserved(subscript.value, subscript.at)
                operand = Member(operand, subscript, subscript.at)
            else:
                operand = Call(operand, self._arguments(), operand.at)

    def _subscript(self) -> Expression | Slice:
        at = self._tokens[self._index].at
        start = None if self._operator() in (":", "]") else self._expression()
        if not self._take(":"):
            if start is None:
                self._fail("Expected subscript expression")
            return start
        stop = None if self._operator() in (":", "]") else self._expression()
        step = self._expression() if self._take(":") and self._operator() != "]" else None
        return Slice(start, stop, step, at)

    def _list(self, end: str) -> list[Expression]:
        items: list[Expression] = []
        if self._take(end):
            return items
        while True:
            items.append(self._expression())
            if not self._take(","):
                break
        self._expect(end)
        return items

    def _entries(self) -> list[tuple[str, Expression]]:
        entries: list[tuple[str, Expression]] = []
        if self._take("}"):
            return entries
        while True:
            key = self._tokens[self._index]
            if key.kind not in ("name", "string") or (key.kind == "name" and key.value in CONSTANTS):
                self._fail("Dictionary keys must be strings or names", key)
            self._index += 1
            self._allowed(key)
            self._expect(":")
            entries.append((key.value, self._expression()))
            if not self._take(","):
                break
        self._expect("}")
        return entries

    def _arguments(self) -> Arguments:
        arguments = Arguments()
        if self._take(")"):
            return arguments
        while True:
            token = self._tokens[self._index]
            if token.kind == "name" and self._tokens[self._index + 1][:2] == ("operator", "="):
                self._index += 2
                arguments.keywords.append((self._allowed(token), self._expression()))
            else:
                arguments.positional.append(self._expression())
            if not self._take(","):
                break
        self._expect(")")
        return arguments

    def _operator(self) -> str:
        token = self._tokens[self._index]
        return token.value if token.kind == "operator" else ""

    def _take(self, operator: str) -> bool:
        token = self._tokens[self._index]
        if token.kind != "operator" or token.value != operator:
            return False
        self._index += 1
        return True

    def _word(self, word: str) -> bool:
        token = self._tokens[self._index]
        if token.kind != "name" or token.value != word:
            return False
        self._index += 1
        return True

    def _name(self) -> Token:
        token = self._tokens[self._index]
        if token.kind != "name":
            what = quoted(token.value) if token.value else "end of input"
            self._fail(f"Expected name, received {what}", token)
        self._index += 1
        return token

    def _expect(self, operator: str) -> None:
        if not self._take(operator):
            self._fail(f"Expected {operator}")

    def _allowed(self, token: Token) -> str:
        return unreserved(token.value, token.at)

    def _fail(self, detail: str, token: Token | None = None, *, at: int | None = None) -> NoReturn:
        raise self._error(detail, token, at=at)

    def _error(self, detail: str, token: Token | None = None, *, at: int | None = None) -> LanguageError:
        if at is None:
            at = (token or self._tokens[self._index]).at
        return LanguageError("syntax_error", detail, at)
