"""Replaces secrets by `***`, however they are spelt, and also where one is cut by the end of a log line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from weakref import WeakValueDictionary

from scaffolder.secrets.spellings import SHORTEST, spellings

MASK: Final = "***"
_SHORTEST_PART: Final = 6
"""Characters of a cut secret that are worth masking."""


class Mask:
    """Masks the given secrets, and further texts that `with_texts` adds as they are.

    Immutable. Source: spec/scaffolder.md §3.6, which masks the plain spelling only.
    """

    def __init__(self, secrets: Iterable[str] = (), texts: Iterable[str] = ()) -> None:
        known = {text for secret in secrets for text in spellings(secret)}
        self._build(known, frozenset(known), frozenset(texts))

    def _build(self, known: Iterable[str], cut: frozenset[str], texts: frozenset[str]) -> None:
        self._spellings, self._texts = cut, texts
        added = (one for text in texts for one in (text, text.strip()) if len(one.strip()) >= SHORTEST)
        # The longest first: one secret may begin with another.
        ordered = sorted({*known, *added}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        self.reach = max(map(len, cut), default=0)
        """Length of the longest spelling: how far a secret may begin before a line's start."""
        parts = ((max(_SHORTEST_PART, (len(whole) + 1) // 2), whole) for whole in cut)
        self._halves = [(least, whole) for least, whole in parts if len(whole) > least]
        """How much of each spelling has to be there to be worth masking. Most lines are shorter than most tokens."""
        self._endings = frozenset(whole[-length:] for whole in cut for length in range(1, _SHORTEST_PART))

    def with_texts(self, texts: Iterable[str]) -> Mask:
        """A mask that also hides these texts."""
        more = frozenset(texts)
        if more <= self._texts:
            return self
        mask = Mask()
        mask._build(self._spellings, self._spellings, self._texts | more)
        return mask

    def __call__(self, text: str) -> str:
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def value(self, value: Any) -> Any:
        """A JSON value with all its strings masked, keys included."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {self(key): self.value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(item) for item in value]
        return value

    def ends(self, text: str) -> str:
        """Mask `text`, and what may be half a secret or more at its start and at its end."""
        if self._pattern is None or not text:
            return text
        halves = [(least, whole) for least, whole in self._halves if least <= len(text)]
        start = max((self._cut(text, least, whole, tail=True) for least, whole in halves), default=0)
        end = max((self._cut(text, least, whole, tail=False) for least, whole in halves), default=0)
        if not start and not end:
            return self(text)
        if start + end >= len(text):
            return MASK
        middle = self(text[start : len(text) - end])
        return (MASK if start else "") + middle + (MASK if end else "")

    @staticmethod
    def _cut(text: str, least: int, whole: str, *, tail: bool) -> int:
        """How many characters of `text` are the tail (or head) of a secret: at least half of it, or 0."""
        if whole[-least:] not in text[: len(whole)] if tail else whole[:least] not in text[-len(whole) :]:
            return 0
        for length in range(min(len(whole) - 1, len(text)), least - 1, -1):
            if text.startswith(whole[-length:]) if tail else text.endswith(whole[:length]):
                return length
        return 0

    def spanning(self, before: str, text: str) -> int:
        """How many characters at the start of `text` end a secret that began in `before`."""
        longest = 0
        for whole in self._that_may_end(text):
            tail = before[-(len(whole) - 1) :]
            at = (tail + text[: len(whole) - 1]).find(whole)
            if at >= 0:
                longest = max(longest, at + len(whole) - len(tail))
        return longest

    def _that_may_end(self, text: str) -> Iterable[str]:
        """The spellings whose end `text` may begin with, told by its first characters."""
        head = text[:_SHORTEST_PART]
        endings = tuple({text[:length] for length in range(1, _SHORTEST_PART)} & self._endings)
        return [whole for whole in self._spellings if head in whole or whole.endswith(endings)]


_in_use: WeakValueDictionary[frozenset[str], Mask] = WeakValueDictionary()


def mask_of(secrets: Iterable[str]) -> Mask:
    """A mask of secrets, one for all tasks that have the same and run at the same time; gone with the last of them."""
    key = frozenset(secrets)
    mask = _in_use.get(key)
    if mask is None:
        _in_use[key] = mask = Mask(key)
    return mask


class LineMask:
    """Masks lines that follow each other: a secret may begin in one and end in the next."""

    def __init__(self) -> None:
        self._before = ""

    def __call__(self, mask: Mask, text: str) -> str:
        spanning = mask.spanning(self._before, text)
        self._before = (self._before + text)[-mask.reach :] if mask.reach else ""
        return MASK + mask.ends(text[spanning:]) if spanning else mask.ends(text)
