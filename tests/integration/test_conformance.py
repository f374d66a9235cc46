"""Outside checks of x402, run against the service."""

from __future__ import annotations

import json
import subprocess
import sys

import httpx
from attacking import header, new_payer, signed
from prover_service import PRICES, RunningService

from veritally.devnet import Devnet

CONFORMANCE = [sys.executable, "-c", "from x402conf.cli import main; raise SystemExit(main())", "resource"]


def test_x402_conformance_finds_nothing(service: RunningService) -> None:
    urls = [service.infer_url(tier) for tier in PRICES]
    run = subprocess.run(
        [*CONFORMANCE, "--fail-on-error", *urls], capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stdout + run.stderr
    results = json.loads(run.stdout)["results"]
    assert [result["target"] for result in results] == urls
    for result in results:
        assert len(result["checks"]) >= 6
        assert all(check["pass"] for check in result["checks"])


def test_the_price_is_told_without_a_request_and_nothing_is_taken(
    service: RunningService, devnet: Devnet
) -> None:
    shown = httpx.get(service.infer_url("tee"))
    asked = httpx.post(service.infer_url("tee"), json={"input": [1, 2, 3, 4]})
    assert (shown.status_code, shown.headers["payment-required"]) == (
        402,
        asked.headers["payment-required"],
    )
    paid = httpx.get(
        service.infer_url("tee"), headers=header(signed(service, new_payer(devnet), "upto", "tee"))
    )
    assert (paid.status_code, paid.json()["error"]["code"]) == (405, "method_not_allowed")
    assert json.dumps(paid.json()).count("not used") == 1
    assert httpx.get(service.infer_url("tee", model="rose")).status_code == 404
