"""Whether a file is text that may be rendered. Pure. Source: spec/scaffolder.md §4.6 (7)."""

from __future__ import annotations

from typing import Final

SAMPLE: Final = 512
"""Bytes that decide."""
_MAX_SUSPICIOUS: Final = 10  # per cent
_ENOUGH: Final = 32  # bytes, before which the share says little

_PLAIN: Final = bytes((*range(7, 15), *range(32, 128)))
_TEXT_MARKS: Final = (
    b"\xef\xbb\xbf",
    b"\x00\x00\xfe\xff",
    b"\xff\xfe\x00\x00",
    b"\x84\x31\x95\x33",
    b"\xfe\xff",
    b"\xff\xfe",
)


def is_binary(content: bytes) -> bool:
    """Byte order marks mean text, NUL and PDF mean binary, and so does a tenth of bytes no text would hold."""
    sample = content[:SAMPLE]
    if sample.startswith(b"%PDF-"):
        return True
    if sample.startswith(_TEXT_MARKS):
        return False
    if b"\0" in sample:
        return True
    if not sample.translate(None, _PLAIN):
        return False
    return _is_suspicious(sample)


def _is_suspicious(sample: bytes) -> bool:
    suspicious = at = 0
    while at < len(sample):
        byte = sample[at]
        if not (7 <= byte <= 14 or 32 <= byte <= 127):
            length = _sequence(sample, at)
            if length:
                at += length
                continue
            suspicious += 1
            if at >= _ENOUGH and suspicious * 100 > _MAX_SUSPICIOUS * len(sample):
                return True
        at += 1
    return suspicious * 100 > _MAX_SUSPICIOUS * len(sample)


def _sequence(sample: bytes, at: int) -> int:
    """The length of the UTF-8 sequence that starts here, 0 for none."""
    first = sample[at]
    length = 2 if 0xC0 <= first <= 0xDF else 3 if 0xE0 <= first <= 0xEF else 4 if 0xF0 <= first <= 0xF7 else 0
    rest = sample[at + 1 : at + length]
    return length if length and len(rest) == length - 1 and all(0x80 <= byte <= 0xBF for byte in rest) else 0
