"""The `callboard` command. Features add their own through `host.commands`.

`--config FILE` (any number, anywhere on the line) and `--roles` are read before the commands are known, since the
plugins that bring commands are registered with the configuration.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from app.config import ConfigError, LayeredConfig, load_config
from app.config.nodes import Node, Place
from app.host import Host
from app.interfaces import Role

EXIT_CONFIG = 2
_ALL: tuple[Role, ...] = ("api", "ingest", "worker")
_OF_THE_SERVER = frozenset({"serve", "migrate"})


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point of the `callboard` script."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    files, rest = take_option(given, "--config")
    roles, rest = take_option(rest, "--roles")
    command = next((word for word in rest if not word.startswith("-")), "")
    # Nothing that is loaded now goes again: looking for garbage meanwhile is a tenth of the way to a running server.
    gc.disable()
    try:
        host = _host(files, _roles(roles) if command == "serve" else (), command, rest)
    except ConfigError as error:
        fail(str(error))
    finally:
        gc.enable()
    commands(host, alone=command in _OF_THE_SERVER)(args=rest, prog_name="callboard")


def take_option(arguments: Sequence[str], name: str) -> tuple[list[str], list[str]]:
    """The values of an option, wherever it stands, and the other arguments. Stops at `--`."""
    values: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word == name:
            value = next(words, None)
            if value is None:
                fail(f"{name} needs a value")
            values.append(value)
        elif word.startswith(f"{name}="):
            values.append(word.partition("=")[2])
        else:
            rest.append(word)
    return values, rest


def fail(message: str) -> NoReturn:
    sys.stderr.write(f"callboard: {message}\n")
    raise SystemExit(EXIT_CONFIG)


def _roles(given: Sequence[str]) -> tuple[Role, ...]:
    named = [role.strip() for value in given for role in value.split(",") if role.strip()]
    unknown = sorted(set(named) - set(_ALL))
    if unknown:
        fail(f"unknown role '{unknown[0]}': expected {', '.join(_ALL)}")
    return tuple(role for role in _ALL if role in named) if named else _ALL


def _host(files: list[str], roles: tuple[Role, ...], command: str, rest: list[str]) -> Host:
    from app.main import create_host

    migrations = "--no-migrate" not in rest
    if command == "settings":
        return create_host(LayeredConfig(Node({}, Place("defaults", 0))), roles=roles)
    try:
        return create_host(load_config(files), roles=roles, migrations=migrations)
    except ConfigError as error:
        if files or command in _OF_THE_SERVER:
            raise
        # `callboard lint` must work beside any app-config.yaml, even one that this machine cannot complete.
        sys.stderr.write(f"callboard: going on without a configuration: {error}\n")
        return create_host(LayeredConfig(Node({}, Place("defaults", 0))), roles=roles, migrations=migrations)


def commands(host: Host, *, alone: bool = False) -> typer.Typer:
    """All commands: the host's own and, unless those stand alone, the plugins'."""
    cli = typer.Typer(
        name="callboard",
        help="A software catalog and scaffolder backend, wire-compatible with Backstage.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )

    @cli.command()
    def serve(
        port: Annotated[int | None, typer.Option(help="Listen on this port instead of the configured one.")] = None,
        config: Annotated[list[str] | None, typer.Option(metavar="FILE", help="Configuration; the last wins.")] = None,
        roles: Annotated[str | None, typer.Option(help="What this process does: api, ingest, worker.")] = None,
        migrate: Annotated[bool, typer.Option(help="Bring the database's schema up to date first.")] = True,
    ) -> None:
        """Start the server."""
        from app.serve import serve as run

        raise SystemExit(run(host, port=port))

    @cli.command()
    def migrate() -> None:
        """Bring the database's schema up to date, and end."""
        from app.serve import migrate_only

        raise SystemExit(migrate_only(host))

    plugins = typer.Typer(help="The installed plugins.", no_args_is_help=True)

    @plugins.command("list")
    def list_plugins() -> None:
        """Name the plugins, one per line."""
        for plugin in host.plugins:
            typer.echo(plugin)

    cli.add_typer(plugins, name="plugins")

    @cli.command()
    def settings(
        into: Annotated[
            Path | None, typer.Option(help="Put the table into this page instead, between its marks.")
        ] = None,
    ) -> None:
        """Print every setting that Callboard and the installed plugins know, as a Markdown table."""
        from app.config.reference import markdown, put_into, settings_of

        table = markdown(settings_of(host.config.models))
        if into is None:
            typer.echo(table, nl=False)
        else:
            into.write_text(put_into(into.read_text(encoding="utf-8"), table), encoding="utf-8")

    for group, name in () if alone else host.command_groups:
        cli.add_typer(group if isinstance(group, typer.Typer) else group(), name=name)
    return cli


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
