"""The built-in filters: a closed table. Source: spec/scaffolder.md §4.2 "Filters"."""

from collections.abc import Mapping
from typing import Final

from scaffolder.language.filters.calling import BuiltinFilter
from scaffolder.language.filters.casing import CASING_FILTERS
from scaffolder.language.filters.encoding import ENCODING_FILTERS
from scaffolder.language.filters.layout import LAYOUT_FILTERS
from scaffolder.language.filters.markup import MARKUP_FILTERS
from scaffolder.language.filters.numeric import NUMERIC_FILTERS
from scaffolder.language.filters.records import RECORD_FILTERS
from scaffolder.language.filters.replacing import REPLACING_FILTERS
from scaffolder.language.filters.selection import SELECTION_FILTERS
from scaffolder.language.filters.sequences import SEQUENCE_FILTERS

FILTERS: Final[Mapping[str, BuiltinFilter]] = {
    **CASING_FILTERS,
    **ENCODING_FILTERS,
    **LAYOUT_FILTERS,
    **MARKUP_FILTERS,
    **NUMERIC_FILTERS,
    **RECORD_FILTERS,
    **REPLACING_FILTERS,
    **SELECTION_FILTERS,
    **SEQUENCE_FILTERS,
}

COOKIECUTTER_FILTERS: Final[Mapping[str, BuiltinFilter]] = {**FILTERS, "jsonify": FILTERS["dump"]}
