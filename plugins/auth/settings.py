"""`auth` in the configuration. Source: spec/ui-backends.md §3."""

from __future__ import annotations

from pydantic import BaseModel, Field


class GuestSettings(BaseModel, frozen=True, extra="ignore", populate_by_name=True, use_attribute_docstrings=True):
    """`auth.providers.guest`; `{}` is enough to switch it on."""

    user_entity_ref: str = Field(default="user:development/guest", alias="userEntityRef")
    ownership_entity_refs: tuple[str, ...] | None = Field(default=None, alias="ownershipEntityRefs")
    """What the guest owns things in the name of, unless the catalog knows the user; by default the guest alone."""
    allow_outside_development: bool = Field(default=False, alias="dangerouslyAllowOutsideDevelopment")


class ProviderSettings(BaseModel, frozen=True, extra="ignore", use_attribute_docstrings=True):
    guest: GuestSettings | None = None


class SignInSettings(BaseModel, frozen=True, extra="ignore", use_attribute_docstrings=True):
    environment: str = "development"
    """Which of a provider's environments the frontend uses."""
    providers: ProviderSettings = ProviderSettings()
