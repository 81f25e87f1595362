from __future__ import annotations

import copy
import json
from typing import Any

from catalog.stitching.final_entity import final_entity
from catalog.stitching.terms import terms_of

PROCESSED: dict[str, Any] = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "Component",
    "metadata": {"name": "Till", "annotations": {"a/b": "c"}},
    "spec": {"type": "service", "size": 12345678901234567000, "far": 1e21},
}
UID = "00000000-0001-4000-8000-000000000000"


def test_everything_known_comes_together() -> None:
    error = {"name": "InputError", "message": "no owner", "cause": {"name": "TypeError", "message": "x"}}
    relations = [("ownedBy", "group:default/b"), ("dependsOn", "component:default/z"), ("ownedBy", "group:default/a")]
    final = final_entity(PROCESSED, uid=UID, relations=[*relations, relations[0]], errors=[error], orphan=True)
    assert final.entity == {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {
            "name": "Till",
            "namespace": "default",
            "uid": UID,
            "etag": final.hash,
            "annotations": {"a/b": "c", "backstage.io/orphan": "true"},
        },
        "spec": PROCESSED["spec"],
        "relations": [
            {"type": "dependsOn", "targetRef": "component:default/z"},
            {"type": "ownedBy", "targetRef": "group:default/a"},
            {"type": "ownedBy", "targetRef": "group:default/b"},
        ],
        "status": {
            "items": [
                {
                    "type": "backstage.io/catalog-processing",
                    "level": "error",
                    "message": "InputError: no owner",
                    "error": error,
                }
            ]
        },
    }
    assert json.loads(final.document) == final.entity
    assert b'"size":12345678901234567000' in final.document


def test_what_was_processed_is_left_as_it_was() -> None:
    before = copy.deepcopy(PROCESSED)
    final_entity(PROCESSED, uid=UID, relations=[("a", "b")], errors=[{"name": "E", "message": "m"}], orphan=True)
    assert before == PROCESSED


def test_relations_are_always_there_and_status_only_with_errors() -> None:
    entity = final_entity(PROCESSED, uid=UID).entity
    assert entity["relations"] == []
    assert "status" not in entity


def test_the_etag_is_the_hash_unless_the_source_brought_one() -> None:
    final = final_entity(PROCESSED, uid=UID)
    assert final.entity["metadata"]["etag"] == final.hash
    assert len(final.hash) == 40
    own = {**PROCESSED, "metadata": {**PROCESSED["metadata"], "etag": "mine", "uid": "theirs"}}
    metadata = final_entity(own, uid=UID).entity["metadata"]
    assert (metadata["etag"], metadata["uid"]) == ("mine", UID)


def test_the_hash_changes_with_content_alone() -> None:
    relations = [("a", "x"), ("b", "y")]
    reordered = dict(reversed(list(PROCESSED.items())))
    first = final_entity(PROCESSED, uid=UID, relations=relations).hash
    assert final_entity(reordered, uid=UID, relations=relations[::-1]).hash == first
    assert final_entity(PROCESSED, uid=UID, relations=relations[:1]).hash != first
    assert final_entity(PROCESSED, uid=UID, relations=relations, orphan=True).hash != first
    assert final_entity(PROCESSED, uid="other", relations=relations).hash != first


def test_script_urls_are_replaced_where_pages_link_to_them() -> None:
    annotations = {
        "backstage.io/view-url": "JavaScript:void(0)",
        "backstage.io/edit-url": "java\tscript:alert(1)",
        "x.example/url": "javascript:1",
    }
    processed = {**PROCESSED, "metadata": {"name": "x", "annotations": annotations}}
    assert final_entity(processed, uid=UID).entity["metadata"]["annotations"] == {
        "backstage.io/view-url": "https://backstage.io/annotation-rejected-for-security-reasons",
        "backstage.io/edit-url": "https://backstage.io/annotation-rejected-for-security-reasons",
        "x.example/url": "javascript:1",
    }


def test_status_items_of_processors_stay_before_those_of_errors() -> None:
    processed = {**PROCESSED, "status": {"items": [{"type": "t"}], "more": 1}}
    status = final_entity(processed, uid=UID, errors=[{"name": "E", "message": "m"}]).entity["status"]
    assert [item["type"] for item in status["items"]] == ["t", "backstage.io/catalog-processing"]
    assert status["more"] == 1


def test_a_nul_stays_in_the_document_and_not_in_the_terms() -> None:
    processed = {**PROCESSED, "spec": {"a": "b\0c"}}
    final = final_entity(processed, uid=UID)
    assert rb"b\u0000c" in final.document
    assert "b\ufffdc" in [term.value for term in terms_of(final.entity)]
