"""What operators watch of sign-in. Providers are configured, so the series are few."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

sign_ins: Final = Counter("auth_sign_ins", "Sign-ins and renewals, by how they ended.", ("provider", "step", "result"))


def ended(provider: str, step: str, *, well: bool) -> None:
    """`step` is `sign-in` or `refresh`."""
    sign_ins.labels(provider, step, "ok" if well else "failed").inc()
