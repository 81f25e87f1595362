"""Signing in as a person does: the stock frontend's sign-in client in Chromium, real identity providers, our server.

Run by `make e2e-auth`. Pictures of each step are kept in `.callboard-e2e/sign-in/`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.contract.running import Callboard, on_database
from tests.plugins.auth.identity_providers import identity_providers
from tests.plugins.auth.test_sign_in import ORG, configuration, wait_for_people
from tests.reference.npm import installed

HERE = Path(__file__).parent
PICTURES = Path(".callboard-e2e") / "sign-in"
BUNDLE = HERE.parents[2] / "ui" / "dist"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def frontend(folder: Path, modules: Path) -> Iterator[str]:
    """The page with the stock client, bundled and served; gives its URL."""
    shutil.copy(HERE / "index.html", folder)
    environment = {**os.environ, "NODE_PATH": str(modules)}
    subprocess.run(["node", str(HERE / "bundle.mjs"), str(folder / "app.js")], env=environment, check=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_person_signs_in_and_out(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    modules = installed(HERE) / "node_modules"
    pictures = PICTURES / engine
    (tmp_path / "org.yaml").write_text(ORG)
    (tmp_path / "web").mkdir()
    server = Callboard(tmp_path, [tmp_path / "app-config.yaml", *on_database(engine, tmp_path, request)])
    url = f"http://localhost:{server.port}"
    with frontend(tmp_path / "web", modules) as app, identity_providers(url) as peers:
        config = configuration(url, peers, tmp_path)
        config["app"]["baseUrl"] = app
        config["backend"]["cors"] = {"origin": app, "credentials": True}
        (tmp_path / "app-config.yaml").write_text(json.dumps(config))
        try:
            server.start()
            wait_for_people(url)
            walk("drive.mjs", {"app": app, "backend": url}, pictures, steps=11)
        finally:
            server.stop()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_person_signs_in_to_the_portal(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    assert (BUNDLE / "index.html").is_file(), "there is no portal: make ui"
    (tmp_path / "org.yaml").write_text(ORG)
    server = Callboard(tmp_path, [tmp_path / "app-config.yaml", *on_database(engine, tmp_path, request)])
    url = f"http://localhost:{server.port}"
    with identity_providers(url) as peers:
        config = configuration(url, peers, tmp_path)
        offered = [{"id": "oidc", "title": "Company login"}, "github", "guest"]
        config["app"] = {
            "title": "Theatre",
            "baseUrl": url,
            "bundle": str(BUNDLE),
            "extensions": [{"sign-in-page:app": {"config": {"providers": offered}}}],
        }
        config["auth"]["providers"]["guest"] = {
            "dangerouslyAllowOutsideDevelopment": True,
            "userEntityRef": "user:default/twin-one",
        }
        config["auth"]["experimentalDynamicClientRegistration"] = {"enabled": True}
        (tmp_path / "app-config.yaml").write_text(json.dumps(config))
        try:
            server.start()
            wait_for_people(url)
            walk("portal.mjs", {"portal": url}, PICTURES / engine, steps=18)
        finally:
            server.stop()


def walk(script: str, given: dict[str, str], pictures: Path, *, steps: int) -> None:
    """Has a person walk, and expects every step to go well."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "no Chromium on the PATH: on Debian, apt-get install chromium"
    pictures.mkdir(parents=True, exist_ok=True)
    walked = subprocess.run(
        ["node", str(HERE / script)],
        input=json.dumps({"chromium": chromium, "pictures": str(pictures), **given}),
        capture_output=True,
        text=True,
        env={**os.environ, "NODE_PATH": str(installed(HERE) / "node_modules")},
        timeout=300,
        check=False,
    )
    walk: list[dict[str, Any]] = [json.loads(line) for line in walked.stdout.splitlines() if line.startswith("{")]
    for step in walk:
        print(f"{'passed' if step['ok'] else 'FAILED'}  {step['step']}" + ("" if step["ok"] else f": {step['seen']}"))
    assert walked.returncode == 0 and all(step["ok"] for step in walk), walked.stderr[-2000:]
    assert len(walk) == steps
