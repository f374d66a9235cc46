"""The HTTP interface does what its OpenAPI description says, whatever is asked; and it runs as a command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from api_world import ApiWorld, index, make_world
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from indexer.api.app import make_app
from indexer.api.routes import api
from indexer.api.source import Source

_STARTS_WITHIN_S = 60


@pytest.fixture(scope="module")
def world() -> ApiWorld:
    return make_world()


@pytest.fixture(scope="module")
def url(world: ApiWorld, tmp_path_factory: pytest.TempPathFactory) -> str:
    made = f"sqlite:///{tmp_path_factory.mktemp('api') / 'indexer.db'}"
    index(world, made)
    return made


@pytest.fixture(scope="module")
def described(url: str) -> Any:
    source = Source(url)
    source.refresh()
    return schemathesis.openapi.from_asgi("/v1/openapi.json", make_app(source))


STRICTER = {
    "/v1/tallies",
    "/v1/series",
    "/v1/models",
    "/v1/metrics/{name}",
    "/v1/inferences",
}
"""Where a schema cannot say all that is refused: days that do not exist, limits in disorder, no Monday."""
PATHS = [route.path for route in api(None).routes]  # type: ignore[arg-type, attr-defined]


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("path", PATHS)
def test_answers_are_as_described(described: Any, path: str, mode: GenerationMode) -> None:
    excluded = [positive_data_acceptance] if path in STRICTER else []

    @given(described[path]["GET"].as_strategy(generation_mode=mode))
    @settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def check(case: Any) -> None:
        case.call_and_validate(excluded_checks=excluded)

    check()


def test_every_answer_is_labelled(url: str) -> None:
    """Whatever is read says of which chain and block it is."""
    source = Source(url)
    paths = make_app(source).openapi()["paths"]
    assert len(paths) == len(PATHS) == 17
    for path, operations in paths.items():
        documented = operations["get"]["responses"]
        assert {"200", "404", "406", "422", "503"} <= set(documented)
        if not path.endswith("/sql"):
            json_schema = documented["200"]["content"]["application/json"]["schema"]
            assert json_schema["required"] == ["chain_id", "settlement", "as_of", "rows"]
            assert {"text/csv", "application/vnd.apache.parquet"} < set(documented["200"]["content"])


@pytest.fixture
def serving(
    url: str, world: ApiWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process of its own, and its URL."""
    for name in [name for name in os.environ if name.startswith("VERITALLY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("VERITALLY_INDEXER_DATABASE_URL", url)
    monkeypatch.setenv("VERITALLY_INDEXER_LOG_FORMAT", "json")
    world.chain.deployment.save(tmp_path / "deployment.json")
    command = [sys.executable, "-u", "-m", "indexer", "serve", "--port", "0"]
    command += ["--deployment", str(tmp_path / "deployment.json")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    line = json.loads(process.stderr.readline())
    settlement = world.chain.deployment.contracts["Settlement"].address
    assert (line["event"], line["settlement"]) == ("serving", settlement)
    yield process, line["url"] + "v1/overview"
    process.kill()
    process.communicate()


def read(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_follows_the_database_and_stops_when_told(
    serving: tuple[subprocess.Popen[str], str], world: ApiWorld, url: str, number: int
) -> None:
    process, address = serving
    assert read(address)["inferences"] == len(world.final())
    world.mine_groups(4)
    world.chain.final = len(world.chain.blocks) - 1
    index(world, url)
    assert read(address)["inferences"] == len(world.made)
    until_s = time.monotonic() + _STARTS_WITHIN_S
    while read(address)["analysed_to"]["block"] != world.chain.final:
        assert time.monotonic() < until_s
        time.sleep(0.1)
    asked_at_s = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    assert json.loads(err.splitlines()[-1])["event"] == "stopped"
    assert time.monotonic() - asked_at_s < 12


def test_serve_without_a_database_says_what_to_do(tmp_path: Path) -> None:
    missing = f"sqlite:///{tmp_path / 'no.db'}"
    command = [sys.executable, "-m", "indexer", "serve", "--database-url", missing]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "run `veritally-indexer sync --once` first" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_serve_on_a_port_that_is_taken(
    serving: tuple[subprocess.Popen[str], str], url: str, tmp_path: Path
) -> None:
    port = serving[1].split(":")[2].split("/")[0]
    command = [sys.executable, "-m", "indexer", "serve", "--port", port, "--database-url", url]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.returncode == 2
    assert f"--port {port}: cannot be opened on 127.0.0.1" in ended.stderr
