"""Secrets are masked however they are spelt. Source: spec/scaffolder.md §3.6; FIELD §2, row 35."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffolder.secrets.masking import LineMask, Mask

SECRET = 'p@ss/wörd "x"+1'
secrets = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=8, max_size=40).filter(
    lambda text: len(text.strip()) >= 8
)
around = st.text(st.sampled_from("abz ,.:/-_"), max_size=12)


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        json.dumps({"key": [SECRET]}),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        SECRET.encode().hex(),
        f"https://user:{quote(SECRET, safe='')}@example.com/",
    ],
)
def test_each_spelling_is_masked(spelling: str) -> None:
    masked = Mask([SECRET])(f"before {spelling} after")
    assert "***" in masked
    for part in (SECRET, quote(SECRET, safe=""), base64.b64encode(SECRET.encode()).decode()[:12]):
        assert part not in masked


@given(secret=secrets, before=around, after=around)
def test_a_secret_within_base64_of_a_longer_text_is_masked(secret: str, before: str, after: str) -> None:
    encoded = base64.b64encode(f"{before}{secret.strip()}{after}".encode()).decode()
    assert "***" in Mask([secret])(encoded)


@given(secret=secrets, before=around, after=around)
def test_no_plain_secret_is_left_in_any_text(secret: str, before: str, after: str) -> None:
    assert secret.strip() not in Mask([secret])(f"{before}{secret}{after}{secret.strip()}")


@given(secret=secrets, before=around, after=around, cut=st.integers(0, 40))
def test_a_secret_cut_by_the_end_of_a_line_shows_less_than_half(secret: str, before: str, after: str, cut: int) -> None:
    secret = secret.strip()
    at = min(cut, len(secret))
    lines, mask = LineMask(), Mask([secret])
    first, second = lines(mask, before + secret[:at]), lines(mask, secret[at:] + after)
    kept = max(6, (len(secret) + 1) // 2)
    for length in range(kept, len(secret) + 1):
        for start in range(len(secret) - length + 1):
            piece = secret[start : start + length]
            if piece not in before + "\0" + after:
                assert piece not in first
                assert piece not in second


def test_lines_of_a_long_secret_are_masked_one_by_one() -> None:
    key = "-----BEGIN KEY-----\nMIIBVAIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n"
    masked = [Mask([key])(line) for line in key.splitlines()]
    assert masked == ["***"] * 4


def test_one_character_hides_nothing() -> None:
    assert Mask(["x", " ", ""])("x y z") == "x y z"


def test_keys_and_values_of_json_are_masked() -> None:
    mask = Mask(["secret-value"])
    assert mask.value({"secret-value": ["a secret-value b", 1, None]}) == {"***": ["a *** b", 1, None]}


@given(secret=secrets, lines=st.lists(st.integers(1, 9), min_size=1, max_size=4), before=around, after=around)
def test_a_secret_spread_over_lines_never_comes_together(
    secret: str, lines: list[int], before: str, after: str
) -> None:
    text, written, mask, one = before + secret + after, list[str](), Mask([secret]), LineMask()
    for length in (len(before) + lines[0], *lines[1:]):
        written.append(one(mask, text[:length]))
        text = text[length:]
    written.append(one(mask, text))
    assert secret not in "".join(written)
