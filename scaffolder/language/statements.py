"""Statements as closures that append what they render."""

from scaffolder.language.calls import Macro as MacroValue
from scaffolder.language.calls import MacroCode
from scaffolder.language.closures import Evaluate, Execute, Region
from scaffolder.language.environment import Env, Scope
from scaffolder.language.errors import LanguageError, failure
from scaffolder.language.evaluator import ExpressionCompiler
from scaffolder.language.loops import LoopCompiler
from scaffolder.language.syntax import (
    Block,
    Body,
    CallBlock,
    Capture,
    Expression,
    For,
    If,
    Macro,
    Output,
    Parameters,
    Set,
    Statement,
    Switch,
    Text,
)
from scaffolder.language.values import Value, printed, strictly_equal, truthy


class StatementCompiler(ExpressionCompiler):
    """Turns bodies into closures."""

    def body(self, statements: Body, region: Region) -> Execute:
        """The closure of a body. It counts its own nodes as work, those of inner bodies count themselves."""
        outer, self.nodes = self.nodes, 0
        steps = [self._statement(statement, region) for statement in statements]
        units = sum(len(step) for step in steps if isinstance(step, str))
        work = 1 + len(steps) + self.nodes
        self.nodes = outer

        def run(env: Env, output: list[str]) -> None:
            env.meter.charge(work)
            if units:
                env.meter.emit(units)
            for step in steps:
                if isinstance(step, str):
                    output.append(step)
                else:
                    step(env, output)

        return run

    def capture(self, node: Capture, region: Region) -> Evaluate:
        """The text of a body in a scope of its own."""
        body = self.body(node.body, region)

        def captured(env: Env) -> Value:
            output: list[str] = []
            body(env.within(Scope(env.scope)), output)
            return "".join(output)

        return captured

    def _statement(self, node: Statement, region: Region) -> str | Execute:
        match node:
            case Text():
                return node.text
            case Output():
                return self.output(self.expression(node.expression, region), node.at)
            case If():
                return self._if(node, region)
            case For():
                return LoopCompiler(self, node, region).compile()
            case Set():
                return self._set(node, region)
            case Macro():
                return self._macro(node, region)
            case CallBlock():
                return self._call_block(node, region)
            case Block():
                return self._block(node, region)
            case Switch():
                return self._switch(node, region)

    def output(self, expression: Evaluate, at: int) -> Execute:
        """The closure that prints an expression; `at` is where its tag stands."""

        def write(env: Env, output: list[str]) -> None:
            value = expression(env)
            try:
                text = value if isinstance(value, str) else printed(value, env.meter)
                env.meter.emit(len(text))
            except LanguageError as error:
                error.near(at)
                raise
            output.append(text)

        return write

    def _if(self, node: If, region: Region) -> Execute:
        branches = [(self.expression(condition, region), self.body(body, region)) for condition, body in node.branches]
        otherwise = self.body(node.otherwise, region) if node.otherwise is not None else None

        def choose(env: Env, output: list[str]) -> None:
            for condition, body in branches:
                if truthy(condition(env)):
                    body(env, output)
                    return
            if otherwise is not None:
                otherwise(env, output)

        return choose

    def _set(self, node: Set, region: Region) -> Execute:
        value = self._assigned(node.value, region)
        targets = [(target.name, region.slots.get(target.name)) for target in node.targets]
        exports = region.exports_assignments

        def assign(env: Env, output: list[str]) -> None:
            result = value(env)
            for name, slot in targets:
                env.scope.assign(name, result)
                if slot is not None:
                    env.frames[slot[0]][slot[1]] = result
                if exports:
                    env.exports.names[name] = result

        return assign

    def _assigned(self, value: Expression | Body, region: Region) -> Evaluate:
        if not isinstance(value, list):
            return self.expression(value, region)
        body = self.body(value, region)

        def captured(env: Env) -> Value:
            output: list[str] = []
            body(env, output)
            return "".join(output)

        return captured

    def _macro(self, node: Macro, region: Region) -> Execute:
        slot = self.new_slot()
        region.slots[node.name] = (region.depth, slot)
        code = self._macro_code(node.parameters, node.body, Region(0, {}, macros=True), is_caller=False)
        name, depth, exports = node.name, region.depth, region.exports_macros

        def define(env: Env, output: list[str]) -> None:
            macro = MacroValue(code, env.exports, env.exports, ())
            env.frames[depth][slot] = macro
            if exports:
                env.exports.names[name] = macro

        return define

    def _macro_code(self, parameters: Parameters, statements: Body, region: Region, *, is_caller: bool) -> MacroCode:
        fresh: dict[str, int] = {}
        for name in parameters.names:
            if name not in fresh:
                fresh[name] = self.new_slot()
                region.slots[name] = (region.depth, fresh[name])
        defaults = [(name, self.expression(value, region)) for name, value in parameters.defaults]
        slots = [fresh[name] for name in parameters.names]
        return MacroCode(parameters.names, slots, defaults, self.body(statements, region), is_caller)

    def _call_block(self, node: CallBlock, region: Region) -> Execute:
        self.has_calls = True
        callee = self.expression(node.call.callee, region)
        arguments = self.arguments(node.call.arguments, region)
        inner = Region(region.depth + 1, dict(region.slots))
        code = self._macro_code(node.parameters, node.body, inner, is_caller=True)
        at = node.at

        def call(env: Env, output: list[str]) -> None:
            target = callee(env)
            try:
                if not isinstance(target, MacroValue) or target.code.is_caller:
                    raise failure("Call blocks can target only template macros")
                positional = [value(env) for value in arguments.positional]
                keywords = {key: value(env) for key, value in arguments.keywords}
                keywords["caller"] = MacroValue(code, env.scope, env.exports, env.frames)
                text = target.invoke(env, positional, keywords).text
                env.meter.emit(len(text))
            except LanguageError as error:
                error.near(at)
                raise
            output.append(text)

        return call

    def _block(self, node: Block, region: Region) -> Execute:
        body = self.body(node.body, Region(0, {}, macros=True))

        def run(env: Env, output: list[str]) -> None:
            body(Env(env.run, Scope(env.scope, isolated=True), ({},), env.exports), output)

        return run

    def _switch(self, node: Switch, region: Region) -> Execute:
        subject = self.expression(node.subject, region)
        cases = [
            (self.expression(condition, region), self.body(body, region), not body) for condition, body in node.cases
        ]
        otherwise = self.body(node.otherwise, region) if node.otherwise is not None else None

        def switch(env: Env, output: list[str]) -> None:
            value = subject(env)
            matched = False
            for condition, body, empty in cases:
                matched = matched or strictly_equal(value, condition(env))
                if matched and not empty:
                    body(env, output)
                    return
            if otherwise is not None:
                otherwise(env, output)

        return switch
