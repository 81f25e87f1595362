"""The four filters a stock backend registers, as templating-extensions describes them."""

from collections.abc import Iterable
from typing import Any, Final

from scaffolder.interfaces import TemplateFilter
from scaffolder.language.host_filters import filter_functions
from scaffolder.language.repo_url import IntegrationType, RepoUrl

_DRAFT: Final = {"$schema": "http://json-schema.org/draft-07/schema#"}
_STRING: Final = {"type": "string"}
_REF: Final = ("kind", "namespace", "name")


def default_filters(integration_type: IntegrationType) -> list[TemplateFilter]:
    """The filters, given how to tell the type of a host's integration. Source: spec/scaffolder.md §1.11, §4.4."""
    functions = filter_functions(integration_type)
    return [
        TemplateFilter(
            "parseRepoUrl",
            functions["parseRepoUrl"],
            "The parts of a repository URL: host, repository and whoever owns it.",
            {"input": _STRING | _DRAFT, "output": _record(("repo", "host"), _repo_properties())},
            [{"description": "What the picker gives", "example": "${{ parameters.repoUrl | parseRepoUrl }}"}],
        ),
        TemplateFilter(
            "parseEntityRef",
            functions["parseEntityRef"],
            "The kind, namespace and name of an entity reference.",
            {
                "input": {"anyOf": [_STRING, _part(("name",), _REF)], **_DRAFT},
                "arguments": [{"anyOf": [{"not": {}}, _part((), ("defaultKind", "defaultNamespace"))], **_DRAFT}],
                "output": _record(_REF, _REF),
            },
            [{"example": "${{ parameters.owner | parseEntityRef({defaultKind: 'Group'}) }}"}],
        ),
        TemplateFilter(
            "pick",
            functions["pick"],
            "One property of an object, by its path.",
            {"input": dict(_DRAFT), "arguments": [_STRING | _DRAFT], "output": dict(_DRAFT)},
            [{"example": "${{ parameters.owner | parseEntityRef | pick('name') }}"}],
        ),
        TemplateFilter(
            "projectSlug",
            functions["projectSlug"],
            "Owner and repository of a repository URL, with a slash between.",
            {"input": _STRING | _DRAFT, "output": _STRING | _DRAFT},
            [{"example": "${{ parameters.repoUrl | projectSlug }}"}],
        ),
    ]


def _repo_properties() -> list[str]:
    names = [name for name in RepoUrl.__dataclass_fields__ if name not in ("repo", "host")]
    return ["repo", "host", *names]


def _part(required: Iterable[str], names: Iterable[str]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": {name: dict(_STRING) for name in names}}
    if wanted := list(required):
        schema["required"] = wanted
    return schema | {"additionalProperties": False}


def _record(required: Iterable[str], names: Iterable[str]) -> dict[str, Any]:
    return _part(required, names) | _DRAFT
