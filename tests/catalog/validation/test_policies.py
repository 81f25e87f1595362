"""Texts recorded from the reference: conformance group catalog-13."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from app.errors import CallboardError
from catalog.model.errors import FormError
from catalog.validation.envelope import check_envelope, envelope_violation
from catalog.validation.policies import EnvelopeError, FieldError, enforce_policies
from tests.catalog.validation.samples import VALID

MORE = (
    " To learn more about catalog file format, visit: https://github.com/backstage/backstage/blob/master/docs/"
    "architecture-decisions/adr002-default-catalog-file-format.md"
)


def changed(**changes: Any) -> dict[str, Any]:
    """`metadata__name="x"` sets, `metadata__name=...` removes."""
    entity = copy.deepcopy(VALID)
    for path, value in changes.items():
        *parents, key = path.split("__")
        holder = entity
        for parent in parents:
            holder = holder[parent]
        if value is ...:
            del holder[key]
        else:
            holder[key] = value
    return entity


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"metadata__name": "-x"},
            '"metadata.name" is not valid; expected a string that is sequences of [a-zA-Z0-9] separated by any of '
            '[-_.], at most 63 characters in total but found "-x".' + MORE,
        ),
        (
            {"metadata__namespace": "A"},
            '"metadata.namespace" is not valid; expected a string that is sequences of [a-z0-9] separated by [-], at '
            'most 63 characters in total but found "A".' + MORE,
        ),
        (
            {"metadata__tags": ["b", "A", "C"]},
            '"tags.1" is not valid; expected a string that is sequences of [a-z0-9+#] separated by [-], at most 63 '
            'characters in total but found "A".' + MORE,
        ),
        (
            {"metadata__labels": {"a": "-"}},
            '"labels.a" is not valid; expected a string that is sequences of [a-zA-Z0-9] separated by any of [-_.], '
            'at most 63 characters in total but found "-".' + MORE,
        ),
        (
            {"metadata__annotations": {"A/b/c": "d"}},
            '"annotations.A/b/c" is not valid; expected a valid prefix and/or suffix but found "A/b/c".' + MORE,
        ),
        (
            {"metadata__links": [{"url": "x"}]},
            '"links.0.url" is not valid; expected a string that is a valid url but found "x".' + MORE,
        ),
        ({"metadata__title": ""}, "Malformed envelope, /metadata/title must NOT have fewer than 1 characters"),
        ({"extra": 1}, "Malformed envelope, <root> must NOT have additional properties"),
        ({"relations": []}, "Unknown field relations"),
        ({"status": {}}, "Unknown field status"),
        ({"spec": None}, "Malformed envelope, /spec must be object"),
    ],
)
def test_a_broken_rule_is_told_in_the_reference_s_words(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CallboardError) as caught:
        enforce_policies(changed(**changes))
    assert (caught.value.name, str(caught.value)) == ("Error", message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metadata__name": ...}, "/metadata must have required property 'name' - missingProperty: name"),
        ({"metadata__name": 5}, "/metadata/name must be string - type: string"),
        ({"kind": ...}, "<root> must have required property 'kind' - missingProperty: kind"),
        ({"metadata": ...}, "<root> must have required property 'metadata' - missingProperty: metadata"),
        ({"metadata__namespace": None}, "/metadata/namespace must be string - type: string"),
        (
            {"apiVersion": ..., "kind": ...},
            "<root> must have required property 'apiVersion' - missingProperty: apiVersion",
        ),
    ],
)
def test_a_bad_envelope_is_told_in_the_reference_s_words(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FormError) as caught:
        check_envelope(changed(**changes))
    assert (caught.value.name, str(caught.value)) == ("TypeError", message)


def test_an_entity_that_is_right_is_returned_as_it_is() -> None:
    entity = copy.deepcopy(VALID)
    assert enforce_policies(entity) is entity
    assert entity == VALID
    assert envelope_violation(entity) is None


def test_the_namespace_is_filled_in_without_touching_what_was_given() -> None:
    entity = changed(metadata__namespace=...)
    assert enforce_policies(entity)["metadata"]["namespace"] == "default"
    assert "namespace" not in entity["metadata"]


def test_errors_lead_to_the_field() -> None:
    with pytest.raises(FieldError) as field:
        enforce_policies(changed(metadata__labels={"a/b/c": "x"}))
    assert (field.value.path, field.value.at_key) == (("metadata", "labels", "a/b/c"), True)
    with pytest.raises(EnvelopeError) as envelope:
        enforce_policies(changed(metadata__tags=["a", 1]))
    assert envelope.value.violation.path == ("metadata", "tags", 1)
