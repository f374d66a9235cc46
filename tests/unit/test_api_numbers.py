"""Every number of the HTTP interface is what the chain's inferences add up to, in SQLite and in Postgres."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from api_world import (
    MODELS,
    OTHER_TOKEN,
    PAYERS,
    PROVERS,
    ROUTE,
    START_S,
    TOKEN,
    ApiWorld,
    Made,
    client_of,
    index,
    make_world,
    time_of,
)
from fastapi.testclient import TestClient
from indexer_chain import KEY

from indexer.analytics.catalogue import METRICS
from veritally.merkle import verify_merkle_proof
from veritally.tiers import Tier

DAY_S = 86_400


@pytest.fixture(scope="module")
def world() -> ApiWorld:
    return make_world()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def client(
    request: pytest.FixtureRequest, world: ApiWorld, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_server")
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('api') / 'indexer.db'}"
    index(world, url)
    with client_of(url) as client:
        yield client


def get(client: TestClient, path: str, **parameters: Any) -> dict[str, Any]:
    response = client.get(path, params=parameters)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def start_of(made: Made, bucket: str) -> str:
    time = datetime.fromtimestamp(made.time_s, UTC)
    day = time.replace(hour=0, minute=0, second=0)
    starts = {
        "hour": time.replace(minute=0, second=0),
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
    }
    return starts[bucket].isoformat().replace("+00:00", "Z")


KEYS: dict[str, Callable[[Made], Any]] = {
    "tier": lambda made: Tier(made.tier).label,
    "model": lambda made: made.model,
    "prover": lambda made: made.prover,
    "payer": lambda made: made.payer,
    "asset": lambda made: made.asset,
}
NAMES = {"tier": "tier", "model": "model_id", "prover": "prover", "payer": "payer", "asset": "asset"}


def sums(made: Iterable[Made], by: str, bucket: str) -> dict[Any, list[int]]:
    """Per bucket, key and token: inferences, by tier, strong, labelled, amount."""
    found: dict[Any, list[int]] = defaultdict(lambda: [0] * 8)
    for one in made:
        start = "all" if bucket == "all" else start_of(one, bucket)
        parts = [one.tier == 1, one.tier == 2, one.tier == 3, one.is_strong, one.development, one.unbound]
        for place, value in enumerate([1, *parts, one.amount]):
            found[start, KEYS[by](one), one.asset][place] += value
    return found


def answered(rows: Iterable[dict[str, Any]], by: str) -> dict[Any, list[int]]:
    found = {}
    for row in rows:
        tier = row.get("tier")
        pivot = [
            row.get(name, row["inferences"] if tier == name else 0) for name in ("signed", "tee", "zkml")
        ]
        counts = [row["inferences"], *pivot, row["strong"], row["development"], row["unbound"]]
        key = row.get("bucket_start", "all"), row[NAMES[by]], row["asset"]
        assert key not in found
        found[key] = [*counts, int(row["amount_base_units"])]
    return found


@pytest.mark.parametrize("finality", ["final", "latest"])
@pytest.mark.parametrize("bucket", ["hour", "day", "week", "month", "all"])
@pytest.mark.parametrize("by", list(KEYS))
def test_tallies(client: TestClient, world: ApiWorld, by: str, bucket: str, finality: str) -> None:
    asked = {"by": by, "bucket": bucket, "finality": finality, "limit": 10_000}
    if bucket == "hour" and by in ("model", "prover", "payer"):
        refused = client.get("/v1/tallies", params=asked)
        assert (refused.status_code, refused.json()["title"]) == (409, "Not together")
        assert "take day or longer" in refused.json()["detail"]
        return
    content = get(client, "/v1/tallies", **asked)
    made = world.final() if finality == "final" else world.made
    assert answered(content["rows"], by) == sums(made, by, bucket)
    assert content["truncated"] is False
    last = world.chain.final if finality == "final" else len(world.chain.blocks) - 1
    assert content["as_of"] == {
        "block": last,
        "hash": world.chain.blocks[last]["hash"],
        "time": datetime.fromtimestamp(time_of(last), UTC).isoformat().replace("+00:00", "Z"),
        "finality": finality,
    }


@pytest.mark.parametrize("by", list(KEYS))
def test_tallies_of_a_span(client: TestClient, world: ApiWorld, by: str) -> None:
    after, before = START_S + 9 * DAY_S, START_S + 35 * DAY_S
    times = [datetime.fromtimestamp(time_s, UTC).date().isoformat() for time_s in (after, before)]
    content = get(client, "/v1/tallies", by=by, bucket="week", after=times[0], before=times[1])
    made = [one for one in world.final() if after <= one.time_s < before]
    assert answered(content["rows"], by) == sums(made, by, "week")
    assert (content["after"], content["before"]) == (
        f"{times[0]}T00:00:00Z",
        min(content["before"], f"{times[1]}T00:00:00Z"),
    )


def test_the_largest_come_first_and_the_rest_is_said_to_be_missing(
    client: TestClient, world: ApiWorld
) -> None:
    content = get(client, "/v1/tallies", by="payer", limit=3)
    counts = sorted((row[0] for row in sums(world.final(), "payer", "all").values()), reverse=True)
    assert [row["inferences"] for row in content["rows"]] == counts[:3]
    assert content["truncated"] is True
    assert client.get("/v1/tallies?by=payer&limit=3").headers["veritally-truncated"] == "true"


def test_amounts_in_whole_tokens(client: TestClient, world: ApiWorld) -> None:
    rows = {row["asset"]: row for row in get(client, "/v1/tallies", by="asset")["rows"]}
    amount = sum(one.amount for one in world.final() if one.asset == TOKEN)
    assert rows[TOKEN]["amount_base_units"] == str(amount)
    assert rows[TOKEN]["amount"] == f"{amount // 10**6}.{amount % 10**6:06}"
    assert rows[TOKEN]["decimals"] == 6
    assert (rows[OTHER_TOKEN]["amount"], rows[OTHER_TOKEN]["decimals"]) == (None, None)


@pytest.mark.parametrize("finality", ["final", "latest"])
@pytest.mark.parametrize(
    ("party", "value"),
    [("", ""), ("model", MODELS[2]), ("prover", PROVERS[1]), ("payer", PAYERS[4])],
)
@pytest.mark.parametrize("bucket", ["hour", "day", "week", "month"])
def test_series(
    client: TestClient, world: ApiWorld, bucket: str, party: str, value: str, finality: str
) -> None:
    asked = {"bucket": bucket, "finality": finality} | ({party: value} if party else {})
    if bucket == "hour" and party:
        assert client.get("/v1/series", params=asked).status_code == 409
        return
    rows = get(client, "/v1/series", **asked)["rows"]
    made = world.final() if finality == "final" else world.made
    kept = [one for one in made if not party or KEYS[party](one) == value]
    expected: dict[str, list[int]] = defaultdict(lambda: [0] * 7)
    for (start, _, _), counts in sums(kept, "tier", bucket).items():
        expected[start] = [a + b for a, b in zip(expected[start], counts[:7], strict=True)]
    names = ("inferences", "signed", "tee", "zkml", "strong", "development", "unbound")
    assert {
        row["bucket_start"]: [row[name] for name in names] for row in rows if row["inferences"]
    } == expected
    shares = {row["bucket_start"]: row["strong_share"] for row in rows}
    assert shares == {
        start: expected[start][4] / expected[start][0] if start in expected else None for start in shares
    }
    starts = [datetime.fromisoformat(row["bucket_start"]) for row in rows]
    assert starts == sorted(set(starts))
    if bucket != "month":
        gaps = {after - before for before, after in pairwise(starts)}
        assert gaps == {timedelta(**{f"{bucket}s": 1})}


def test_overview(client: TestClient, world: ApiWorld) -> None:
    content = get(client, "/v1/overview")
    counts: Counter[Any] = Counter()
    for one in world.final():
        counts[Tier(one.tier).label, one.development, one.unbound, one.asset] += 1
    found = {
        (row["tier"], row["development"], row["unbound"], row["asset"]): row["inferences"]
        for row in content["rows"]
    }
    assert found == counts
    assert content["inferences"] == len(world.final())
    assert sum(row["share"] for row in content["rows"]) == pytest.approx(1)
    assert content["verdict"]["raw"]["word"] == "not enough independent payers"
    assert content["verdict"]["strict"]["rows"] == "strict"
    assert content["methodology"]
    assert content["window"]["weeks"] == 4
    shares = content["shares"]["count-share"]
    assert {row["tier"] for row in shares} <= {"signed", "tee", "zkml"}
    assert content["health"]["final_block"] == world.chain.final


def test_parties(client: TestClient, world: ApiWorld) -> None:
    for path, name, values in (
        ("provers", "prover", PROVERS),
        ("payers", "payer", PAYERS),
        ("models", "model", MODELS),
    ):
        for value in values:
            for finality in ("final", "latest"):
                rows = get(client, f"/v1/{path}/{value.lower()}", finality=finality)["rows"]
                made = world.final() if finality == "final" else world.made
                expected: Counter[Any] = Counter()
                amounts: Counter[Any] = Counter()
                for one in made:
                    if KEYS[name](one) == value:
                        key = Tier(one.tier).label, one.development, one.unbound, one.asset
                        expected[key] += 1
                        amounts[key] += one.amount
                keys = [(row["tier"], row["development"], row["unbound"], row["asset"]) for row in rows]
                assert dict(zip(keys, (row["inferences"] for row in rows), strict=True)) == expected
                found = {key: int(row["amount_base_units"]) for key, row in zip(keys, rows, strict=True)}
                assert found == amounts


def test_unknown_parties_are_not_found(client: TestClient) -> None:
    stranger = "0x" + "99" * 20
    for path in (
        f"provers/{stranger}",
        f"payers/{stranger}",
        f"models/0x{'99' * 32}",
        f"payers/{PROVERS[0]}",
    ):
        refused = client.get(f"/v1/{path}")
        assert (refused.status_code, refused.headers["content-type"]) == (404, "application/problem+json")
    rows = get(client, "/v1/series", payer=stranger)["rows"]
    assert {row["inferences"] for row in rows} == {0}
    assert get(client, "/v1/inferences", payer=stranger)["rows"] == []


def test_models(client: TestClient, world: ApiWorld) -> None:
    rows = get(client, "/v1/models", after="2025-11-26")["rows"]
    counts = Counter(one.model for one in world.final() if one.time_s >= START_S + DAY_S)
    assert [row["inferences"] for row in rows] == sorted(counts.values(), reverse=True)
    assert {row["model_id"]: row["inferences"] for row in rows} == counts
    (named,) = [row for row in rows if row["model_id"] == MODELS[0]]
    assert (named["uri"], named["owner"], named["weights_hash"]) == ("=1+1", PROVERS[0], f"0x{KEY.hex()}")
    events = get(client, f"/v1/models/{MODELS[0]}")["registry_events"]
    assert [(event["event"], event["block"]) for event in events] == [("ModelRegistered", 3)]
    last = get(client, "/v1/models")
    assert last["after"] == "2025-11-29T00:00:00Z"


def test_routes_and_enclaves(client: TestClient) -> None:
    (route,) = get(client, "/v1/routes")["rows"]
    assert (route["route"], route["tier"], route["status"]) == (f"0x{ROUTE.hex()}", "tee", "active")
    assert (route["verifier"], route["deterministic"], route["group_gas"]) == (PAYERS[0], True, 90_000)
    (stopped,) = get(client, "/v1/routes", finality="latest")["rows"]
    assert (stopped["status"], stopped["stopped_at"] is None) == ("stopped", False)
    (enclave,) = get(client, "/v1/enclaves")["rows"]
    assert (enclave["key"], enclave["prover"], enclave["model_id"]) == (
        f"0x{KEY.hex()}",
        PROVERS[1],
        MODELS[1],
    )
    assert (enclave["kind"], enclave["platform"], enclave["development"]) == (
        "secp256k1",
        "development",
        True,
    )
    assert (enclave["valid_until"], enclave["compromised_at"]) == ("2025-12-01T14:40:00Z", None)
    (doubted,) = get(client, "/v1/enclaves", finality="latest")["rows"]
    assert doubted["valid_until"] == "2025-12-06T05:46:40Z"
    assert doubted["compromised_at"] == "2025-12-01T00:46:40Z"


def test_receipts_prove_that_they_were_settled(client: TestClient, world: ApiWorld) -> None:
    for made in world.made[::7]:
        is_final = made.block <= world.chain.final
        path = f"/v1/receipts/0x{made.receipt_hash.hex()}"
        if not is_final:
            assert client.get(path).status_code == 404
        content = get(client, path, finality="latest")
        assert get(client, f"/v1/inferences/{made.block}-{made.log_index}", finality="latest") == content
        (row,) = content["rows"]
        assert (row["seq"], row["block"], row["log_index"]) == (made.seq, made.block, made.log_index)
        assert (row["payer"], row["prover"], row["model_id"]) == (made.payer, made.prover, made.model)
        assert (row["tier"], int(row["amount_base_units"])) == (Tier(made.tier).label, made.amount)
        assert row["scheme"] == ("upto" if made.payer else "none")
        assert content["group"]["root"] == f"0x{made.root.hex()}"
        assert content["group"]["key"] == (f"0x{KEY.hex()}" if made.tier == Tier.TEE else None)
        proof = [bytes.fromhex(node[2:]) for node in content["proof"]]
        assert verify_merkle_proof(made.root, made.receipt_hash, proof)
    unknown = client.get(f"/v1/receipts/0x{'00' * 32}")
    assert (unknown.status_code, unknown.json()["title"]) == (404, "Not found")
    assert client.get("/v1/inferences/3-999").status_code == 404


def test_metrics(client: TestClient) -> None:
    listed = get(client, "/v1/metrics")
    assert [row["name"] for row in listed["rows"]] == [metric.name for metric in METRICS]
    for metric in METRICS:
        for rows in ("raw", "strict"):
            content = get(client, f"/v1/metrics/{metric.name}", rows=rows, weeks=2)
            assert [column["name"] for column in content["columns"]] == [c.name for c in metric.columns]
            assert content["methodology"] == listed["methodology"]
            assert (content["window"]["weeks"], content["rows_counted"]) == (2, rows)
        text = client.get(f"/v1/metrics/{metric.name}/sql")
        assert (text.status_code, text.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        assert text.text.count(".sql\n") == len(metric.sql)


def test_windows_of_metrics(client: TestClient, world: ApiWorld) -> None:
    made = [
        one for one in world.final() if one.payer and START_S + 6 * DAY_S <= one.time_s < START_S + 20 * DAY_S
    ]
    content = get(client, "/v1/metrics/count-share", weeks=2, until="2025-12-15")
    assert content["window"] == {"from": "2025-12-01", "until": "2025-12-15", "weeks": 2}
    counted = Counter("signed" if one.flags else Tier(one.tier).label for one in made)
    assert {row["tier"]: row["inferences"] for row in content["rows"] if row["inferences"]} == counted
    for until in ("2024-01-01", "2026-06-01"):
        refused = client.get("/v1/metrics/count-share", params={"until": until})
        assert (refused.status_code, refused.json()["detail"][:6]) == (409, "until:")
    assert client.get("/v1/metrics/nothing").status_code == 404


def test_health_and_incidents(client: TestClient, world: ApiWorld) -> None:
    (row,) = get(client, "/v1/health")["rows"]
    assert (row["inferences"], row["block"]) == (len(world.made), len(world.chain.blocks) - 1)
    assert (row["final_block"], row["verified_to_block"], row["open_incidents"]) == (
        world.chain.final,
        None,
        0,
    )
    assert get(client, "/v1/incidents")["rows"] == []
