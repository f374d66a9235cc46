"""Datasette as docs/sql.md starts it: each view and each query over HTTP gives the rows of the database."""

from __future__ import annotations

import json
import os
import re
import shlex
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from analyst_chain import chain_for_analysts, fill_by_hand
from indexed import indexer_of
from indexer_chain import serve

from indexer.public_v1.views import VIEWS
from indexer.rpc import JsonRpc

pytestmark = pytest.mark.datasette

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "sql.md").read_text(encoding="utf-8")
METADATA = json.loads((ROOT / "deploy" / "datasette" / "metadata.json").read_text(encoding="utf-8"))
DESCRIBED = METADATA["databases"]["veritally-indexer"]
PROGRAM = ROOT / ".venv-datasette" / "bin" / "datasette"
(COMMAND,) = re.findall(r"^datasette serve .+$", DOCUMENT, re.MULTILINE)
TIMEOUT_S = 30.0
INSERT = "INSERT INTO incident VALUES (2, 0, 5, 5, 'rows', '', '', 1764000001, '')"


@dataclass(frozen=True)
class Served:
    """A running Datasette and the file that it serves."""

    http: httpx.Client
    path: Path

    def rows(self, page: str, **parameters: Any) -> list[dict[str, Any]]:
        """All rows of a view or a query, from its JSON."""
        parameters = {"_shape": "objects", **parameters}
        answer = self.http.get(f"/veritally-indexer/{page}.json", params=parameters)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert not found["truncated"]
        assert found.get("next") is None
        rows: list[dict[str, Any]] = found["rows"]
        return rows

    def stored(self, sql: str) -> list[dict[str, Any]]:
        """The rows that SQLite itself gives."""
        with sqlite3.connect(self.path) as connection:
            cursor = connection.execute(sql)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The command of the document, word by word, in a folder with a database and the metadata."""
    folder, chain = tmp_path_factory.mktemp("datasette"), chain_for_analysts()
    path = folder / "veritally-indexer.db"
    with serve(chain) as url:
        indexer_of(chain, JsonRpc(url), path).sync_once()
    with sqlite3.connect(path) as connection:
        fill_by_hand(connection)
    (folder / "deploy").symlink_to(ROOT / "deploy")
    command = [PROGRAM, *shlex.split(COMMAND)[1:], "--port", "0"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        try:
            with httpx.Client(base_url=address(process), timeout=TIMEOUT_S) as http:
                yield Served(http, path)
        finally:
            process.terminate()


def address(process: subprocess.Popen[str]) -> str:
    """Where it says that it listens."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        found = re.search(r"running on (http://[\d.:]+)", line)
        if found is not None:
            return found[1]
    raise AssertionError("".join(said))


def in_order(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(map(repr, rows))


def test_document_names_the_version(served: Served) -> None:
    version = served.http.get("/-/versions.json").json()["datasette"]["version"]
    assert f"Datasette {version}" in DOCUMENT


@pytest.mark.parametrize("view", VIEWS)
def test_views_give_the_rows_of_the_database(served: Served, view: str) -> None:
    stored = served.stored(f"SELECT * FROM public_v1_{view}")
    assert stored
    assert in_order(served.rows(f"public_v1_{view}", _size="max")) == in_order(stored)


@pytest.mark.parametrize("query", DESCRIBED["queries"])
def test_queries_give_the_rows_of_the_database(served: Served, query: str) -> None:
    stored = served.stored(DESCRIBED["queries"][query]["sql"])
    assert stored
    assert served.rows(query) == stored


@pytest.mark.parametrize("view", VIEWS)
def test_pages_describe_the_views(served: Served, view: str) -> None:
    page = served.http.get(f"/veritally-indexer/public_v1_{view}")
    assert page.status_code == 200
    assert DESCRIBED["tables"][f"public_v1_{view}"]["description"] in page.text.replace("&#39;", "'")


def test_only_the_views_are_listed(served: Served) -> None:
    listed = served.http.get("/veritally-indexer.json").json()
    assert {view["name"] for view in listed["views"]} == {f"public_v1_{view}" for view in VIEWS}
    assert [table["name"] for table in listed["tables"] if not table["hidden"]] == []
    titles = {query["name"]: query["title"] for query in listed["queries"]}
    assert titles == {name: query["title"] for name, query in DESCRIBED["queries"].items()}


@pytest.mark.parametrize("sql", ["DELETE FROM incident", INSERT, "DROP VIEW public_v1_tallies"])
def test_nothing_can_be_written(served: Served, sql: str) -> None:
    answer = served.http.get("/veritally-indexer.json", params={"sql": sql})
    assert answer.status_code == 400
    assert served.rows("public_v1_incidents") == served.stored("SELECT * FROM public_v1_incidents")


def test_answers_while_the_indexer_writes(served: Served) -> None:
    before = served.rows("public_v1_incidents")
    writer = sqlite3.connect(served.path)
    try:
        writer.execute(INSERT)
        assert served.rows("public_v1_incidents") == before
        writer.commit()
        assert len(served.rows("public_v1_incidents")) == len(before) + 1
    finally:
        writer.close()
