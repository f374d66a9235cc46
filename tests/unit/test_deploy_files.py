"""The files of deploy/ are well-formed, and name only metrics, settings, commands and texts that exist."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from prometheus_client import Counter
from prometheus_client.metrics import MetricWrapperBase

from indexer import metrics as indexer_metrics
from indexer.cli import app as indexer_app
from indexer.settings import IndexerSettings
from prover.cli import app
from prover.operations.metrics import PREFIX, Metrics
from prover.operations.standing import BookStanding, ChainStanding, Standing
from prover.settings import PREFIX as SETTING_PREFIX
from prover.settings import ProverSettings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
TEXT = {path.relative_to(DEPLOY).as_posix(): path.read_text(encoding="utf-8") for path in FILES}
UNITS = sorted(DEPLOY.glob("systemd/*.service"))


def read_yaml(name: str) -> Any:
    return yaml.safe_load(TEXT[name])


def exported() -> set[str]:
    """The names of all series, each with at least one value."""
    book = BookStanding(
        jobs={"mined": 1},
        open_jobs={"reserved": {"zkml": 1}},
        oldest_s={"reserved": 1.0},
        reasons={"code": 1},
        proofs={"done": 1},
        transactions={"final": 1},
        oldest_unconfirmed_s=0.0,
        next_nonce=1,
        paused=None,
        earned_base_units={"0x": 1},
        gas_wei=1,
    )
    chain = ChainStanding({"host": None}, 1, 0.0, 1, 1, 1, {"zkml": "active"}, {"iris": 1.0})
    metrics = Metrics(lambda: Standing(time.time(), book, chain))
    metrics.requests.labels("200", "yes").inc()
    metrics.seconds.labels("yes").observe(1)
    return metrics.names()


@pytest.mark.parametrize("name", [name for name in TEXT if name.endswith((".yml", ".yaml"))])
def test_yaml_is_yaml(name: str) -> None:
    assert isinstance(read_yaml(name), dict)


@pytest.mark.parametrize("name", ["grafana/dashboards/prover.json", "prometheus/alerts.yml"])
def test_every_metric_that_is_named_is_exported(name: str) -> None:
    named = set(re.findall(rf"{PREFIX}\w+", TEXT[name]))
    assert named
    assert named - exported() == set()


def test_every_metric_of_the_indexer_that_is_named_is_exported() -> None:
    ours = [metric for metric in vars(indexer_metrics).values() if isinstance(metric, MetricWrapperBase)]
    names = {m.describe()[0].name + ("_total" if isinstance(m, Counter) else "") for m in ours}
    named = set(re.findall(r"\bindexer_\w+", TEXT["prometheus/alerts.yml"]))
    assert named
    assert named - names == set()


def test_the_dashboard_shows_every_metric_but_the_libraries_own() -> None:
    shown = set(re.findall(rf"{PREFIX}\w+", TEXT["grafana/dashboards/prover.json"]))
    ours = {name for name in exported() if not name.startswith(f"{PREFIX}process_")}
    parts_of_others = {name for name in ours if name.endswith(("_created", "_sum", "_count"))}
    assert ours - parts_of_others - shown == {f"{PREFIX}head_block"}


def test_dashboard_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    panels = json.loads(TEXT["grafana/dashboards/prover.json"])["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert all(x < 24 for x, _ in cells), panel["title"]
        taken |= cells


def test_every_alert_leads_to_a_part_of_the_runbook() -> None:
    headings = re.findall(
        r"^#+ (.+)$", (ROOT / "docs" / "operate.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    for group in read_yaml("prometheus/alerts.yml")["groups"]:
        for rule in group["rules"]:
            assert set(rule) >= {"alert", "expr", "labels", "annotations"}, rule
            file, anchor = rule["annotations"]["runbook"].split("#")
            assert (file, anchor in anchors) == ("docs/operate.md", True), rule["alert"]


def test_every_setting_that_is_named_exists() -> None:
    named = re.findall(rf"{SETTING_PREFIX}(\w+)", "\n".join(TEXT.values()))
    known = {name.upper() for name in ProverSettings.model_fields} | {"CONFIG"}
    assert set(named) - known == set()
    of_indexer = re.findall(r"VERITALLY_INDEXER_(\w+)", "\n".join(TEXT.values()))
    known = {name.upper() for name in IndexerSettings.model_fields} | {"CONFIG"}
    assert set(of_indexer) - known == set()


def test_every_command_that_is_named_exists() -> None:
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    named = re.findall(r"(?:/|`|\[\"?)veritally-prover\"?,? \"?([a-z]+)", "\n".join(TEXT.values()))
    assert "serve" in named
    assert set(named) <= commands


def test_the_indexer_is_followed_probed_and_scraped() -> None:
    """In a container, where its port must be open to the others; it needs ten seconds to stop."""
    service = read_yaml("compose.yaml")["services"]["indexer"]
    program, *words = service["command"]
    assert (program, words[0]) == ("veritally-indexer", "run")
    run = typer.main.get_command(indexer_app).commands["run"]  # type: ignore[attr-defined]
    settings = run.make_context("run", words[1:]).params
    assert settings["metrics_host"] == "0.0.0.0"
    place = f":{settings['metrics_port']}"
    assert f"{place}/healthz" in service["healthcheck"]["test"][-1]
    assert service["stop_grace_period"] == "10s"
    scraped = {job["job_name"]: job for job in read_yaml("prometheus/prometheus.yml")["scrape_configs"]}
    assert scraped["veritally-indexer"]["static_configs"] == [{"targets": [f"indexer{place}"]}]
    jobs = re.findall(r'job="([^"]+)"', TEXT["prometheus/alerts.yml"])
    assert set(jobs) <= set(scraped)


def test_compose_profiles_are_complete_and_everything_of_ours_is_hardened() -> None:
    compose = read_yaml("compose.yaml")
    services = compose["services"]
    by_profile = {
        profile: {name for name, service in services.items() if profile in service["profiles"]}
        for profile in ("sqlite", "postgres", "observe")
    }
    assert by_profile == {
        "sqlite": {"prover", "indexer"},
        "postgres": {"prover-postgres", "indexer", "postgres"},
        "observe": {"prometheus", "grafana"},
    }
    for name in ("prover", "prover-postgres", "indexer"):
        service = services[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert not any("KEY" in key and "FILE" not in key for key in service["environment"])
    used = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", [])}
    assert {volume for volume in used if not volume.startswith(".")} == set(compose["volumes"])
    secrets = {secret for service in services.values() for secret in service.get("secrets", [])}
    assert secrets == set(compose["secrets"])
    for port in [port for service in services.values() for port in service.get("ports", [])]:
        assert port.startswith("127.0.0.1:"), "others reach it through a proxy that speaks TLS"


def test_mounted_files_exist() -> None:
    mounts = [
        volume.split(":")[0]
        for service in read_yaml("compose.yaml")["services"].values()
        for volume in service.get("volumes", [])
        if volume.startswith("./")
    ]
    made_by_the_operator = {"./config"}
    for mount in set(mounts) - made_by_the_operator:
        assert (DEPLOY / mount).exists(), mount


def test_the_image_runs_as_a_user_without_rights_and_installs_what_is_pinned() -> None:
    text = TEXT["Dockerfile"]
    assert text.rstrip().splitlines()[-1] == 'CMD ["veritally-prover", "serve"]'
    assert re.search(r"^USER veritally$", text, re.MULTILINE)
    assert "--require-hashes -r requirements/runtime.txt" in text
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for name in source.split():
            assert (ROOT / name).exists(), name


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_units_are_units_and_keys_come_as_credentials(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=", "UMask=00"):
        assert line in text
    assert "KEYSTORE_FILE" not in text or "LoadCredential=keystore:" in text
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze")
    copy = tmp_path / unit.name
    copy.write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", text), encoding="utf-8")
    checked = subprocess.run([analyze, "verify", str(copy)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_prometheus_takes_the_rules() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool")
    subprocess.run([promtool, "check", "rules", str(DEPLOY / "prometheus" / "alerts.yml")], check=True)
