"""What a running template stands on: its scopes, its frames, and what it may call."""

from asyncio import AbstractEventLoop

from scaffolder.language.errors import failure
from scaffolder.language.host import Host
from scaffolder.language.limits import Meter
from scaffolder.language.values import UNDEFINED, Callable, Value


class Scope:
    """Names bound while running, found through the parents; the context stands behind the last one.

    An isolated scope keeps assignments to itself; any other hands them to the scope where the name
    is bound already. That is why a loop can change a variable set before it, and a macro cannot.
    """

    __slots__ = ("isolated", "names", "parent")

    def __init__(self, parent: "Scope | None", *, isolated: bool = False) -> None:
        self.names: dict[str, Value] = {}
        self.parent = parent
        self.isolated = isolated

    def assign(self, name: str, value: Value) -> None:
        """What `{% set name = value %}` does."""
        scope = self
        while not scope.isolated and name not in scope.names:
            if scope.parent is None or not scope.parent._binds(name):
                break
            scope = scope.parent
        scope.names[name] = value

    def _binds(self, name: str) -> bool:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return True
            scope = None if scope.isolated else scope.parent
        return False


class Run:
    """One render: its meter, its context, its host, and the event loop that waits for it, if any."""

    __slots__ = ("context", "globals", "host", "loop", "meter")

    def __init__(
        self,
        meter: Meter,
        context: dict[str, Value],
        host: Host,
        globals_: dict[str, Value],
        loop: AbstractEventLoop | None,
    ) -> None:
        self.meter = meter
        self.context = context
        self.host = host
        self.globals = globals_
        self.loop = loop


class Env:
    """Where a node runs: the scope, the slots of the enclosing frames, and where macros are exported.

    Frames reproduce the reference's compiled variables: the targets of loops and the parameters and
    names of macros live in slots that are resolved before the template runs and keep their values from
    one execution of a loop to the next.
    """

    __slots__ = ("exports", "frames", "meter", "run", "scope")

    def __init__(self, run: Run, scope: Scope, frames: tuple[dict[int, Value], ...], exports: Scope) -> None:
        self.run = run
        self.meter = run.meter
        self.scope = scope
        self.frames = frames
        self.exports = exports

    def within(self, scope: Scope) -> "Env":
        """The same place with another scope."""
        return Env(self.run, scope, self.frames, self.exports)


class HostFunction(Callable):
    """A global function of the host."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Method(Callable):
    """A method of a string, number, array, record or regex, taken from its receiver."""

    __slots__ = ("name", "receiver")

    def __init__(self, receiver: Value, name: str) -> None:
        self.receiver = receiver
        self.name = name


class Builtin(Callable):
    """`range`, `cycler` or `joiner`."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Cycler(Callable):
    """What `cycler(…)` returns: `next()`, `reset()` and `current`."""

    __slots__ = ("index", "values")

    def __init__(self, values: list[Value]) -> None:
        self.values = values
        self.index = -1


class CyclerMethod(Callable):
    """`next` or `reset` of a cycler."""

    __slots__ = ("name", "owner")

    def __init__(self, owner: Cycler, name: str) -> None:
        self.owner = owner
        self.name = name


class Joiner(Callable):
    """What `joiner(…)` returns: '' at the first call, the separator ever after."""

    __slots__ = ("separator", "used")

    def __init__(self, separator: Value) -> None:
        self.separator = separator
        self.used = False


def refuse_keywords(count: int, operation: str) -> None:
    """Raise when keyword arguments were given to something that takes none."""
    if count:
        raise failure(f"{operation} does not accept keyword arguments")


def check_arity(operation: str, given: int, least: int, most: int | None) -> None:
    """Raise unless the number of positional arguments is within bounds."""
    if given < least or (most is not None and given > most):
        wanted = f"{least}" if least == most else f"at least {least}" if most is None else f"{least} to {most}"
        raise failure(f"{operation} requires {wanted} positional arguments")


def fitted(values: list[Value], least: int, most: int | None) -> list[Value]:
    """Arguments as JavaScript passes them: those missing are undefined, surplus ones are ignored."""
    return (values + [UNDEFINED] * (least - len(values)))[:most]
