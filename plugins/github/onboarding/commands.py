"""`callboard import github`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from app.errors import CallboardError, InputError, describe
from app.interfaces import PluginHost
from plugins.github.actions.repository import GithubRepository
from plugins.github.api.client import GithubApi
from plugins.github.api.errors import GithubError
from plugins.github.api.hosts import GithubHosts
from plugins.github.api.priority import Priority
from plugins.github.onboarding.journal import Entry, Journal
from plugins.github.onboarding.opening import BRANCH, open_pull_request
from plugins.github.onboarding.proposal import Proposal
from plugins.github.onboarding.survey import Choice, chosen, proposals
from plugins.github.settings import PUBLIC_HOST

Found = list[tuple[Mapping[str, Any], Proposal]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The command line."""

    organization: str
    host: str
    choice: Choice
    owner: str | None
    filename: str
    branch: str
    batch: int
    dry_run: bool
    output: Path | None
    yes: bool
    again: bool


def import_commands(host: PluginHost, hosts: GithubHosts) -> typer.Typer:
    commands = typer.Typer(help="Bring what is not in the catalog yet into it.", no_args_is_help=True)

    @commands.callback()
    def _group() -> None:
        """Bring what is not in the catalog yet into it."""

    @commands.command("github")
    def github(
        organization: Annotated[str, typer.Argument(metavar="ORG", help="An organization or user.")],
        at: Annotated[str, typer.Option("--host", help="A host of integrations.github.")] = PUBLIC_HOST,
        include: Annotated[list[str] | None, typer.Option(help="Only repositories of such names (globs).")] = None,
        exclude: Annotated[list[str] | None, typer.Option(help="No repositories of such names (globs).")] = None,
        topic: Annotated[list[str] | None, typer.Option(help="Only repositories with one of these topics.")] = None,
        forks: Annotated[bool, typer.Option(help="Forks too.")] = False,
        owner: Annotated[str | None, typer.Option(help="Who owns what nobody is known to own.")] = None,
        filename: Annotated[str, typer.Option(help="The descriptor's path.")] = "catalog-info.yaml",
        branch: Annotated[str, typer.Option(help="The branch of the pull requests.")] = BRANCH,
        batch: Annotated[int, typer.Option(min=1, help="So many pull requests at most; the next run goes on.")] = 25,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be proposed.")] = False,
        output: Annotated[
            Path | None, typer.Option(help="Write the descriptors into a folder instead of opening pull requests.")
        ] = None,
        yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before opening pull requests.")] = False,
        again: Annotated[bool, typer.Option("--again", help="Forget what earlier runs have done.")] = False,
    ) -> None:
        """Propose a descriptor to every repository without one, as pull requests.

        Exit code 1 when something failed: the same command again goes on where this one stopped.
        """
        choice = Choice(include or (), exclude or (), topic or (), forks)
        wanted = Wanted(organization, at, choice, owner, filename, branch, batch, dry_run, output, yes, again)
        try:
            failed = host.run(lambda: _Import(wanted, hosts, host.data_dir).run())
        except CallboardError as error:
            typer.echo(describe(error), err=True)
            raise typer.Exit(1) from error
        if failed:
            raise typer.Exit(1)

    return commands


class _Import:
    """One run."""

    def __init__(self, wanted: Wanted, hosts: GithubHosts, data_dir: Path) -> None:
        self._wanted = wanted
        self._api = hosts.api(wanted.host, wanted.organization, priority=Priority.SCAN)
        plain = re.sub(r"[^a-z0-9.-]+", "-", f"{wanted.host}-{wanted.organization}".lower())
        self._journal = Journal(data_dir / "import" / f"github-{plain}.jsonl")
        self._out = Console()
        self._err = Console(stderr=True)

    async def run(self) -> bool:
        """Whether something failed."""
        wanted, reads = self._wanted, self._wanted.dry_run or self._wanted.output is not None
        if not wanted.again:
            self._journal.read()
        found, entries = await self._survey()
        failures = [entry for entry in entries if entry.outcome == "failed"]
        for entry in failures:
            self._err.print(f"{escape(entry.repository)}: {escape(entry.detail)}")
        self._out.print(_summary(entries, found))
        if not found:
            return bool(failures)
        self._out.print(_table(found))
        if wanted.output is not None:
            self._write(wanted.output, found)
        elif wanted.dry_run:
            for _, proposal in found:
                # Not through the console: it would wrap what is to be read by programs.
                typer.echo(f"# {proposal.full_name}: {proposal.filename}\n{proposal.text}---")
        if reads:
            return bool(failures)
        batch = found[: wanted.batch]
        if not wanted.yes and not typer.confirm(f"Open {len(batch)} pull requests?"):
            return bool(failures)
        failed = await self._open(batch)
        left = len(found) - len(batch)
        if left:
            self._out.print(f"{left} more are left: the same command again goes on.")
        return failed or bool(failures)

    async def _survey(self) -> tuple[Found, list[Entry]]:
        repositories = await chosen(self._api, self._wanted.organization, self._wanted.choice)
        entries = [known for one in repositories if (known := self._journal.settled(one["full_name"]))]
        settled = {entry.repository for entry in entries}
        asked = [one for one in repositories if one["full_name"] not in settled]
        found: Found = []
        with self._progress() as progress:
            bar = progress.add_task("Looking at repositories", total=len(asked))
            told = proposals(
                self._api,
                asked,
                owner=self._wanted.owner,
                filename=self._wanted.filename,
                done=lambda: progress.advance(bar),
            )
            async for repository, one in told:
                if isinstance(one, Proposal):
                    found.append((repository, one))
                else:
                    entries.append(one)
        return found, entries

    async def _open(self, batch: Found) -> bool:
        failed = False
        token = await self._api.token()
        if token is None:
            raise InputError(f"There is no token for {self._wanted.host}: pull requests need one")
        api = self._api.acting(priority=Priority.USER)
        with self._progress() as progress:
            bar = progress.add_task("Opening pull requests", total=len(batch))
            # One after the other: GitHub counts what is made more strictly than what is read.
            for repository, proposal in batch:
                entry = await self._opened(api, token, repository, proposal)
                self._journal.note(entry)
                failed = failed or entry.outcome == "failed"
                progress.console.print(f"{escape(entry.repository)}: {entry.outcome} {escape(entry.detail)}")
                progress.advance(bar)
        return failed

    async def _opened(self, api: GithubApi, token: str, repository: Mapping[str, Any], proposal: Proposal) -> Entry:
        place = GithubRepository(api, repository["owner"]["login"], repository["name"], token)
        try:
            return await open_pull_request(place, proposal, repository["default_branch"], branch=self._wanted.branch)
        except GithubError as error:
            return Entry(proposal.full_name, "failed", error.message)

    def _write(self, folder: Path, found: Found) -> None:
        for repository, proposal in found:
            # GitHub's names hold no slashes; whatever says otherwise, nothing leaves the folder.
            place = folder / _plain(repository["name"]) / _plain(os.path.basename(proposal.filename))  # noqa: PTH119
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(proposal.text)
        self._out.print(f"{len(found)} descriptors are in {folder}")

    def _progress(self) -> Progress:
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._err,
        )


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip(".") or "unnamed"


def _summary(entries: list[Entry], found: Found) -> str:
    counts = {
        "with a descriptor": sum(entry.outcome == "described" for entry in entries),
        "empty": sum(entry.outcome == "empty" for entry in entries),
        "proposed before": sum(entry.outcome in ("opened", "there") for entry in entries),
        "failed": sum(entry.outcome == "failed" for entry in entries),
        "to propose": len(found),
    }
    return ", ".join(f"{number} {what}" for what, number in counts.items() if number) or "No repositories"


def _table(found: Found) -> Table:
    table = Table("repository", "name", "type", "owner", "from", "APIs", "docs", "doubts")
    for _, proposal in found:
        component = proposal.component
        cells: list[str] = [
            proposal.full_name,
            component["metadata"]["name"],
            component["spec"]["type"],
            component["spec"]["owner"],
            proposal.reasons["owner"],
            str(len(proposal.entities) - 1) if len(proposal.entities) > 1 else "",
            "yes" if "docs" in proposal.reasons else "",
            "; ".join(proposal.doubts),
        ]
        table.add_row(*map(escape, cells))
    return table
