from __future__ import annotations

import json
import os
import stat
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from prover.cli import app
from prover.config import CONFIG_VARIABLE, SECRETS, Source, load_configuration, load_settings
from prover.config_file import config_text, write_private
from prover.errors import SettingError
from prover.settings import PREFIX, ProverSettings


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory without files, and no settings of the machine."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


def write(text: str, name: str = "veritally-prover.toml") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_options_count_more_than_the_environment_that_more_than_the_file_and_that_more_than_defaults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write("port = 1\nbatch_window_s = 1.5\nproof_timeout_s = 7\nprice_tee_usd = '5'")
    monkeypatch.setenv(f"{PREFIX}PORT", "2")
    monkeypatch.setenv(f"{PREFIX}BATCH_WINDOW_S", "2.5")
    found = load_configuration(options={"port": "3"})
    settings, sources = found.settings, found.sources
    assert (settings.port, sources["port"]) == (3, Source.OPTION)
    assert (settings.batch_window_s, sources["batch_window_s"]) == (2.5, Source.ENVIRONMENT)
    assert (settings.proof_timeout_s, sources["proof_timeout_s"]) == (7.0, Source.FILE)
    assert (settings.host, sources["host"]) == ("127.0.0.1", Source.DEFAULT)
    assert settings.price_tee_usd == "5"


def test_paths_in_the_file_begin_at_its_folder_and_others_at_the_working_directory() -> None:
    write('deployment = "a.json"\nmodels = ["m", "/n"]\nstate_dir = "state"', "etc/prover.toml")
    settings = load_configuration(Path("etc/prover.toml"), {"cache_dir": "cache"}).settings
    folder = Path.cwd() / "etc"
    assert settings.deployment == folder / "a.json"
    assert settings.models == (folder / "m", Path("/n"))
    assert settings.cache_dir == Path("cache")
    assert settings.database == f"sqlite:///{folder / 'state' / 'prover.db'}"


@pytest.mark.parametrize("name", ["srs", "keystore_file", "keystore_password_file", "cluster_key_file"])
def test_every_path_in_the_file_begins_at_its_folder(name: str) -> None:
    write(f'{name} = "x"', "etc/prover.toml")
    settings = load_configuration(Path("etc/prover.toml")).settings
    assert getattr(settings, name) == Path.cwd() / "etc" / "x"


def test_the_environment_names_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write("port = 5", "other.toml")
    monkeypatch.setenv(CONFIG_VARIABLE, "other.toml")
    assert load_settings().port == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prot = 5", r"veritally-prover\.toml: prot: there is no such setting; did you mean port\?"),
        ("zzzzzzzz = 5", "zzzzzzzz: there is no such setting; docs"),
        ("port = 70000", r"veritally-prover\.toml: port: .*65535"),
        ("port = ", "is no TOML"),
        ("schemes = ['upto', 'upto']", "names a scheme twice"),
        ("schemes = ['gift']", "schemes: .*'upto'"),
        ("max_fee_gwei = 'much'", "max_fee_gwei: .*decimal number above zero"),
        ("max_fee_gwei = -1", "decimal number above zero"),
        ("max_fee_gwei = 'NaN'", "decimal number above zero"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_place(text: str, message: str) -> None:
    write(text)
    with pytest.raises(SettingError, match=message):
        load_settings()


def test_a_name_in_the_environment_that_is_none_of_ours_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}BACH_WINDOW_S", "1")
    with pytest.raises(SettingError, match=r"BACH_WINDOW_S: .* did you mean BATCH_WINDOW_S\?"):
        load_settings()


def test_a_missing_file_that_was_named_is_refused() -> None:
    with pytest.raises(SettingError, match=r"nowhere\.toml: cannot be read \(No such file"):
        load_configuration(Path("nowhere.toml"))


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_what_may_hold_a_key_is_refused_on_the_command_line_without_showing_it(name: str) -> None:
    with pytest.raises(SettingError, match="which the command line would show") as caught:
        load_configuration(options={name: "https://rpc.example/canary-path"})
    assert "canary" not in str(caught.value)


def test_config_show_masks_what_may_hold_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    write('fallback_rpc_urls = ["https://rpc.example/canary-path"]\nport = 5')
    monkeypatch.setenv(f"{PREFIX}RPC_URL", "https://rpc.example/canary-path")
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", "postgresql+psycopg://u:canary@h/d")
    result = CliRunner().invoke(app, ["--set", "host=0.0.0.0", "config", "show", "--json"])
    assert result.exit_code == 0, result.output
    shown = {row["setting"]: (row["value"], row["source"]) for row in json.loads(result.output)}
    assert "canary" not in result.output
    assert {name: shown[name] for name in (*SECRETS, "host", "port", "price_tee_usd")} == {
        "rpc_url": ("***", "environment"),
        "fallback_rpc_urls": ("***", "file"),
        "database_url": ("***", "environment"),
        "host": ("0.0.0.0", "option"),
        "port": ("5", "file"),
        "price_tee_usd": ("0.002", "default"),
    }
    assert list(shown) == list(ProverSettings.model_fields)


def test_the_written_file_says_the_defaults_and_every_line_of_it_works() -> None:
    text = config_text({})
    assert tomllib.loads(text) == {}
    names = list(ProverSettings.model_fields)
    lines = [line for line in text.splitlines() if line.removeprefix("# ").split(" = ")[0] in names]
    assert [line.removeprefix("# ").split(" = ")[0] for line in lines] == names
    write("\n".join(line.removeprefix("# ") for line in lines))
    settings = load_settings()
    for name, field in ProverSettings.model_fields.items():
        if field.default is not None and name not in {"models", "cache_dir", "deployment", "state_dir"}:
            assert getattr(settings, name) == field.default, name


def test_chosen_settings_count_in_the_written_file() -> None:
    write(config_text({"port": 5, "settle_at_a_loss": True, "rpc_url": 'http://h/"#'}))
    settings = load_settings()
    assert (settings.port, settings.settle_at_a_loss, settings.rpc_url) == (5, True, 'http://h/"#')


def test_private_files_are_private_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_private(path, "first")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        write_private(path, "second")
    assert path.read_text() == "first"
