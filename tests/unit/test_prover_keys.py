from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from eth_account import Account
from eth_keys.datatypes import Signature
from eth_typing import HexStr
from pydantic import ValidationError

from prover.errors import SettingError
from prover.offering import load_packages
from prover.settings import ProverSettings
from prover.signer import load_prover_account, sign_digest
from veritally.errors import KeyFileError
from veritally.keys import load_development_key
from veritally.tiers import Tier

KEY = "0x" + "5f" * 32
ADDRESS = Account.from_key(KEY).address
DEVELOPMENT_CHAIN, MAINNET = 84532, 8453


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def settings(**values: object) -> ProverSettings:
    return ProverSettings.model_validate(values)


def keystore(tmp_path: Path) -> Path:
    content = Account.encrypt(HexStr(KEY), "pass phrase", kdf="pbkdf2", iterations=2)
    return write(tmp_path / "keystore.json", json.dumps(content))


def test_keystore_opens_with_its_password_on_every_chain(tmp_path: Path) -> None:
    password = write(tmp_path / "password", "pass phrase\n")
    chosen = settings(keystore_file=keystore(tmp_path), keystore_password_file=password)
    assert load_prover_account(chosen, MAINNET).address == ADDRESS


@pytest.mark.parametrize("password", ["wrong", "", "pass phrase "])
def test_keystore_with_a_wrong_password_is_refused(tmp_path: Path, password: str) -> None:
    chosen = settings(
        keystore_file=keystore(tmp_path), keystore_password_file=write(tmp_path / "password", password)
    )
    with pytest.raises(KeyFileError, match="password does not open it"):
        load_prover_account(chosen, MAINNET)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"version": 3}', "not json", KEY])
def test_a_file_that_is_no_keystore_is_refused(tmp_path: Path, content: str) -> None:
    chosen = settings(
        keystore_file=write(tmp_path / "keystore.json", content),
        keystore_password_file=write(tmp_path / "password", "x"),
    )
    with pytest.raises(KeyFileError, match="no keystore") as caught:
        load_prover_account(chosen, MAINNET)
    assert KEY not in str(caught.value)


def test_keystore_without_password_file_says_which_variable_to_set(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="VERITALLY_PROVER_KEYSTORE_PASSWORD_FILE"):
        load_prover_account(settings(keystore_file=keystore(tmp_path)), MAINNET)


def test_no_key_at_all_says_which_variable_to_set() -> None:
    with pytest.raises(KeyFileError, match="VERITALLY_PROVER_KEYSTORE_FILE"):
        load_prover_account(settings(), DEVELOPMENT_CHAIN)


@pytest.mark.parametrize("text", [KEY, KEY + "\n", KEY.removeprefix("0x")])
def test_raw_key_opens_on_a_development_chain(tmp_path: Path, text: str) -> None:
    chosen = settings(raw_key_file=write(tmp_path / "key", text))
    assert load_prover_account(chosen, DEVELOPMENT_CHAIN).address == ADDRESS


def test_raw_key_is_refused_on_other_chains(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="refused on chain 8453"):
        load_development_key(write(tmp_path / "key", KEY), MAINNET)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o700])
def test_raw_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_development_key(write(tmp_path / "key", KEY, mode), DEVELOPMENT_CHAIN)


@pytest.mark.parametrize("text", ["", "zz" * 32, KEY + KEY, KEY[:-1], "0x" + "00" * 32, "0x" + "ff" * 32])
def test_a_file_that_is_no_key_is_refused_without_showing_it(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(KeyFileError) as caught:
        load_development_key(write(tmp_path / "key", text), DEVELOPMENT_CHAIN)
    shown = f"{caught.value!r} {caught.value.__cause__!r} {caplog.text}"
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    assert not text or text.removeprefix("0x") not in shown


def test_missing_key_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="No such file"):
        load_development_key(tmp_path / "key", DEVELOPMENT_CHAIN)


def test_account_does_not_show_its_key(tmp_path: Path) -> None:
    account = load_development_key(write(tmp_path / "key", KEY), DEVELOPMENT_CHAIN)
    assert "5f5f" not in f"{account!r} {account!s}".lower()


def test_signature_is_r_s_v_over_the_digest() -> None:
    digest = b"\x07" * 32
    signature = sign_digest(Account.from_key(KEY), digest)
    assert len(signature) == 65
    assert signature[64] in (27, 28)
    key = Signature(signature[:64] + bytes([signature[64] - 27])).recover_public_key_from_msg_hash(digest)
    assert key.to_checksum_address() == ADDRESS


def test_settings_come_from_the_environment_and_hide_the_rpc_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERITALLY_PROVER_RPC_URL", "https://rpc.example/secret-path")
    monkeypatch.setenv("VERITALLY_PROVER_PRICE_ZKML_USD", "0.25")
    monkeypatch.setenv("VERITALLY_PROVER_MODEL_PRICES_USD", '["digits/zkml=0.5", "digits/tee=0.004"]')
    chosen = ProverSettings()
    assert chosen.rpc_url == "https://rpc.example/secret-path"
    assert "secret-path" not in repr(chosen)
    tiers = (Tier.SIGNED, Tier.TEE, Tier.ZKML)
    assert [chosen.price_usd(tier, "iris") for tier in tiers] == ["0.001", "0.002", "0.25"]
    assert [chosen.price_usd(tier, "digits") for tier in tiers] == ["0.001", "0.004", "0.5"]


@pytest.mark.parametrize(
    ("prices", "problem"),
    [
        ('["digits=0.5"]', "is not of the form"),
        ('["digits/gold=0.5"]', "is not of the form"),
        ('["digits/tee=1", "digits/tee=2"]', "names a model and tier twice"),
        ("digits/tee=1", "is no JSON list"),
    ],
)
def test_prices_of_models_are_read_strictly(
    prices: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERITALLY_PROVER_MODEL_PRICES_USD", prices)
    with pytest.raises(ValidationError, match=problem):
        ProverSettings()


def test_a_price_for_a_model_that_is_not_served_is_refused() -> None:
    chosen = ProverSettings(model_prices_usd=("digits/tee=1",))
    with pytest.raises(SettingError, match="has a price for 'digits', which is not served; served are: iris"):
        load_packages(chosen)
