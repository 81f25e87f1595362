"""Descriptors that are not what they seem."""

from typing import Final

from tests.attacks.attack import Attack, Edit

_PARSING: Final = "tests/catalog/ingestion/test_parsing.py"
_SOURCES: Final = "tests/catalog/ingestion/test_sources.py"
_FINAL: Final = "catalog/stitching/final_entity.py"
_VALUES: Final = "catalog/ingestion/yaml_values.py"
_TARGETS: Final = "catalog/processing/targets.py"

DESCRIPTORS: Final = (
    Attack(
        "CVE-2023-25571",
        "`javascript:` in annotations that pages link to, however disguised",
        f"{_FINAL}:_safe_annotations, catalog/model/well_known.py:is_script_url",
        (Edit(_FINAL, "if isinstance(value, str) and well_known.is_script_url(value):", "if False:"),),
        ("tests/catalog/stitching/test_final_entity.py::test_script_urls_are_replaced_where_pages_link_to_them",),
    ),
    Attack(
        "CVE-2023-25571",
        "`javascript:` as the target of a location",
        "catalog/model/locations.py:parse_location_ref",
        (
            Edit(
                "catalog/model/locations.py",
                "    if is_script_url(target):\n        raise FormError(f\"Invalid location ref '{ref}',",
                "    if False:\n        raise FormError(f\"Invalid location ref '{ref}',",
            ),
        ),
        ("tests/catalog/model/test_locations.py::test_a_bad_location_ref_is_refused",),
    ),
    Attack(
        "CVE-2021-41151",
        "a descriptor on the web that names a file of the server as a location",
        f"{_TARGETS}:check_type",
        (Edit(_TARGETS, "    if kind != own.type and kind not in allowed:", "    if False:"),),
        (f"{_SOURCES}::test_a_web_location_reads_no_file_of_the_server",),
    ),
    Attack(
        "CVE-2021-41151",
        "a descriptor on the web that names a repository of the server",
        f"{_TARGETS}:check_type",
        (Edit(_TARGETS, "if is_local_remote(target) and not trusted:", "if False:"),),
        (f"{_SOURCES}::test_a_web_location_reads_no_repository_of_the_server",),
    ),
    Attack(
        "CVE-2026-44374",
        "users, groups and templates from places that may not bring them in",
        "catalog/processing/pipeline.py:_Run._check_rules",
        (
            Edit(
                "catalog/processing/pipeline.py",
                "if not rules.is_allowed(deferred.entity, self._origin):",
                "if False:",
            ),
        ),
        (f"{_SOURCES}::test_kinds_come_only_from_where_rules_allow",),
    ),
    Attack(
        "PyYAML: alias bombs",
        "a few aliases that stand for millions of values",
        f"{_VALUES}:Values._alias",
        (
            Edit(
                _VALUES,
                "if anchored.count * anchored.inside > MAX_ALIASES or self._expanded > MAX_EXPANDED:",
                "if False:",
            ),
        ),
        (
            f"{_PARSING}::test_too_many_aliases_are_taken_for_an_attack",
            f"{_PARSING}::test_aliases_of_nothing_much_are_an_attack_when_there_are_enough",
        ),
    ),
    Attack(
        "PyYAML: nesting",
        "collections nested so deeply that reading them ends the process",
        "catalog/ingestion/yaml_cursor.py:Cursor",
        (Edit("catalog/ingestion/yaml_cursor.py", "        if self.depth > MAX_DEPTH:", "        if False:"),),
        (f"{_PARSING}::test_deep_nesting_is_refused_before_it_hurts",),
    ),
    Attack(
        "PyYAML: size",
        "a text so large that reading it takes all memory",
        "catalog/ingestion/parsing.py:parse_documents",
        (Edit("catalog/ingestion/parsing.py", "    if len(text) > MAX_BYTES:", "    if False:"),),
        (f"{_PARSING}::test_a_huge_text_is_refused_unread",),
    ),
    Attack(
        "CVE-2024-45815",
        "`__proto__` as a key, for readers in whose language it is more than a name",
        f"{_VALUES}:DROPPED_KEY",
        (
            Edit(_VALUES, "            if text != DROPPED_KEY:", "            if True:"),
            Edit("catalog/ingestion/yaml_fast.py", "        mapping.pop(DROPPED_KEY, None)\n", ""),
        ),
        (f"{_PARSING}::test_prototypes_are_out_of_reach_and_other_names_are_plain_data",),
    ),
)
