"""Options, environment variables and the config file: which counts, what is refused, what is shown."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path

import pytest
from indexer_chain import RecordedChain
from indexer_command import Run, chain_of_all_tiers, sentence

from indexer.config_text import commented_file
from indexer.errors import SettingsError
from indexer.settings import IndexerSettings, load, load_settings, option_of, variable_of

FILE = Path("veritally-indexer.toml")
SECRET = "k3y-of-a-provider"


@pytest.fixture
def chain() -> RecordedChain:
    return chain_of_all_tiers()


@pytest.fixture(autouse=True)
def _empty_folder(environment: dict[str, str]) -> None:
    """Without a config file, and with a node in the environment."""


def test_option_before_environment_before_file_before_default(monkeypatch: pytest.MonkeyPatch) -> None:
    FILE.write_text("blocks_per_request = 5\npoll_interval_s = 6\nmax_lag_s = 7\n")
    monkeypatch.setenv("VERITALLY_INDEXER_POLL_INTERVAL_S", "8")
    monkeypatch.setenv("VERITALLY_INDEXER_MAX_LAG_S", "9")
    loaded = load(max_lag_s=10.0)
    found = loaded.settings
    assert (found.blocks_per_request, found.poll_interval_s, found.max_lag_s) == (5, 8, 10)
    assert (found.log_format, loaded.file) == ("console", FILE)
    assert {name: origin for name, origin in loaded.origins.items() if name != "rpc_urls"} == {
        "blocks_per_request": "veritally-indexer.toml",
        "poll_interval_s": "VERITALLY_INDEXER_POLL_INTERVAL_S",
        "max_lag_s": "--max-lag-s",
    }


def test_file_by_option_by_variable_and_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    FILE.write_text("blocks_per_request = 1\n")
    Path("b.toml").write_text("blocks_per_request = 2\n")
    Path("c.toml").write_text("blocks_per_request = 3\n")
    assert load_settings().blocks_per_request == 1
    monkeypatch.setenv("VERITALLY_INDEXER_CONFIG", "b.toml")
    assert load_settings().blocks_per_request == 2
    assert load_settings(Path("c.toml")).blocks_per_request == 3
    with pytest.raises(SettingsError, match=r"config file d\.toml: does not exist; write one with"):
        load_settings(Path("d.toml"))


def test_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERITALLY_INDEXER_RPC_URLS", "http://a:1, http://b:2,")
    assert load_settings().rpc_urls == ("http://a:1", "http://b:2")
    FILE.write_text('deployments = ["a.json", "b.json"]\n')
    assert load_settings().deployments == (Path("a.json"), Path("b.json"))
    assert load_settings(rpc_urls=["http://c:3"]).rpc_urls == ("http://c:3",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("poll_intervall = 2", "unknown setting poll_intervall; the nearest is poll_interval_s"),
        ('rpc_url = "http://a"', "unknown setting rpc_url; the nearest is rpc_urls"),
        ("blocks_per_request = 0", "blocks_per_request in veritally-indexer.toml: Input should be greater"),
        ("rpc_urls = []", "rpc_urls in veritally-indexer.toml: "),
        ('log_format = "xml"', "log_format in veritally-indexer.toml: Input should be 'console' or 'json'"),
        ("rpc_urls = [", "is no TOML: "),
    ],
)
def test_file_that_cannot_be_used(
    run: Run, monkeypatch: pytest.MonkeyPatch, content: str, message: str
) -> None:
    monkeypatch.delenv("VERITALLY_INDEXER_RPC_URLS")
    FILE.write_text(content)
    code, out, err = run("config", "show")
    assert (code, out) == (2, "")
    assert message in sentence(err)


def test_mistyped_variable_is_refused_but_not_those_of_others(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERITALLY_INDEXER_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("VERITALLY_INDEXER_PORT_9464_TCP_PORT", "9464")
    assert run("config", "show")[0] == 0
    monkeypatch.setenv("VERITALLY_INDEXER_RPC_URL", "http://a")
    code, _, err = run("config", "show")
    assert code == 2
    assert (
        "VERITALLY_INDEXER_RPC_URL: unknown variable; the nearest is VERITALLY_INDEXER_RPC_URLS"
        in sentence(err)
    )


def test_init_writes_every_setting_at_its_default(run: Run) -> None:
    assert run("config", "init") == (0, "wrote veritally-indexer.toml\n", "")
    assert stat.S_IMODE(FILE.stat().st_mode) == 0o600
    assert load_settings(rpc_urls=["http://127.0.0.1:8545"]) == IndexerSettings()
    lines = [line.removeprefix("# ") for line in commented_file().splitlines() if " = " in line]
    said = tomllib.loads("\n".join(lines))
    assert list(said) == list(IndexerSettings.model_fields)
    assert IndexerSettings(**{k: v for k, v in said.items() if k != "metrics_port"}) == IndexerSettings()
    for name, field in IndexerSettings.model_fields.items():
        assert field.description
        assert (
            f"# {field.description}\n# Also: {variable_of(name)} and {option_of(name)}." in commented_file()
        )
    code, _, err = run("config", "init")
    assert code == 2
    assert "veritally-indexer.toml exists already" in sentence(err)


def test_show_hides_keys_and_passwords(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    FILE.write_text(f'database_url = "postgresql+psycopg://me:{SECRET}@db.test/x?options={SECRET}"\n')
    monkeypatch.setenv(
        "VERITALLY_INDEXER_RPC_URLS", f"https://rpc.test/v2/{SECRET},http://b.test:1/?k={SECRET}"
    )
    code, out, _ = run("config", "show")
    assert code == 0
    assert SECRET not in out
    said = tomllib.loads(out)
    assert said["rpc_urls"] == ["https://rpc.test:443", "http://b.test:1"]
    assert said["database_url"] == "postgresql+psycopg://db.test/x"
    assert 'x"  # veritally-indexer.toml\n' in out
    code, out, _ = run("config", "show", "--json")
    assert SECRET not in out
    assert json.loads(out)["rpc_urls"]["from"] == "VERITALLY_INDEXER_RPC_URLS"
    assert json.loads(out)["log_format"] == {"value": "console", "from": "default"}
