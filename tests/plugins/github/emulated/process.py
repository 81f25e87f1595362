"""Starts the emulator."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.app.reading.web_server import serving
from tests.plugins.github.emulated.bridge import TOKEN, Emulator
from tests.plugins.github.fake.description import modules

NODE = Path(sys.executable).with_name("node")
"""Of the environment the tests run in: the emulator wants a newer one than many systems have."""
Json = Any


@cache
def app_key() -> str:
    """PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()


@asynccontextmanager
async def emulator(
    folder: Path,
    secret: str,
    *,
    orgs: Iterable[str] = ("acme", "globex"),
    repos: Iterable[str] = (),
    tokens: Mapping[str, str] | None = None,
) -> AsyncIterator[Emulator]:
    """`repos` (full names) are there from the start, empty; `tokens` are users' own beside `TOKEN`, which is ada's.

    An App that is installed in every organization has its webhooks sent to the bridge, signed with `secret`.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = Emulator(port, folder / "git", secret, list(orgs))
    async with serving(made.answer) as server:
        made.url = made.mirror.world.url = server.url
        seed = folder / "seed.yaml"
        seed.write_text(yaml.safe_dump(_seed(made, list(repos), tokens or {})))
        command = [str(NODE), str(modules() / "emulate/dist/index.js"), "start", "--service", "github",
                   "--port", str(port), "--seed", str(seed), "--base-url", server.url]  # fmt: skip
        with (folder / "emulator.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: ASYNC220 -- a moment, before anything else goes on
                command, stdout=log, stderr=log, env=dict(os.environ), start_new_session=True
            )
        try:
            await _up(made, process)
            yield made
        finally:
            # Its whole session: `node` may be a script that has started the real one.
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(10)
            await made.close()
    assert not made.mistakes, "\n".join(made.mistakes)


def _seed(made: Emulator, repos: list[str], tokens: Mapping[str, str]) -> Json:
    logins = sorted({"ada", *tokens.values()})
    members = [{"login": login, "role": "admin"} for login in logins]
    scopes = ["repo", "admin:org", "admin:org_hook", "workflow"]
    app = {
        "app_id": 7,
        "slug": "callboard",
        "name": "Callboard",
        "private_key": app_key(),
        "permissions": {"contents": "write", "metadata": "read"},
        "events": ["push", "repository", "create"],
        "webhook_url": f"{made.url}/hooks",
        "webhook_secret": made.secret,
        "installations": [{"installation_id": n, "account": org} for n, org in enumerate(made.orgs, 70)],
    }
    return {
        "github": {
            "users": [{"login": one, "name": one.title(), "email": f"{one}@example.com"} for one in logins],
            "orgs": [{"login": org, "name": org, "members": members} for org in made.orgs],
            "repos": [
                {"owner": owner, "name": name, "auto_init": False}
                for owner, _, name in (one.partition("/") for one in repos)
            ],
            "apps": [app],
        },
        "tokens": {token: {"login": login, "scopes": scopes} for token, login in {TOKEN: "ada", **tokens}.items()},
    }


async def _up(made: Emulator, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None, "the emulator has ended"
        try:
            await made.call("GET", "/users/ada")
        except httpx.TransportError:
            await asyncio.sleep(0.05)
        else:
            return
    raise AssertionError("the emulator does not come up")
