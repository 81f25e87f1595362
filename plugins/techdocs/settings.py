"""`techdocs.*`, and what of `search.collators.techdocs` this plugin reads. Source: spec/ui-backends.md §6, §7."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic.alias_generators import to_camel

from app.config import Duration
from app.confinement.limits import Limits


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, defer_build=True)


def _milliseconds(given: Any) -> Any:
    """A bare number counts milliseconds here."""
    return f"{given}ms" if isinstance(given, int | float) and not isinstance(given, bool) else given


class MkdocsSettings(_Settings):
    default_plugins: tuple[str, ...] = ()
    """mkdocs plugins that every site gets."""
    omit_techdocs_core_plugin: bool = False
    dangerously_allow_additional_keys: tuple[str, ...] = ()
    """Keys of mkdocs.yml that are kept beyond the known safe ones. Some run code."""
    dangerously_allow_additional_plugins: tuple[str, ...] = ()
    """mkdocs plugins that are kept beyond the known safe ones. Some run code."""
    legacy_copy_readme_md_to_index_md: bool = False
    """Where there is no index.md, a README.md becomes it."""
    disable_external_fonts: bool = False


class LimitSettings(_Settings):
    time: Duration = timedelta(minutes=5)
    """How long one build may take."""
    memory_mb: int = Field(default=2048, ge=256)
    files: int = Field(default=20_000, ge=100)
    """Files in the source, and files that a build may write."""
    megabytes: int = Field(default=1024, ge=1)
    """Size of the source, and of what a build may write."""

    def of_child(self) -> Limits:
        size = self.megabytes * 1024 * 1024
        return Limits(
            time=self.time.total_seconds(),
            cpu=max(1, int(self.time.total_seconds())),
            memory=self.memory_mb * 1024 * 1024,
            file_size=min(size, 256 * 1024 * 1024),
            files=self.files,
            bytes=size,
        )


class GeneratorSettings(_Settings):
    run_in: Literal["local", "docker"] = "local"
    """`docker` is taken for `local`: sites are built in a confined process of this machine either way."""
    docker_image: str | None = None
    """No effect here."""
    pull_image: bool = False
    """No effect here."""
    mkdocs: MkdocsSettings = Field(default_factory=MkdocsSettings.model_construct)
    limits: LimitSettings = Field(default_factory=LimitSettings.model_construct)


class LocalSettings(_Settings):
    publish_directory: Path | None = None
    """Where sites are kept; `techdocs/` in the data directory unless given."""


class CredentialSettings(_Settings):
    access_key_id: str | None = None
    secret_access_key: SecretStr | None = None
    role_arn: str | None = None
    """A role to assume with the keys, or with those found in the environment."""


class S3Settings(_Settings):
    bucket_name: str
    bucket_root_path: str = ""
    """Prefix of all keys."""
    region: str | None = None
    """The variables AWS_REGION and AWS_DEFAULT_REGION otherwise, or us-east-1."""
    endpoint: str | None = None
    """URL of an S3 service that is not Amazon's."""
    s3_force_path_style: bool = False
    """Name the bucket in the path instead of the host."""
    account_id: str | None = None
    """An account of `aws.accounts`, whose credentials are used."""
    credentials: CredentialSettings = Field(default_factory=CredentialSettings.model_construct)
    sse: Literal["aws:kms", "AES256"] | None = None
    """Server-side encryption to ask for."""
    max_attempts: int = Field(default=5, ge=1, le=20)
    """How often a request is tried while the service is busy or gone."""


class PublisherSettings(_Settings):
    type: str = "local"
    """`local`, `awsS3`, or what a plugin offers."""
    local: LocalSettings = Field(default_factory=LocalSettings.model_construct)
    aws_s3: S3Settings | None = None


class CacheSettings(_Settings):
    ttl: Annotated[Duration, BeforeValidator(_milliseconds)]
    """How long files of a bucket are kept in memory; a bare number counts milliseconds."""
    read_timeout: Annotated[Duration, BeforeValidator(_milliseconds)] = timedelta(seconds=1)
    """No effect here: the cache is in the process and never slow."""
    megabytes: int = Field(default=64, ge=1)
    """How much memory the cache may take in each process."""


class TechdocsSettings(_Settings):
    builder: str = "local"
    """`local` builds sites when somebody looks at them; anything else (`external`) serves what was published."""
    legacy_use_case_sensitive_triplet_paths: bool = False
    generator: GeneratorSettings = Field(default_factory=GeneratorSettings.model_construct)
    generators: dict[str, Any] = {}
    """The older spelling of `generator`; no effect here."""
    publisher: PublisherSettings = Field(default_factory=PublisherSettings.model_construct)
    cache: CacheSettings | None = None
    sanitizer: dict[str, Any] = {}
    """Read by the frontend alone."""


class CollatorSchedule(_Settings):
    frequency: Duration = timedelta(minutes=10)
    """How often all sites are read anew; what is built here is found at once."""
    timeout: Duration = timedelta(minutes=15)


class CollatorSettings(_Settings):
    """`search.collators.techdocs`."""

    location_template: str = "/docs/:namespace/:kind/:name/:path"
    """The link of a result."""
    parallelism_limit: int = Field(default=10, ge=1, le=100)
    """Sites that are read at a time."""
    schedule: CollatorSchedule = CollatorSchedule()


class AwsAccountSettings(_Settings):
    account_id: str | None = None
    access_key_id: str | None = None
    secret_access_key: SecretStr | None = None
    profile: str | None = None
    """A profile of the AWS configuration files."""
    role_name: str | None = None
    """A role of the account that is assumed."""
    partition: str = "aws"
    region: str | None = None
    external_id: SecretStr | None = None


class AwsSettings(_Settings):
    """`aws.*`: credentials by account."""

    main_account: AwsAccountSettings = Field(default_factory=AwsAccountSettings.model_construct)
    account_defaults: AwsAccountSettings = Field(default_factory=AwsAccountSettings.model_construct)
    accounts: tuple[AwsAccountSettings, ...] = ()


class _AwsIntegration(_Settings):
    access_key_id: str | None = None
    secret_access_key: SecretStr | None = None


class IntegrationSettings(_Settings):
    """Part of `integrations`: the publisher's credentials may be written there."""

    aws_s3: tuple[_AwsIntegration, ...] = ()
