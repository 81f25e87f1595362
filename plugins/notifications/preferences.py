"""What a user wants to be told, by channel, origin and topic. Pure. Source: spec/ui-backends.md §8."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from plugins.notifications.settings import DefaultChannel, DefaultOrigin

WEB: Final = "Web"
"""The channel of notifications within the portal."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """One stored switch; `topic` empty stands for the whole origin."""

    channel: str
    origin: str
    topic: str
    enabled: bool


@dataclass
class _Origin:
    enabled: bool = True
    topics: dict[str, bool] = field(default_factory=dict)


def choices_of(channels: Iterable[Json]) -> list[Choice]:
    """The switches in settings as the wire has them; a topic is off where its origin is."""
    chosen: dict[tuple[str, str, str], Choice] = {}
    for channel in channels:
        for origin in channel["origins"]:
            on = origin["enabled"]
            chosen[channel["id"], origin["id"], ""] = Choice(channel["id"], origin["id"], "", on)
            for topic in origin.get("topics", ()):
                key = (channel["id"], origin["id"], topic["id"])
                chosen[key] = Choice(*key, enabled=on and topic["enabled"])
    return list(chosen.values())


def wants(choices: Iterable[Choice], defaults: Sequence[DefaultChannel], channel: str, origin: str, topic: str) -> bool:
    """Whether a user with these choices wants a notification; `topic` is empty for one without."""
    default = _default_channel(defaults, channel)
    known = _origins(choices, channel)
    if default is not None and default.enabled is not False:
        for one in default.origins:
            if _find(known, one.id) is None:
                known[one.id] = _Origin(one.enabled, {topic.id: topic.enabled for topic in one.topics})
    found = known.get(origin)
    if found is None:
        return default is None or default.enabled is not False
    return found.topics.get(topic, found.enabled) if topic else found.enabled


def shown(
    choices: Sequence[Choice],
    defaults: Sequence[DefaultChannel],
    channels: Sequence[str],
    known: Sequence[tuple[str, str]],
) -> Json:
    """The settings as the wire has them.

    `channels` are those there are, `known` the origins and topics (empty: none) of what the user has been sent.
    """
    names = list(channels)
    origins = list(dict.fromkeys(origin for origin, _ in known))
    topics = list(dict.fromkeys((origin, topic) for origin, topic in known if topic))
    for default in defaults:
        if default.id not in names:
            names.append(default.id)
        for one in default.origins:
            if one.id not in origins:
                origins.append(one.id)
            topics += [(one.id, topic.id) for topic in one.topics if (one.id, topic.id) not in topics]
    return {"channels": [_channel(name, choices, defaults, origins, topics) for name in names]}


def _channel(
    name: str,
    choices: Sequence[Choice],
    defaults: Sequence[DefaultChannel],
    origins: Sequence[str],
    topics: Sequence[tuple[str, str]],
) -> Json:
    default = _default_channel(defaults, name)
    explicit = None if default is None else default.enabled
    otherwise = explicit is not False
    existing = _origins(choices, name)
    listed = []
    for origin in origins:
        known, fallback = _find(existing, origin), _default_origin(default, origin)
        on = known.enabled if known is not None else otherwise if fallback is None else fallback.enabled
        by_default = {one.id.lower(): one.enabled for one in fallback.topics} if fallback is not None else {}
        chosen = {} if known is None else {topic.lower(): enabled for topic, enabled in known.topics.items()}
        listed.append(
            {
                "id": origin,
                "enabled": on,
                "topics": [
                    {
                        "id": topic,
                        "enabled": chosen.get(
                            topic.lower(), by_default.get(topic.lower(), otherwise if explicit is not None else on)
                        ),
                    }
                    for of, topic in topics
                    if of == origin
                ],
            }
        )
    return {"id": name, **({} if explicit is None else {"enabled": explicit}), "origins": listed}


def _origins(choices: Iterable[Choice], channel: str) -> dict[str, _Origin]:
    found: dict[str, _Origin] = {}
    for choice in choices:
        if choice.channel.lower() != channel.lower():
            continue
        origin = found.setdefault(choice.origin, _Origin())
        if choice.topic:
            origin.topics[choice.topic] = choice.enabled
        else:
            origin.enabled = choice.enabled
    return found


def _find(origins: dict[str, _Origin], name: str) -> _Origin | None:
    return next((origin for known, origin in origins.items() if known.lower() == name.lower()), None)


def _default_channel(defaults: Sequence[DefaultChannel], name: str) -> DefaultChannel | None:
    return next((one for one in defaults if one.id.lower() == name.lower()), None)


def _default_origin(channel: DefaultChannel | None, name: str) -> DefaultOrigin | None:
    origins = () if channel is None else channel.origins
    return next((one for one in origins if one.id.lower() == name.lower()), None)
