"""What the configuration says under `scaffolder`. Source: spec/scaffolder.md §3.6, §3.8."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from app.config import Duration


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="ignore", defer_build=True, populate_by_name=True, hide_input_in_errors=True
    )


class EnvironmentSettings(_Part):
    parameters: dict[str, str] = Field(default_factory=dict)
    """What templates see as `environment.parameters`."""
    secrets: dict[str, str] = Field(default_factory=dict, repr=False)
    """What step inputs see as `environment.secrets`; masked in logs."""


class RecoverySettings(_Part):
    enabled: bool = True
    """Go on with tasks whose worker has gone. (The reference has this off unless it is asked for.)"""
    stale_timeout: Duration = Field(default=timedelta(seconds=30), alias="staleTimeout")
    """How long a worker may be silent before another takes its tasks over."""
    max_attempts: int = Field(default=5, alias="maxAttempts", ge=1)
    """A task whose worker has gone so often fails."""
    workspace_provider: Literal["local", "database"] | None = Field(default=None, alias="workspaceProvider")
    """Where workspaces outlive their worker: on its machine (or in a `backend.workingDirectory` that all share), or in
    the database, up to 50 MB each, for workers on several machines."""


class AuditorSettings(_Part):
    task_parameter_max_length: int = Field(default=256, alias="taskParameterMaxLength", ge=-1)
    """Characters of each of a task's parameters that audit records hold; -1: all."""


class ScaffolderSettings(_Part):
    concurrent_tasks_limit: int = Field(default=10, alias="concurrentTasksLimit", ge=0)
    """Tasks a worker runs at once; 0: this process runs none."""
    task_timeout: Duration = Field(default=timedelta(hours=24), alias="taskTimeout")
    """A task without a heartbeat for so long has failed."""
    task_timeout_janitor_frequency: Duration = Field(default=timedelta(minutes=5), alias="taskTimeoutJanitorFrequency")
    task_recovery: RecoverySettings = Field(default_factory=RecoverySettings.model_construct, alias="taskRecovery")
    task_retention: Duration | None = Field(default=None, alias="taskRetention")
    """Tasks that ended so long ago are forgotten, with their logs; none if absent."""
    shutdown_timeout: Duration = Field(default=timedelta(seconds=10), alias="shutdownTimeout")
    """How long running steps may take to finish when the process stops; others then go on with the tasks."""
    auditor: AuditorSettings = Field(default_factory=AuditorSettings.model_construct)
    default_environment: EnvironmentSettings = Field(
        default_factory=EnvironmentSettings.model_construct, alias="defaultEnvironment"
    )
    secrets_key: SecretStr | list[SecretStr] | None = Field(default=None, alias="secretsKey")
    """Encrypts tasks' secrets at rest. Of several the first encrypts and all decrypt. Otherwise the first of
    `backend.auth.keys`, or a key file in the data directory: processes on several machines need one in common."""

    @model_validator(mode="before")
    @classmethod
    def _older_names(cls, value: Any) -> Any:
        """`EXPERIMENTAL_recoverTasks`, its time-out and `EXPERIMENTAL_workspaceSerialization`, as releases before 4 had
        them."""
        if not isinstance(value, dict) or "taskRecovery" in value:
            return value
        older: dict[str, Any] = {}
        if "EXPERIMENTAL_recoverTasks" in value:
            older["enabled"] = value["EXPERIMENTAL_recoverTasks"]
        if "EXPERIMENTAL_recoverTasksTimeout" in value:
            older["staleTimeout"] = value["EXPERIMENTAL_recoverTasksTimeout"]
        if value.get("EXPERIMENTAL_workspaceSerialization"):
            older["workspaceProvider"] = value.get("EXPERIMENTAL_workspaceSerializationProvider", "database")
        return {**value, "taskRecovery": older} if older else value

    @property
    def keys(self) -> list[bytes]:
        """Configured keys, the encrypting one first."""
        found = self.secrets_key if isinstance(self.secrets_key, list) else [self.secrets_key]
        return [one.get_secret_value().encode() for one in found if one is not None and one.get_secret_value()]
