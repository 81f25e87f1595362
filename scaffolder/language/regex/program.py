"""Patterns as programs for the matcher: a flat list of instructions."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from re import Match, Pattern
from typing import Final

from scaffolder.language.regex.charset import Ranges, run_pattern
from scaffolder.language.regex.nodes import Back, Chars, Choice, Edge, Group, Look, Node, Repeat, Sequence
from scaffolder.language.regex.syntax import UNBOUNDED, Parser

CHARS: Final = 0  # member, step
RUN: Final = 1  # whole run, member, least, most, greedy, step
SPLIT: Final = 2  # first choice, second choice
JUMP: Final = 3  # target
SAVE: Final = 4  # register
CLEAR: Final = 5  # registers from, to
LOOP: Final = 6  # counter, least, most, greedy, body, exit
ZERO: Final = 7  # counter
TURN: Final = 8  # counter, position register, least, target
EDGE: Final = 9  # kind, multiline
LOOK: Final = 10  # negative, target
BACK: Final = 11  # groups, ignore case, step
ACCEPT: Final = 12

Instruction = tuple[object, ...]
Member = Callable[[str, int], "Match[str] | None"]


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled pattern."""

    code: tuple[Instruction, ...]
    registers: int
    groups: int
    names: dict[str, list[int]]
    first: "Pattern[str] | None"
    """Matches what a match must begin with, where that is one known set of units."""


@lru_cache(maxsize=1024)
def compiled(pattern: str, flags: str) -> Program:
    """The program of a pattern in UTF-16 code units.

    Raises:
        RegexError: it is not a pattern.
    """
    parser = Parser(pattern, flags)
    tree = parser.parse()
    assembler = _Assembler(2 * (parser.groups + 1))
    assembler.emit_node(tree, 1)
    assembler.emit(ACCEPT)
    return Program(tuple(assembler.code), assembler.registers, parser.groups, parser.names, _first_units(tree))


class _Assembler:
    def __init__(self, registers: int) -> None:
        self.code: list[Instruction] = []
        self.registers = registers

    def emit(self, *instruction: object) -> int:
        self.code.append(instruction)
        return len(self.code) - 1

    def emit_node(self, node: Node, step: int) -> None:
        """Code for `node`, read forwards (step 1) or, within a lookbehind, backwards (step -1)."""
        match node:
            case Chars(ranges):
                self.emit(CHARS, _member(ranges), step)
            case Sequence(parts):
                for part in parts if step > 0 else reversed(parts):
                    self.emit_node(part, step)
            case Choice(options):
                self._choice(options, step)
            case Group(index, body):
                self.emit(SAVE, 2 * index + (step < 0))
                self.emit_node(body, step)
                self.emit(SAVE, 2 * index + (step > 0))
            case Repeat():
                self._repeat(node, step)
            case Look(body, ahead, negative):
                look = self.emit()
                self.emit_node(body, 1 if ahead else -1)
                self.emit(ACCEPT)
                self.code[look] = (LOOK, negative, len(self.code))
            case Edge(kind, multiline):
                self.emit(EDGE, kind, multiline)
            case Back(groups, ignore_case):
                self.emit(BACK, groups, ignore_case, step)

    def _choice(self, options: list[Node], step: int) -> None:
        jumps: list[int] = []
        for option in options[:-1]:
            split = self.emit()
            self.emit_node(option, step)
            jumps.append(self.emit())
            self.code[split] = (SPLIT, split + 1, len(self.code))
        self.emit_node(options[-1], step)
        for jump in jumps:
            self.code[jump] = (JUMP, len(self.code))

    def _repeat(self, node: Repeat, step: int) -> None:
        if isinstance(node.body, Chars):
            ranges = node.body.ranges
            most = None if node.most >= UNBOUNDED else node.most
            # Python's counts end at 2**32; more units than that never are.
            whole = run_pattern(ranges, 0, None if most is None else min(most, 2**31)).match
            self.emit(RUN, whole, _member(ranges), node.least, node.most, node.greedy, step)
            return
        counter, position = self.registers, self.registers + 1
        self.registers += 2
        self.emit(ZERO, counter)
        loop = self.emit()
        self.emit(SAVE, position)
        if node.last >= node.first:
            self.emit(CLEAR, 2 * node.first, 2 * node.last + 2)
        self.emit_node(node.body, step)
        self.emit(TURN, counter, position, node.least, loop)
        self.code[loop] = (LOOP, counter, node.least, node.most, node.greedy, loop + 1, len(self.code))


def _member(ranges: Ranges) -> Member:
    return run_pattern(ranges, 1, 1).match


def _first_units(node: Node) -> "Pattern[str] | None":
    match node:
        case Chars(ranges):
            return run_pattern(ranges, 1, 1)
        case Sequence([first, *_]):
            return _first_units(first)
        case Group(_, body):
            return _first_units(body)
        case Repeat(body, least) if least > 0:
            return _first_units(body)
    return None
