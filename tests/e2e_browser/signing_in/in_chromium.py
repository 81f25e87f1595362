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
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "no Chromium on the PATH: on Debian, apt-get install chromium"
    modules = installed(HERE) / "node_modules"
    pictures = PICTURES / engine
    pictures.mkdir(parents=True, exist_ok=True)
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
            given = {"chromium": chromium, "app": app, "backend": url, "pictures": str(pictures)}
            walked = subprocess.run(
                ["node", str(HERE / "drive.mjs")],
                input=json.dumps(given),
                capture_output=True,
                text=True,
                env={**os.environ, "NODE_PATH": str(modules)},
                timeout=240,
                check=False,
            )
        finally:
            server.stop()
    steps: list[dict[str, Any]] = [json.loads(line) for line in walked.stdout.splitlines() if line.startswith("{")]
    for step in steps:
        print(f"{'passed' if step['ok'] else 'FAILED'}  {step['step']}" + ("" if step["ok"] else f": {step['seen']}"))
    assert walked.returncode == 0 and all(step["ok"] for step in steps), walked.stderr[-2000:]
    assert len(steps) == 11
