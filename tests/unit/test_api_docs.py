"""docs/api.md names what the HTTP interface has, and its examples work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_world import client_of, index, make_world
from fastapi.testclient import TestClient

from indexer.api import inferences, parameters, sums, tallies
from indexer.api.routes import api
from indexer.api.source import READ_FOR_S

DOCS = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r'^\$ curl -s(?: -o \S+)? "http://127\.0\.0\.1:8480(/v1/[^"]+)"$', DOCS, re.MULTILINE)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    url = f"sqlite:///{tmp_path_factory.mktemp('api') / 'indexer.db'}"
    index(make_world(), url)
    with client_of(url) as client:
        yield client


def test_every_path_is_named_and_no_other() -> None:
    section = DOCS.split("## What there is")[1].split("\n## ")[0]
    named = re.findall(r"^\| `(/v1/[^`]+)` \|", section, re.MULTILINE)
    paths = [re.sub(r"\{place\}", "{block}-{log_index}", route.path) for route in api(None).routes]  # type: ignore[arg-type, attr-defined]
    assert sorted(named) == sorted(paths)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 8
    assert DOCS.count("$ curl") == len(EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_work(client: TestClient, example: str) -> None:
    assert client.get(example).status_code == 200


REFUSALS = re.findall(r"^\| `(/v1/[^`]+)` \| (4\d\d) \| `([^`]+)` \|$", DOCS, re.MULTILINE)


def test_there_are_refusals() -> None:
    assert {status for _, status, _ in REFUSALS} == {"404", "409", "422"}
    assert len(REFUSALS) > 15


@pytest.mark.parametrize(("path", "status", "detail"), REFUSALS)
def test_refusals_are_as_shown(client: TestClient, path: str, status: str, detail: str) -> None:
    asked = re.sub("MODEL|HASH", "0x" + "ab" * 32, path).replace("ADDRESS", "0x" + "ab" * 20)
    refused = client.get(asked)
    assert (str(refused.status_code), refused.headers["content-type"]) == (status, "application/problem+json")
    assert refused.json()["detail"].startswith(detail), refused.json()


def test_limits_are_those_of_the_program() -> None:
    limits = (
        f"adds up {sums.MOST_CELLS:,} sums at most",
        f"gives {parameters.MOST_LISTED:,} rows",
        f"or {parameters.MOST_PAGED} inferences",
        f"a series has {tallies.MOST_BUCKETS:,} buckets",
        f"looks through {inferences.LOOKED_THROUGH:,} inferences",
    )
    for limit in limits:
        assert limit in DOCS, limit
    assert f"{READ_FOR_S:g}" == "5"
    assert "longer than five seconds" in DOCS
