"""`callboard techdocs build|publish`: what techdocs-cli's generate and publish do, without Node."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from app.errors import CallboardError, InputError
from app.interfaces import PluginHost
from catalog.model.refs import EntityRef, parse_ref
from plugins.techdocs.building.generator import Generator, new_folders
from plugins.techdocs.building.sources import Sources
from plugins.techdocs.interfaces import METADATA, Publisher
from plugins.techdocs.references import DocsLocation, site_of
from plugins.techdocs.services import TechdocsServices
from plugins.techdocs.settings import GeneratorSettings, PublisherSettings, S3Settings

Folder = Annotated[Path, typer.Option()]


def docs_commands(host: PluginHost, services: TechdocsServices) -> typer.Typer:
    commands = typer.Typer(help="Build documentation sites, and publish them, for CI.", no_args_is_help=True)

    @commands.command("build")
    def build(
        source_dir: Annotated[Path, typer.Option(help="The folder with mkdocs.yml.")] = Path(),
        output_dir: Annotated[Path, typer.Option(help="Where the site goes; what is there is replaced.")] = Path(
            "site"
        ),
        site_name: Annotated[str, typer.Option(help="Of a source without mkdocs.yml.")] = "Documentation Site",
        etag: Annotated[str | None, typer.Option(help="What identifies the source, such as the commit.")] = None,
        techdocs_ref: Annotated[
            str | None, typer.Option(help="`url:<folder in a repository>`, for links to the pages' source.")
        ] = None,
        default_plugin: Annotated[list[str] | None, typer.Option(help="A mkdocs plugin to add; repeatable.")] = None,
        omit_techdocs_core_plugin: Annotated[bool, typer.Option(help="Leave techdocs-core out.")] = False,
        legacy_copy_readme_md_to_index_md: Annotated[bool, typer.Option(help="A README.md will do as index.")] = False,
    ) -> None:
        """Build a site, confined as the server would. Exit code 1: it cannot be built."""
        mkdocs = services.settings.generator.mkdocs
        chosen: dict[str, Any] = {
            "default_plugins": (*mkdocs.default_plugins, *(default_plugin or ())),
            "omit_techdocs_core_plugin": omit_techdocs_core_plugin or mkdocs.omit_techdocs_core_plugin,
            "legacy_copy_readme_md_to_index_md": legacy_copy_readme_md_to_index_md
            or mkdocs.legacy_copy_readme_md_to_index_md,
        }
        settings = services.settings.generator.model_copy(update={"mkdocs": mkdocs.model_copy(update=chosen)})
        _ended(lambda: _build(host, settings, source_dir, output_dir, site_name, etag, techdocs_ref))

    @commands.command("publish")
    def publish(
        entity: Annotated[str, typer.Option(help="Whose site it is: `default/Component/name`, or an entity ref.")],
        directory: Annotated[Path, typer.Option(help="The built site.")] = Path("site"),
        publisher_type: Annotated[str | None, typer.Option(help="`awsS3` or `local`, if not as configured.")] = None,
        storage_name: Annotated[str | None, typer.Option(help="The bucket.")] = None,
        aws_bucket_root_path: Annotated[str | None, typer.Option(help="Prefix of all keys.")] = None,
        aws_endpoint: Annotated[str | None, typer.Option(help="URL of an S3 service that is not Amazon's.")] = None,
        aws_s3_force_path_style: Annotated[bool, typer.Option(help="Name the bucket in the path.")] = False,
        aws_s3sse: Annotated[str | None, typer.Option(help="`aws:kms` or `AES256`.")] = None,
        aws_role_arn: Annotated[str | None, typer.Option(help="A role to assume.")] = None,
        legacy_use_case_sensitive_triplet_paths: Annotated[bool, typer.Option(help="Keep the case of keys.")] = False,
    ) -> None:
        """Publish a built site. Exit code 1: it cannot be published."""
        configured = services.settings.publisher
        s3 = configured.aws_s3.model_dump(exclude_unset=True) if configured.aws_s3 is not None else {}
        given = {
            "bucket_name": storage_name,
            "bucket_root_path": aws_bucket_root_path,
            "endpoint": aws_endpoint,
            "s3_force_path_style": aws_s3_force_path_style or None,
            "sse": aws_s3sse,
        }
        s3 |= {key: value for key, value in given.items() if value is not None}
        if aws_role_arn is not None:
            s3["credentials"] = {**s3.get("credentials", {}), "role_arn": aws_role_arn}
        keep_case = legacy_use_case_sensitive_triplet_paths or services.settings.legacy_use_case_sensitive_triplet_paths

        async def work() -> None:
            settings = PublisherSettings(
                type=publisher_type or configured.type,
                local=configured.local,
                aws_s3=S3Settings.model_validate(s3) if s3 else None,
            )
            publisher = services.publishers.of(settings)
            typer.echo(f"Published {await _publish(publisher, directory, entity, keep_case=keep_case)} files")

        _ended(work)

    return commands


async def _build(
    host: PluginHost,
    settings: GeneratorSettings,
    source: Path,
    output: Path,
    site_name: str,
    etag: str | None,
    reference: str | None,
) -> None:
    from plugins.techdocs.building.generator import repository_of
    from plugins.techdocs.publishing.local import LocalPublisher

    with tempfile.TemporaryDirectory(prefix="techdocs-") as folder:
        copy, site = new_folders(Path(folder))
        kind, _, target = (reference or "").partition(":")
        sources = Sources(host.reading, settings.limits)
        # What an earlier build has left in the source is none of it.
        await sources.bring(DocsLocation("dir", str(source)), copy, etag=None, without=output)
        repository = repository_of(DocsLocation("url", target), host.reading) if kind == "url" else {}
        await Generator(settings).run(
            copy, site, site_name=site_name, said=typer.echo, etag=etag, repository=repository
        )
        await asyncio.to_thread(LocalPublisher.replace, site, output)
    typer.echo(f"Built {output}")


async def _publish(publisher: Publisher, directory: Path, entity: str, *, keep_case: bool) -> int:
    if not (directory / METADATA).is_file():
        raise InputError(f"{directory} is no built site: it has no {METADATA}")
    await publisher.ready()
    return len(await publisher.publish(site_of(_ref(entity), keep_case=keep_case), directory))


def _ref(text: str) -> EntityRef:
    parts = text.split("/")
    if len(parts) == 3 and ":" not in text and all(parts):
        namespace, kind, name = parts
        return EntityRef(kind, namespace, name)
    return parse_ref(text)


def _ended(work: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        await work()

    try:
        asyncio.run(run())
    except CallboardError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
