"""The routes of the pages: headers, refusals, look-ups, and what they say against plain sums."""

from __future__ import annotations

import csv
import html
import io
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import page_world
import pytest
from page_sites import Source, app_of, make, source_of
from page_world import World
from starlette.testclient import TestClient

from indexer.amounts import join
from indexer.analytics.catalogue import METRICS
from indexer.analytics.metric import Rows
from indexer.api.app import make_app
from indexer.api.source import Source as ServedSource
from indexer.database import Database
from indexer.pages.details import receipt_page
from indexer.pages.lookups import LATEST, DatabaseLookups
from indexer.pages.overview import Choice, overview
from indexer.pages.router import pages
from indexer.pages.source import Party
from indexer.pages.wiring import pages_over
from veritally.tiers import Tier

WORLD = World(weeks=9, payers=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("routes")


@pytest.fixture(scope="module")
def source(folder: Path) -> Source:
    return make(folder, WORLD)


@pytest.fixture(scope="module")
def client(source: Source) -> Iterator[TestClient]:
    with TestClient(app_of(source), follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def rows(source: Source, folder: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(folder / "pages.db")
    yield connection
    connection.close()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def lookups(request: pytest.FixtureRequest) -> DatabaseLookups:
    if request.param == "sqlite":
        return request.getfixturevalue("source").lookups
    server = request.getfixturevalue("postgres_server")
    database = Database(server)
    page_world.fill(database, WORLD)
    return DatabaseLookups(database, page_world.CHAIN_ID, page_world.SETTLEMENT)


PATHS = ("/", "/methods", "/models", "/provers", "/payers", "/receipts/0x00")


@pytest.mark.parametrize("path", PATHS)
def test_every_page_forbids_what_it_does_not_need(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith(
        "default-src 'none'; script-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-type"] == "text/html; charset=utf-8"


def test_style_sheet_and_icon_are_kept_until_they_change(client: TestClient) -> None:
    page = client.get("/").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    sheet = client.get(address)
    assert sheet.status_code == 200
    assert sheet.headers["content-type"].startswith("text/css")
    assert "immutable" in sheet.headers["cache-control"]
    assert "url(" not in sheet.text
    assert "@import" not in sheet.text
    for icon in ("/favicon.svg", "/favicon.ico"):
        assert client.get(icon).headers["content-type"] == "image/svg+xml"
    assert client.head("/").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/models/0x00",
        "/models/" + "0x" + "ab" * 32,
        "/provers/" + "0x" + "ab" * 20,
        "/payers/nobody",
        "/receipts/" + "0x" + "ab" * 32,
        "/inferences/1-0",
        "/inferences/999999999999-1",
        "/inferences/1-999999999999",
        "/inferences/-1-1",
        "/find?q=what",
        "/find",
    ],
)
def test_what_is_not_there_is_said_plainly(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "That did not work" in answer.text
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("query", ["weeks=3", "weeks=x", "rows=all", "weeks=4&rows="])
def test_unknown_choices_are_refused(client: TestClient, query: str) -> None:
    answer = client.get(f"/?{query}")
    assert answer.status_code == 400
    assert "weeks is one of 1, 4, 8" in answer.text


def test_what_was_typed_is_text(client: TestClient) -> None:
    text = client.get("/find", params={"q": "<img src=x>"}).text
    assert "<img src=x>" not in text
    assert "&lt;img src=x&gt;" in text


def test_find_leads_to_the_page_of_an_id(client: TestClient, rows: sqlite3.Connection) -> None:
    (receipt,) = rows.execute("SELECT receipt_hash FROM inference LIMIT 1").fetchone()
    places = {
        page_world.party("prover", 0): "/provers/",
        page_world.party("payer", 1): "/payers/",
        page_world.model_id(1): "/models/",
        f"0x{receipt.hex()}": "/receipts/",
    }
    for wanted, path in places.items():
        answer = client.get("/find", params={"q": f" {wanted} "})
        assert answer.headers["location"] == path + wanted
        assert client.get(path + wanted).status_code == 200


@pytest.mark.parametrize(
    ("party", "table"), [("model", "model"), ("prover", "address"), ("payer", "address")]
)
def test_sums_of_a_party_are_those_of_its_rows(
    lookups: DatabaseLookups, rows: sqlite3.Connection, party: str, table: str
) -> None:
    identity = page_world.model_id(1) if party == "model" else page_world.party(party, 1)
    found = lookups.party(Party(party), identity)
    assert found is not None
    value = bytes.fromhex(identity[2:])
    expected = rows.execute(
        "SELECT tier, development, count(*), sum(amount_e20), sum(amount_e10), sum(amount_e0) FROM inference "
        f"JOIN {table} AS t ON t.id = {party}_id WHERE t.value = ? GROUP BY 1, 2 ORDER BY 1, 2",
        (value,),
    ).fetchall()
    assert [(t.tier, int(t.labels.development), t.inferences, t.amount_base_units) for t in found.totals] == [
        (tier, development, n, join(*amount)) for tier, development, n, *amount in expected
    ]
    latest = rows.execute(
        f"SELECT i.id >> 20, i.id & 1048575 FROM inference AS i JOIN {table} AS t ON t.id = {party}_id "
        "WHERE t.value = ? ORDER BY i.id DESC LIMIT ?",
        (value, LATEST),
    ).fetchall()
    assert [(line.block, line.log_index) for line in found.latest] == latest
    assert found.uri == (page_world.HOSTILE if party == "model" else "")


def test_lists_have_the_busiest_first(lookups: DatabaseLookups, rows: sqlite3.Connection) -> None:
    last = rows.execute("SELECT last_block_timestamp_s FROM deployment").fetchone()[0] // 86_400 - 27
    for party in Party:
        expected = rows.execute(
            f"SELECT count(*) AS n, sum(tier = 1 OR development) FROM inference JOIN block "
            f"ON block.id = inference.id >> 20 WHERE timestamp_s / 86400 >= ? AND {party}_id <> 0 "
            f"GROUP BY {party}_id ORDER BY n DESC LIMIT 100",
            (last,),
        ).fetchall()
        found = lookups.parties(party)
        assert [line.inferences for line in found] == [n for n, _ in expected]
        assert sorted(dict(line.by_tier).get(1, 0) for line in found) == sorted(n for _, n in expected)


def test_receipt_is_the_inference_of_its_hash(lookups: DatabaseLookups, rows: sqlite3.Connection) -> None:
    tier = Tier.ZKML
    seq, receipt, request, floor = rows.execute(
        "SELECT seq, receipt_hash, request_hash, floor FROM inference WHERE tier = ? LIMIT 1", (tier,)
    ).fetchone()
    found = lookups.receipt(f"0x{receipt.hex()}")
    assert found is not None
    assert (found.seq, found.request_hash, found.floor) == (seq, f"0x{request.hex()}", floor)
    assert found.final
    assert found.root
    assert lookups.inference(found.line.block, found.line.log_index) == found
    assert lookups.inference(found.line.block, found.line.log_index + 1) is None


def test_weaker_scheme_is_called_so(source: Source, rows: sqlite3.Connection) -> None:
    (receipt,) = rows.execute("SELECT receipt_hash FROM inference ORDER BY id LIMIT 1").fetchone()
    found = source.lookups.receipt(f"0x{receipt.hex()}")
    assert found is not None
    shown = {scheme: receipt_page(None, replace(found, scheme=scheme), 0) for scheme in ("exact", "upto")}
    assert ["the weaker one" in shown[scheme] for scheme in ("exact", "upto")] == [True, False]


def test_every_metric_stands_on_the_overview_or_is_defined(client: TestClient) -> None:
    definitions = client.get("/methods").text
    assert [metric.name for metric in METRICS if f'id="{metric.name}"' not in definitions] == []
    shown = client.get("/").text
    unused = {metric.name for metric in METRICS if f"/v1/metrics/{metric.name}?" not in shown}
    assert unused == {"weekly-capped-share"}


@pytest.fixture(scope="module")
def beside(folder: Path, source: Source) -> Iterator[TestClient]:
    """The pages beside the HTTP interface."""
    del source  # has written the database
    served = ServedSource(f"sqlite:///{folder}/pages.db")
    served.warm()
    with TestClient(make_app(served, [pages(pages_over(served))])) as client:
        yield client


@pytest.mark.parametrize("query", ["weeks=4&rows=raw", "weeks=1&rows=strict"])
def test_tables_have_the_rows_of_their_data(beside: TestClient, query: str) -> None:
    figures = re.findall(r'<figure id="([a-z-]+)".*?</figure>', beside.get(f"/?{query}").text, re.S)
    texts = re.findall(r"<figure id=.*?</figure>", beside.get(f"/?{query}").text, re.S)
    compared = 0
    for name, text in zip(figures, texts, strict=True):
        links = [html.unescape(link) for link in re.findall(r'href="(/v1/[^"]+csv[^"]*)"', text)]
        if len(links) == 1:
            lines = list(csv.DictReader(io.StringIO(beside.get(links[0]).text)))
            if name == "retention":  # its table adds up the rows, and leaves out the first weeks themselves
                lines = list(
                    {(r["tier"], r["weeks_later"]): r for r in lines if r["weeks_later"] != "0"}.values()
                )
            assert text.count('<th scope="row"') == len(lines), name
            compared += 1
    assert compared > 10


def test_every_link_to_data_leads_to_data(beside: TestClient, rows: sqlite3.Connection) -> None:
    shown = beside.get("/?weeks=4&rows=strict").text
    links = {html.unescape(link) for link in re.findall(r'href="(/v1/[^"]+)"', shown)}
    assert len(links) > 50
    for link in sorted(links):
        answer = beside.get(link)
        kind = "text/csv" if "csv" in link else "application/vnd.apache.parquet"
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, kind), link
    (receipt,) = rows.execute("SELECT receipt_hash FROM inference ORDER BY id DESC LIMIT 1").fetchone()
    page = beside.get(f"/receipts/0x{receipt.hex()}").text
    (proof,) = re.findall(r'href="(/v1/receipts/[^"]+)"', page)
    assert beside.get(proof).json()["group"]["root"] in page


def test_file_of_its_own_needs_no_other_one(source: Source) -> None:
    text = overview(source, Choice(4, Rows.RAW), 1_770_000_000, standalone=True)
    assert "<style>" in text
    assert "<link" not in text
    assert 'href="/' not in text
    assert 'src="' not in text
    assert 'id="weeks"' in text


def test_page_without_a_final_block(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/new.db")
    database.prepare()
    source = source_of(database)
    assert source.analysis is None
    with TestClient(app_of(source)) as client:
        for path in PATHS[:-1]:
            answer = client.get(path)
            assert answer.status_code == 200
            assert "No final block is indexed yet" in answer.text
        assert "No inference has been settled yet" in client.get("/").text
