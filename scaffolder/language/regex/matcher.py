"""The matcher: backtracking with its own stack and a budget of steps."""

from typing import Any

from scaffolder.language.limits import Meter
from scaffolder.language.regex.charset import WORD, canonical, run_pattern
from scaffolder.language.regex.program import (
    ACCEPT,
    BACK,
    CHARS,
    CLEAR,
    EDGE,
    JUMP,
    LOOK,
    LOOP,
    RUN,
    SAVE,
    SPLIT,
    TURN,
    ZERO,
    Program,
)

_WORD = run_pattern(WORD, 1, 1)
_RUN_UNITS_PER_STEP = 64  # a run of units is matched by native code


class Found:
    """One match: where it is, and what its groups hold."""

    __slots__ = ("_program", "_registers", "end", "start", "text")

    def __init__(self, text: str, program: Program, registers: list[int]) -> None:
        self.text = text
        self._program = program
        self._registers = registers
        self.start = registers[0]
        self.end = registers[1]

    def group(self, index: int) -> str | None:
        """What group `index` (0 is the whole match) holds; None if it took no part."""
        start, end = self._registers[2 * index], self._registers[2 * index + 1]
        return self.text[start:end] if start >= 0 and end >= 0 else None

    @property
    def groups(self) -> int:
        """How many capturing groups there are."""
        return self._program.groups

    def named(self, name: str) -> str | None:
        """What the group of that name holds; None if there is none or it took no part."""
        for index in self._program.names.get(name, ()):
            held = self.group(index)
            if held is not None:
                return held
        return None

    @property
    def has_names(self) -> bool:
        return bool(self._program.names)


def search(program: Program, text: str, start: int, meter: Meter, *, sticky: bool = False) -> Found | None:
    """The first match at `start` or, unless sticky, behind it.

    Raises:
        LimitError: `regex_steps`.
    """
    if not 0 <= start <= len(text):
        return None
    matcher = _Matcher(program, text, meter)
    first = program.first
    while start <= len(text):
        if first is not None and not sticky:
            begin = first.search(text, start)
            if begin is None:
                return None
            matcher.charge((begin.start() - start) // _RUN_UNITS_PER_STEP)
            start = begin.start()
        registers = matcher.run(0, start, [-1] * program.registers)
        if registers is not None:
            registers[0] = start
            return Found(text, program, registers)
        if sticky:
            break
        start += 1
    return None


class _Matcher:
    def __init__(self, program: Program, text: str, meter: Meter) -> None:
        # Instructions are tuples of an opcode and its operands; their types are in `program`.
        self._code: tuple[Any, ...] = program.code
        self._text = text
        self._meter = meter

    def charge(self, steps: int) -> None:
        self._meter.regex_steps -= steps
        if self._meter.regex_steps < 0:
            raise self._meter.regex_exhausted()

    def run(self, at: int, position: int, registers: list[int]) -> list[int] | None:
        """Match from instruction `at`; register 1 of the result is where the match ends.

        Registers are copied when written, so that the stack may share them. An entry of the stack
        says where to go on; from `position` in steps of `step` up to `last`.
        """
        code, text = self._code, self._text
        stack: list[tuple[int, int, int, int, list[int]]] = []
        steps = 0
        while True:
            instruction = code[at]
            operation = instruction[0]
            at += 1
            steps += 1
            if steps & 255 == 0:
                self.charge(256)
            matched = True
            if operation == CHARS:
                if instruction[2] > 0:
                    matched = instruction[1](text, position) is not None
                    position += 1
                else:
                    position -= 1
                    matched = position >= 0 and instruction[1](text, position) is not None
            elif operation == RUN:
                _, whole, member, least, most, greedy, step = instruction
                if step > 0:
                    count = whole(text, position).end() - position
                else:
                    count = 0
                    while count < most and position - count > 0 and member(text, position - count - 1):
                        count += 1
                    self.charge(count)
                steps += count // _RUN_UNITS_PER_STEP
                matched = count >= least
                if matched:
                    far, near = position + step * count, position + step * least
                    if far == near:
                        position = far
                    elif greedy:
                        stack.append((at, far - step, near, -step, registers))
                        position = far
                    else:
                        stack.append((at, near + step, far, step, registers))
                        position = near
            elif operation == SPLIT:
                stack.append((instruction[2], position, position, 1, registers))
                at = instruction[1]
            elif operation == JUMP:
                at = instruction[1]
            elif operation == SAVE:
                registers = registers.copy()
                registers[instruction[1]] = position
            elif operation == CLEAR:
                _, first, end = instruction
                registers = registers.copy()
                registers[first:end] = [-1] * (end - first)
            elif operation == LOOP:
                _, counter, least, most, greedy, body, leave = instruction
                count = registers[counter]
                if count < least:
                    at = body
                elif count >= most:
                    at = leave
                else:
                    at, other = (body, leave) if greedy else (leave, body)
                    stack.append((other, position, position, 1, registers))
            elif operation == ZERO:
                registers = registers.copy()
                registers[instruction[1]] = 0
            elif operation == TURN:
                _, counter, mark, least, loop = instruction
                # A turn that matched nothing, and need not have been, is no turn.
                matched = registers[mark] != position or registers[counter] < least
                registers = registers.copy()
                registers[counter] += 1
                at = loop
            elif operation == EDGE:
                matched = self._edge(instruction[1], instruction[2], position)
            elif operation == LOOK:
                inner = self.run(at, position, registers)
                matched = (inner is None) == instruction[1]
                if inner is not None and matched:
                    registers = inner
                at = instruction[2]
            elif operation == BACK:
                end = self._again(instruction, position, registers)
                matched = end is not None
                position = end if end is not None else position
            elif operation == ACCEPT:
                self.charge(steps & 255)
                registers = registers.copy()
                registers[1] = position
                return registers
            if not matched:
                if not stack:
                    self.charge(steps & 255)
                    return None
                at, position, last, step, registers = stack.pop()
                if position != last:
                    stack.append((at, position + step, last, step, registers))

    def _edge(self, kind: str, multiline: bool, position: int) -> bool:
        text = self._text
        if kind == "start":
            return position == 0 or (multiline and text[position - 1] in "\n\r\u2028\u2029")
        if kind == "end":
            return position == len(text) or (multiline and text[position] in "\n\r\u2028\u2029")
        before = position > 0 and _WORD.match(text, position - 1) is not None
        after = position < len(text) and _WORD.match(text, position) is not None
        return (before != after) == (kind == "word")

    def _again(self, instruction: Any, position: int, registers: list[int]) -> int | None:
        _, groups, ignore_case, step = instruction
        text = self._text
        for group in groups:
            start, end = registers[2 * group], registers[2 * group + 1]
            if start < 0 or end < 0:
                continue
            low, high = (position, position + end - start) if step > 0 else (position - end + start, position)
            if low < 0 or high > len(text):
                return None
            self.charge((end - start) // _RUN_UNITS_PER_STEP + 1)
            one, two = text[start:end], text[low:high]
            if ignore_case and one != two:
                self.charge(end - start)
                one, two = "".join(map(canonical, one)), "".join(map(canonical, two))
            return (high if step > 0 else low) if one == two else None
        return position
