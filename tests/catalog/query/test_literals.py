from __future__ import annotations

import pytest

from catalog.query.literals import indexed, js_number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"),
        (7.0, "7"),
        (1.50, "1.5"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (0.000001, "0.000001"),
        (1e-7, "1e-7"),
        (1.5e-9, "1.5e-9"),
        (1e21, "1e+21"),
        (1.25e30, "1.25e+30"),
        (1e20, "100000000000000000000"),
        (123456789.125, "123456789.125"),
        (12345678901234567890, "12345678901234567000"),
        (10**400, "Infinity"),
        (-(10**400), "-Infinity"),
        (-1.5, "-1.5"),
        (-1e-7, "-1e-7"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
    ],
)
def test_numbers_print_as_javascript_prints_them(value: int | float, text: str) -> None:
    assert js_number(value) == text


def test_values_are_compared_as_lower_cased_text() -> None:
    assert [indexed(v) for v in (True, False, "İX", 2.0, "ẞ")] == ["true", "false", "i̇x", "2", "ß"]
