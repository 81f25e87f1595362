"""What compiled code looks like, and where a node stands while it is compiled."""

from collections.abc import Callable

from scaffolder.language.environment import Env
from scaffolder.language.errors import failure
from scaffolder.language.values import Value

Evaluate = Callable[[Env], Value]
Execute = Callable[[Env, list[str]], None]


class Region:
    """Where a node stands: which names are slots there, and what macros and assignments export."""

    __slots__ = ("depth", "exports_assignments", "exports_macros", "slots")

    def __init__(
        self, depth: int, slots: dict[str, tuple[int, int]], *, macros: bool = False, assignments: bool = False
    ) -> None:
        self.depth = depth
        self.slots = slots
        self.exports_macros = macros
        self.exports_assignments = assignments

    def inner(self) -> "Region":
        """The body of a loop: sees the same slots, exports nothing."""
        return Region(self.depth, dict(self.slots))


def failing(detail: str, at: int) -> Evaluate:
    """A closure for what is wrong only if it is ever evaluated."""

    def fail(env: Env) -> Value:
        error = failure(detail)
        error.near(at)
        raise error

    return fail
