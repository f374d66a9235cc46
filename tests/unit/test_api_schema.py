"""The HTTP interface does what its OpenAPI description says, whatever is asked; and it runs as a command."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from api_world import MODELS, PROVERS, START_S, ApiWorld, index, make_world, time_of
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from indexer.api.app import make_app
from indexer.api.parameters import MOMENT
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


PARTIES = ("model", "prover", "payer")
PATHS = [route.path for route in api(None).routes]  # type: ignore[arg-type, attr-defined]


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("path", PATHS)
def test_answers_are_as_described(described: Any, world: ApiWorld, path: str, mode: GenerationMode) -> None:
    """All checks of schemathesis. What fits the description is answered, but for what no schema can say."""

    @given(described[path]["GET"].as_strategy(generation_mode=mode))
    @settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def check(case: Any) -> None:
        answer = case.call_and_validate(headers={"accept": "*/*"})
        if mode is GenerationMode.POSITIVE:
            conflict = {404, 409} if path == "/v1/metrics/{name}" else {409}
            assert (
                answer.status_code in conflict
                if are_in_conflict(path, case.query, world)
                else (answer.status_code in (200, 404))
            )

    check()


def are_in_conflict(path: str, asked: dict[str, Any], world: ApiWorld) -> bool:
    """Whether parameters, each of them right, do not go together, or not with what is held."""
    limits = {name: seconds_of(asked[name]) for name in ("after", "before") if name in asked}
    named = [party for party in PARTIES if party in asked] if path == "/v1/series" else []
    is_per_day = bool(named) or asked.get("by") in PARTIES or path == "/v1/models"
    conflicts = [
        any(limit_s % (86_400 if is_per_day else 3_600) for limit_s in limits.values()),
        len(limits) == 2 and limits["after"] >= limits["before"],
        is_per_day and asked.get("bucket") == "hour",
        len(named) > 1,
    ]
    if "until" in asked:
        end_s = seconds_of(asked["until"])
        last_s = monday_s(time_of(world.chain.final))
        conflicts.append(end_s != monday_s(end_s) or not monday_s(START_S) < end_s <= last_s)
    return any(conflicts)


def seconds_of(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def monday_s(time_s: int) -> int:
    """Of the week of a moment; the first Monday was 1970-01-05."""
    return time_s - (time_s - 4 * 86_400) % (7 * 86_400)


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("/v1/tallies", {"after": "2025-12-01"}, False),
        ("/v1/tallies", {"after": "2025-12-01T01:30:00+01:30", "by": "asset"}, False),
        ("/v1/tallies", {"after": "2025-12-01T01:30:00Z"}, True),
        ("/v1/tallies", {"after": "2025-12-01T01:00:00Z", "by": "payer"}, True),
        ("/v1/models", {"before": "2025-12-01T01:00:00Z"}, True),
        ("/v1/series", {"after": "2025-12-02", "before": "2025-12-02"}, True),
        ("/v1/series", {"bucket": "hour", "prover": PROVERS[0]}, True),
        ("/v1/series", {"model": MODELS[0], "prover": PROVERS[0]}, True),
        ("/v1/inferences", {"model": MODELS[0], "prover": PROVERS[0]}, False),
        ("/v1/metrics/count-share", {"until": "2025-12-15"}, False),
        ("/v1/metrics/count-share", {"until": "2025-12-16"}, True),
        ("/v1/metrics/count-share", {"until": "2025-11-24"}, True),
        ("/v1/metrics/count-share", {"until": "2026-06-01"}, True),
    ],
)
def test_conflicts_are_told_from_malformed_parameters(
    described: Any, world: ApiWorld, path: str, query: dict[str, Any], expected: bool
) -> None:
    assert are_in_conflict(path, query, world) == expected
    answer = TestClient(described.app).get(path, params=query)
    assert answer.status_code == (409 if expected else 200), answer.text
    if expected:
        assert answer.json()["title"] == "Not together"


@pytest.mark.parametrize(
    "day", ["2025-02-29", "2024-02-30", "2100-02-29", "2025-04-31", "2025-13-01", "0000-00-00"]
)
def test_days_that_do_not_exist_do_not_fit_the_description(described: Any, day: str) -> None:
    assert not re.search(MOMENT, day)
    assert TestClient(described.app).get("/v1/tallies", params={"after": day}).status_code == 422


def test_every_day_fits_the_description() -> None:
    days = [date(1970, 1, 1) + timedelta(n) for n in range(136 * 365 + 33)]
    assert days[-1] == date(2105, 12, 31)
    assert all(re.search(MOMENT, day.isoformat()) for day in days)


def test_every_answer_is_labelled(url: str) -> None:
    """Whatever is read says of which chain and block it is."""
    source = Source(url)
    paths = make_app(source).openapi()["paths"]
    assert len(paths) == len(PATHS) == 17
    for path, operations in paths.items():
        documented = operations["get"]["responses"]
        assert {"200", "404", "406", "409", "422", "503"} <= set(documented)
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
