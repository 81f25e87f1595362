"""What the stock frontend asks for is answered with the status and media type that a stock backend gave it.

`recordings/ui-requests.json` holds a request of each shape that the frontend sends on its way through `tests/e2e`, in
their order, as recorded with a stock backend. Source: spec/ui-requests.md.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest

from tests.contract.running import Callboard, files_on
from tests.postgres import free_port

HERE = Path(__file__).parent
THEATRE = HERE.parent / "e2e" / "theatre"
RECORDED: list[dict[str, Any]] = json.loads((HERE / "recordings" / "ui-requests.json").read_text())
SERVICE: Final = {"authorization": "Bearer peer-static-token-0123456789"}
DESCRIPTOR: Final = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: understudy }
spec: { type: service, lifecycle: production, owner: guests }
"""
CONFIG: Final = """
app: { bundle: false }
backend: { listen: { host: 127.0.0.1, port: "${PORT}" } }
permission: { enabled: true }
"""
PATIENCE_S: Final = 60.0

pytestmark = pytest.mark.timeout(240)


class Portal:
    """A server that holds the theatre, and what stands for the recorded names."""

    def __init__(self, server: Callboard, descriptors: str) -> None:
        self.client = httpx.Client(base_url=server.url, timeout=PATIENCE_S, verify=False)
        self._until(lambda: self._kinds().get("Component") == 27 and self._kinds().get("Template") == 3)
        refreshed = self.client.get("/api/auth/guest/refresh").json()["backstageIdentity"]
        self.client.headers["authorization"] = f"Bearer {refreshed['token']}"
        task, failed, running = (self._task(name) for name in ("stage-prop", "trap-door", "long-rehearsal"))
        self._until(lambda: self._status(task) == "completed" and self._status(failed) == "failed")
        self.names = {
            "task": task,
            "failed": failed,
            "running": running,
            "descriptors": descriptors,
            "folder": quote(str(server.folder), safe=""),
        }
        self._notify()
        self.client.get("/api/techdocs/sync/default/component/playbill")

    def _kinds(self) -> dict[str, int]:
        found = self.client.get("/api/catalog/entity-facets?facet=kind", headers=SERVICE).json()["facets"]["kind"]
        return {facet["value"]: facet["count"] for facet in found}

    def _task(self, template: str) -> str:
        body = {"templateRef": f"template:default/{template}", "values": {"name": "chair"}, "secrets": {}}
        return str(self.client.post("/api/scaffolder/v2/tasks", json=body).json()["id"])

    def _status(self, task: str) -> str:
        return str(self.client.get(f"/api/scaffolder/v2/tasks/{task}").json()["status"])

    def _notify(self) -> None:
        recipients = {"type": "entity", "entityRef": "user:default/guest"}
        body = {"recipients": recipients, "payload": {"title": "Places, please"}}
        answer = self.client.post("/api/notifications/notifications", json=body, headers=SERVICE)
        if answer.status_code == 200:
            self.names["notification"] = answer.json()[0]["id"]

    def _until(self, done: Any) -> None:
        end = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < end, "the server did not come to rest"
            time.sleep(0.05)

    def send(self, recorded: Mapping[str, Any]) -> httpx.Response:
        def named(text: str) -> str:
            return re.sub(r"\{\{(\w+)\}\}", lambda name: self.names.get(name[1], name[1]), text)

        body = named(json.dumps(recorded["body"])) if "body" in recorded else None
        headers = {} if body is None else {"content-type": "application/json"}
        answer = self.client.request(recorded["method"], named(recorded["path"]), content=body, headers=headers)
        if recorded["path"] == "/api/catalog/locations" and answer.status_code == 201:
            self.names["location"] = answer.json()["location"]["id"]
        return answer


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    # On SQLite alone: the recordings of each plugin's answers, and `make e2e`, go through both databases.
    folder = tmp_path_factory.mktemp("ui")
    shutil.copytree(THEATRE, folder, dirs_exist_ok=True)
    (folder / "served").mkdir()
    (folder / "served" / "catalog-info.yaml").write_text(DESCRIPTOR)
    (folder / "app-config.more.yaml").write_text(CONFIG)
    server = Callboard(folder, [folder / "app-config.yaml", folder / "app-config.more.yaml"])
    port = free_port()
    with files_on(port, folder / "served"):
        try:
            opened = Portal(server.start(), f"http://127.0.0.1:{port}")
            try:
                yield opened
            finally:
                opened.client.close()
        finally:
            server.stop()


def test_every_request_of_the_frontend_is_answered_as_a_stock_backend_does(portal: Portal) -> None:
    wrong = []
    sent = [recorded for recorded in RECORDED if _is_served(recorded["path"])]
    for recorded in sent:
        answer = portal.send(recorded)
        found = (answer.status_code, answer.headers.get("content-type"))
        if found != (recorded["status"], recorded.get("type")):
            wrong.append(f"{recorded['method']} {recorded['path']}: {found} {answer.text[:200]}")
    assert len(sent) > 150
    assert not wrong, f"{len(wrong)} of {len(sent)}\n" + "\n".join(wrong)


def _is_served(path: str) -> bool:
    """Whether the plugins are installed that a request is for."""
    installed = {entry.name for entry in entry_points(group="callboard.plugins")}
    return path.split("/")[2] in installed and ("techdocs" not in path or "techdocs" in installed)
