"""Incremental ingestions as operators see and steer them, where the caller may. Source: spec/catalog.md §1.5."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from app.errors import NotFoundError
from app.interfaces import Principal
from catalog.permissions.permissions import INGESTION_MANAGE, INGESTION_READ
from catalog.service import audit
from catalog.service.authorized import Gate
from catalog.store.ingestions import Deleted, Ingestion, Ingestions, Mark


class SteeredIngestions:
    """Every method raises NotAllowedError; those about one provider NotFoundError where it has never begun."""

    def __init__(self, gate: Gate, ingestions: Ingestions) -> None:
        self._gate = gate
        self._ingestions = ingestions

    async def providers(self, caller: Principal) -> list[str]:
        await self._gate.require(INGESTION_READ, caller)
        return await self._ingestions.providers()

    async def current(self, provider: str, caller: Principal) -> Ingestion | None:
        """The open one; None between two."""
        await self._gate.require(INGESTION_READ, caller)
        return await self._current(provider)

    async def marks(self, provider: str, caller: Principal) -> list[Mark] | None:
        """The pages of the open one, the newest first; None between two."""
        await self._gate.require(INGESTION_READ, caller)
        current = await self._current(provider)
        return None if current is None else await self._ingestions.marks(current.id)

    async def hurry(self, provider: str, caller: Principal) -> bool:
        """The next action comes at once. False between two ingestions, here and below: there is nothing to steer."""
        return await self._steer("trigger-ingestion", provider, caller, self._ingestions.hurry)

    async def restart(self, provider: str, caller: Principal) -> bool:
        return await self._steer("start-ingestion", provider, caller, self._ingestions.restart)

    async def stop(self, provider: str, caller: Principal) -> bool:
        return await self._steer("cancel-ingestion", provider, caller, self._ingestions.stop)

    async def purge(self, provider: str, caller: Principal) -> Deleted:
        with audit.changing("entity-mutate", caller, actionType="purge-ingestion", provider=provider):
            await self._gate.require(INGESTION_MANAGE, caller)
            await self._current(provider)
            return await self._ingestions.purge(provider)

    async def purge_all(self, caller: Principal) -> Deleted:
        with audit.changing("entity-mutate", caller, actionType="purge-ingestions"):
            await self._gate.require(INGESTION_MANAGE, caller)
            return await self._ingestions.purge_all()

    async def clear_finished(self, provider: str, caller: Principal) -> Deleted:
        with audit.changing("entity-mutate", caller, actionType="clear-ingestion-marks", provider=provider):
            await self._gate.require(INGESTION_MANAGE, caller)
            await self._current(provider)
            return await self._ingestions.clear_finished(provider)

    async def _steer(
        self, action: str, provider: str, caller: Principal, change: Callable[[str], Awaitable[None]]
    ) -> bool:
        with audit.changing("entity-mutate", caller, actionType=action, provider=provider):
            await self._gate.require(INGESTION_MANAGE, caller)
            if await self._current(provider) is None:
                return False
            await change(provider)
            return True

    async def _current(self, provider: str) -> Ingestion | None:
        found = await self._ingestions.current(provider)
        if found is None and provider not in await self._ingestions.providers():
            raise NotFoundError(f"Provider '{provider}' not found")
        return found
