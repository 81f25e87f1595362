"""Compares our engine with the npm engines, case by case."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from scaffolder.language import UNDEFINED, Dialect, Language, LanguageError
from tests.scaffolder.language.fuzz.engines import Case, Engines, Outcome, canonical
from tests.scaffolder.language.fuzz.grammar import CONTEXT, Grammar

OPTIONS: tuple[dict[str, bool], ...] = (
    {},
    {},
    {"trimBlocks": True},
    {"lstripBlocks": True},
    {"trimBlocks": True, "lstripBlocks": True},
    {"cookiecutterCompat": True},
)


@dataclass(frozen=True)
class Difference:
    """A case on which ours and a reference disagree."""

    case: Case
    engine: str
    ours: Outcome
    theirs: Outcome

    def __str__(self) -> str:
        lines = [f"{self.case.mode} {self.case.options} {self.case.template!r}"]
        for who, outcome in (("ours", self.ours), (self.engine, self.theirs)):
            lines.append(
                f"  {who:9} {outcome.value if outcome.error is None else outcome.error + ': ' + outcome.message}"
            )
        return "\n".join(lines)


def ours(case: Case, *, legacy: bool = True) -> Outcome:
    """What our engine makes of a case."""
    dialect = Dialect(
        cookiecutter=case.options.get("cookiecutterCompat", False),
        trim_blocks=case.options.get("trimBlocks", False),
        lstrip_blocks=case.options.get("lstripBlocks", False),
        legacy=legacy,
    )
    try:
        template = Language(dialect=dialect).compile(case.template)
        value = template.value(case.context) if case.mode == "value" else template.render(case.context)
    except LanguageError as error:
        return Outcome(None, error.kind, error.message)
    return Outcome("undefined" if value is UNDEFINED else canonical(value))


def random_cases(seed: int, count: int) -> list[Case]:
    """So many cases, always the same for a seed."""
    random = Random(seed)
    grammar = Grammar(random)
    cases: list[Case] = []
    for _ in range(count):
        options = random.choice(OPTIONS)
        template = grammar.template()
        if "cookiecutterCompat" in options:
            template = template.replace("${{", "{{")
        cases.append(Case(template, CONTEXT, random.choice(("value", "value", "text")), options))
    return cases


def differences(engines: Engines, cases: Sequence[Case]) -> Iterator[Difference]:
    """Where the strict language is not the newest reference."""
    for case, theirs in zip(cases, engines.render("nunjitsu", cases), strict=True):
        mine = ours(case, legacy=False)
        if not mine.agrees_with(theirs):
            yield Difference(case, "nunjitsu", mine, theirs)


def legacy_differences(engines: Engines, cases: Sequence[Case]) -> Iterator[Difference]:
    """Where Nunjucks accepts what the newest reference rejects, and the legacy language says something else."""
    texts = [
        Case(case.template, case.context, "text", case.options)
        for case in cases
        if "cookiecutterCompat" not in case.options  # that needs changes of Nunjucks itself
    ]
    newest = engines.render("nunjitsu", texts)
    oldest = engines.render("nunjucks", texts)
    for case, new, old in zip(texts, newest, oldest, strict=True):
        mine = ours(case)
        if new.error is None:
            if not mine.agrees_with(new):
                yield Difference(case, "nunjitsu", mine, new)
        elif old.error is None and not mine.agrees_with(old):
            yield Difference(case, "nunjucks", mine, old)
