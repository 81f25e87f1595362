"""Quotas of the fake, by credential and resource."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Quotas:
    """`limits` can be set low by a test; `used` counts by (credential, resource)."""

    limits: dict[str, int] = field(default_factory=lambda: {"core": 5000, "graphql": 5000, "search": 30})
    used: dict[tuple[str, str], int] = field(default_factory=dict)
    period_s: float = 3600.0
    began: float = field(default_factory=time.time)

    def spend(self, who: str, resource: str, cost: int = 1) -> bool:
        """False: there is nothing left."""
        if time.time() > self.began + self.period_s:
            self.began, self.used = time.time(), {}
        key = (who, resource)
        if self.used.get(key, 0) + cost > self.limits.get(resource, 5000):
            return False
        self.used[key] = self.used.get(key, 0) + cost
        return True

    def headers(self, who: str, resource: str) -> dict[str, str]:
        limit, used = self.limits.get(resource, 5000), self.used.get((who, resource), 0)
        return {
            "x-ratelimit-limit": str(limit),
            "x-ratelimit-used": str(used),
            "x-ratelimit-remaining": str(max(limit - used, 0)),
            "x-ratelimit-reset": str(int(self.began + self.period_s) + 1),
            "x-ratelimit-resource": resource,
        }
