"""Starts the real executable with an upstream behind it, once for all tests (support/stand.mjs)."""

import json
import subprocess
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest

STAND = Path(__file__).parents[2] / "support" / "stand.mjs"


class Stand(SimpleNamespace):
    """Where everything is: `gateway`, `upstream` (addresses), `key`, `admin_token`."""

    def admin(self, method, path, body=None):
        """An admin call; returns the JSON of the answer."""
        request = urllib.request.Request(
            f"{self.gateway}/admin{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.admin_token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def new_key(self, **fields):
        """Creates an API key and returns its value."""
        return self.admin("POST", "/keys", {"source_path": "python", **fields})["key_value"]

    def seen(self):
        """What the upstream saw, oldest first."""
        with urllib.request.urlopen(f"{self.upstream}/__seen", timeout=10) as answer:
            return json.load(answer)


@pytest.fixture(scope="session")
def stand():
    process = subprocess.Popen(["node", str(STAND)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        line = process.stdout.readline()
        assert line, "the stand did not start: see its messages above"
        yield Stand(**json.loads(line))
    finally:
        process.stdin.close()
        process.wait(timeout=30)
