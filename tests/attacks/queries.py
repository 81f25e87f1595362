"""Questions that are meant to hurt, and answers that would tell too much."""

from typing import Final

from tests.attacks.attack import Attack, Edit

_PREDICATES: Final = "catalog/query/predicates.py"
_TEST_PREDICATES: Final = "tests/catalog/query/test_predicates.py"
_CHANGES: Final = "catalog/service/changes.py"

QUERIES: Final = (
    Attack(
        "CVE-2024-45815",
        "a query nested so deeply that answering it ends the process",
        f"{_PREDICATES}:MAX_DEPTH",
        (Edit(_PREDICATES, "        if depth > MAX_DEPTH:", "        if False:"),),
        (f"{_TEST_PREDICATES}::test_a_query_nested_too_deeply_is_refused_not_a_crash",),
    ),
    Attack(
        "CVE-2024-45815",
        "a query of very many clauses or values",
        f"{_PREDICATES}:MAX_CLAUSES",
        (
            Edit(_PREDICATES, "        if self._clauses > MAX_CLAUSES:", "        if False:"),
            Edit(_PREDICATES, "        if self._values > MAX_VALUES:", "        if False:"),
        ),
        (f"{_TEST_PREDICATES}::test_a_query_of_too_many_clauses_or_values_is_refused",),
    ),
    Attack(
        "CVE-2024-45815",
        "a legacy filter nested so deeply that reading it ends the process",
        "catalog/query/filters.py:MAX_LEGACY_DEPTH",
        (Edit("catalog/query/filters.py", "    if depth > MAX_LEGACY_DEPTH:", "    if False:"),),
        ("tests/catalog/query/test_filters.py::test_a_filter_nested_a_thousand_times_is_refused_not_a_crash",),
    ),
    Attack(
        "CVE-2026-44374",
        "unprocessed entities, read and deleted by whoever likes to",
        f"{_CHANGES}:AuthorizedChanges.unprocessed, forget_unprocessed",
        (
            Edit(
                _CHANGES,
                'await self._gate.require(permissions.UNPROCESSED_READ, caller, refusal="Unauthorized")',
                "pass",
            ),
        ),
        ("tests/catalog/routes/test_policy.py::test_unprocessed_entities_are_refused_with_a_word",),
    ),
    Attack(
        "CVE-2024-47762",
        "values that only the server may see, in the configuration of browsers",
        "plugins/frontend/visibility.py:visible_to_browsers",
        (
            Edit(
                "plugins/frontend/visibility.py",
                'return value if seen == "frontend" and value is not None else _ABSENT',
                "return value if value is not None else _ABSENT",
            ),
        ),
        (
            "tests/plugins/frontend/test_visibility.py::test_what_no_schema_calls_frontend_stays",
            "tests/plugins/frontend/test_visibility.py::test_the_stock_list_shows_what_stock_frontends_read_and_no_secret",
        ),
    ),
)
