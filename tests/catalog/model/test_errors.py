from __future__ import annotations

from app.errors import CallboardError, InputError
from catalog.model.errors import FormError, serialized


def test_an_error_is_written_with_its_causes() -> None:
    error = InputError("outer", cause=FormError("inner"))
    assert serialized(error) == {
        "name": "InputError",
        "message": "outer; caused by TypeError: inner",
        "cause": {"name": "TypeError", "message": "inner"},
    }


def test_further_members_are_kept_but_do_not_replace_the_name() -> None:
    assert serialized(CallboardError("x", extra={"code": "E1", "name": "y"})) == {
        "name": "Error",
        "message": "x",
        "code": "E1",
    }


def test_an_endless_chain_of_causes_is_cut() -> None:
    error = CallboardError("x")
    error.cause = error
    written = serialized(error, depth=3)
    assert written["cause"]["cause"]["cause"] == {"name": "Error", "message": "x"}


def test_foreign_errors_are_plain_errors() -> None:
    assert serialized(ValueError("x")) == {"name": "Error", "message": "x"}
