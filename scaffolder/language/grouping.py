"""How the operands of arithmetic group, where that is not what precedence alone says."""

from collections.abc import Sequence

from scaffolder.language.syntax import Chain, Expression, Not, Unary

Term = tuple[str, Expression]
"""An operand and the operator in front of it."""


def negated(operand: Expression, at: int) -> Expression:
    """`not` in front of arithmetic or a comparison belongs to the leftmost operand, as in JavaScript."""
    if isinstance(operand, Chain):
        return Chain(negated(operand.first, at), operand.steps, at)
    return Not(operand, at)


def product(first: Expression, terms: Sequence[Term]) -> Expression:
    """A run of `* / // %`.

    Each binds tighter than the one before it in that list, but only `//` closes what it divides; the
    rest of the run is flattened from left to right, as in the reference.
    """
    factors: list[Term] = []
    for part_operator, part in _parts(first, terms, "*"):
        for ratio_operator, ratio in _parts(part[0][1], part[1:], "/"):
            floored = _floored(ratio)
            factors.append((ratio_operator or part_operator, floored[0][1]))
            factors += floored[1:]
    return _chain(factors)


def _parts(first: Expression, terms: Sequence[Term], operator: str) -> list[tuple[str, list[Term]]]:
    """Split a run of terms at an operator; each part comes with the operator in front of it."""
    parts: list[tuple[str, list[Term]]] = [("", [("", first)])]
    for term in terms:
        if term[0] == operator:
            parts.append((operator, [("", term[1])]))
        else:
            parts[-1][1].append(term)
    return parts


def _floored(terms: Sequence[Term]) -> list[Term]:
    """Terms of `//` and `%` only, with every `//` carried out; the first has no operator."""
    result: list[Term] = []
    for index, (_, part) in enumerate(_parts(terms[0][1], terms[1:], "//")):
        if index == 0:
            result = part
        else:
            ratio = _chain([*result, ("/", part[0][1]), *part[1:]])
            result = [("", Unary("floor", ratio, ratio.at))]
    return result


def _chain(terms: Sequence[Term]) -> Expression:
    first = terms[0][1]
    return Chain(first, list(terms[1:]), first.at) if len(terms) > 1 else first
