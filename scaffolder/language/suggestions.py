"""The name somebody probably meant."""

from collections.abc import Iterable

from scaffolder.language.errors import quoted

MAX_LENGTH = 64
MAX_CANDIDATES = 256


def unknown(what: str, name: str, candidates: Iterable[str]) -> str:
    """`Unknown template filter "uper"; did you mean "upper"?`"""
    meant = closest(name, candidates)
    hint = f"; did you mean {quoted(meant)}?" if meant else ""
    return f"Unknown {what} {quoted(name)}{hint}"


def closest(name: str, candidates: Iterable[str], *, most: int = 3) -> str | None:
    """The candidate that differs from a name by a slip or two, `most` at most."""
    if not 0 < len(name) <= MAX_LENGTH:
        return None
    allowed = 1 if len(name) <= 4 else 2 if len(name) <= 10 else 3
    allowed = min(allowed, most)
    best, found = allowed + 1, None
    for candidate, _ in zip(candidates, range(MAX_CANDIDATES), strict=False):
        if candidate != name and abs(len(candidate) - len(name)) <= allowed:
            distance = _distance(name, candidate)
            if distance < best:
                best, found = distance, candidate
    return found


def _distance(left: str, right: str) -> int:
    """How many characters must be added, dropped, replaced or swapped with their neighbour."""
    older: list[int] = []
    previous = list(range(len(right) + 1))
    for row, one in enumerate(left, 1):
        current = [row]
        for column, two in enumerate(right, 1):
            cost = min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (one != two))
            swapped = row > 1 and column > 1 and one == right[column - 2] and left[row - 2] == two
            current.append(min(cost, older[column - 2] + 1) if swapped else cost)
        older, previous = previous, current
    return previous[-1]
