from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.json_numbers import dumps, js_number, js_number_text, js_value
from tests.reference.npm import ask, installed


@pytest.mark.parametrize(
    ("number", "kept", "text"),
    [
        (7, 7, "7"),
        (1.0, 1, "1"),
        (1.50, 1.5, "1.5"),
        (-0.0, 0, "0"),
        (1e21, 1e21, "1e+21"),
        (1e-7, 1e-7, "1e-7"),
        (0.000001, 0.000001, "0.000001"),
        (1.5e-6, 1.5e-6, "0.0000015"),
        (-2.5e-7, -2.5e-7, "-2.5e-7"),
        (2**53, 2**53, "9007199254740992"),
        (2**53 + 1, 2**53, "9007199254740992"),
        (12345678901234567890, 12345678901234567000, "12345678901234567000"),
        (-123456789012345678901, -123456789012345680000, "-123456789012345680000"),
        (1e20, 100000000000000000000, "100000000000000000000"),
    ],
)
def test_numbers_are_kept_and_printed_as_javascript_does(number: float, kept: float, text: str) -> None:
    found = js_number(number)
    assert found == kept
    assert type(found) is type(kept)
    assert found is not None
    assert js_number_text(found) == text


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 10**400])
def test_what_json_cannot_hold_is_null(number: float) -> None:
    assert js_number(number) is None


def test_containers_are_changed_in_place() -> None:
    value: Any = {"a": [1.0, {"b": 2.0, "c": math.nan}], "d": True, "e": "1.0"}
    assert js_value(value) is value
    assert value == {"a": [1, {"b": 2, "c": None}], "d": True, "e": "1.0"}
    assert type(value["a"][0]) is int
    assert js_value(3.0) == 3


def test_integers_beyond_64_bits_and_lone_surrogates_can_be_written() -> None:
    assert dumps({"a": [100000000000000000000, "x\ud800y"], "b": -(2**70)}) == (
        '{"a":[100000000000000000000,"x\ufffdy"],"b":-1180591620717411303424}'.encode()
    )


def test_javascript_agrees() -> None:
    numbers = [
        0.1 + 0.2,
        5e-324,
        1.7976931348623157e308,
        123456.789e3,
        2**63,
        2**64,
        2**70,
        9.5e20,
        1e22,
        4.35,
        1e-6 / 3,
    ]
    numbers += [3.0**exponent for exponent in range(-40, 60)]
    answers = ask("model.js", [{"ask": "number", "of": repr(number)} for number in numbers], installed())
    kept = [js_number(number) for number in numbers]
    assert [js_number_text(number) for number in kept if number is not None] == [one["answer"] for one in answers]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_keeps_its_value(number: float) -> None:
    kept = js_number(number)
    assert kept is not None
    assert float(kept) == number
    assert float(js_number_text(kept)) == number
    assert json.loads(dumps(kept)) == kept
