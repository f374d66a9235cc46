"""Model cards and the files of upstreams."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from prover.pricing import TokenPrice
from prover.upstream.card import ModelCard
from prover.upstream.config import Upstream
from prover.upstream.errors import ModelCardError, UpstreamConfigError
from veritally.tiers import Tier

CARD = {
    "name": "chatty",
    "version": "1",
    "description": "talks",
    "upstream_model": "inner/model-7b",
    "revision": "abc",
    "provider": "this test",
    "context_tokens": 4096,
    "max_output_tokens": 64,
}
SIGNED = '[signed]\ninput_usd_per_million_tokens = "0.15"\noutput_usd_per_million_tokens = "0.60"\n'
TEE = SIGNED.replace("signed", "tee")
HEAD = 'card = "card.json"\nurl = "http://127.0.0.1:8000/v1/"\n'


def write(folder: Path, toml: str, key: str | None = None, mode: int = 0o600) -> Path:
    (folder / "card.json").write_text(json.dumps(CARD), encoding="utf-8")
    file = folder / "chatty.toml"
    file.write_text(toml, encoding="utf-8")
    if key is not None:
        (folder / "upstream.key").write_text(key, encoding="utf-8")
        (folder / "upstream.key").chmod(mode)
    return file


def test_an_upstream_is_read(tmp_path: Path) -> None:
    keyed = HEAD + 'api_key_file = "upstream.key"\ntimeout_s = 10\n'
    upstream = Upstream.load(write(tmp_path, keyed + SIGNED + TEE, "sk-1\n"), 6)
    assert upstream.url == "http://127.0.0.1:8000/v1"
    assert upstream.api_key is not None
    assert upstream.api_key.get_secret_value() == "sk-1"
    assert "sk-1" not in repr(upstream)
    assert upstream.timeout_s == 10
    price = TokenPrice(0, 150_000, 600_000)
    assert upstream.offered(has_enclave=True) == {Tier.SIGNED: price, Tier.TEE: price}
    assert upstream.offered(has_enclave=False) == {Tier.SIGNED: price}
    card = (tmp_path / "card.json").read_bytes()
    assert upstream.card.weights_hash == hashlib.sha256(card).digest()


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        (HEAD, r"no prices; add a section \[signed\]"),
        ("card = 1", "malformed"),
        ("[", "malformed"),
        (HEAD + "zkml = 1\n" + SIGNED, "malformed.*zkml"),
        (HEAD + SIGNED.replace("0.15", "cheap"), "price 'cheap'"),
        (HEAD + "[signed]\n", "nothing costs anything"),
        (HEAD.replace("http://", "ftp://") + SIGNED, r"url is not http\(s\)"),
        (HEAD.replace("http://", "http://me:secret@") + SIGNED, "holds a password"),
        (HEAD.replace("127.0.0.1", "models.example") + TEE, "tier tee needs https"),
        (HEAD + 'api_key_file = "gone"\n' + SIGNED, "cannot be read"),
        (HEAD + "timeout_s = 0\n" + SIGNED, "malformed"),
        (HEAD + 'limit_field = "tokens"\n' + SIGNED, "malformed"),
    ],
)
def test_unusable_files_are_refused(tmp_path: Path, toml: str, message: str) -> None:
    with pytest.raises(UpstreamConfigError, match=message) as caught:
        Upstream.load(write(tmp_path, toml), 6)
    assert "secret" not in str(caught.value)


def test_signed_may_be_asked_over_http(tmp_path: Path) -> None:
    far = HEAD.replace("127.0.0.1", "models.example")
    assert Upstream.load(write(tmp_path, far + SIGNED), 6).url == "http://models.example:8000/v1"


@pytest.mark.parametrize(("key", "mode"), [("sk-1", 0o640), ("sk-1", 0o604), ("", 0o600), ("a b", 0o600)])
def test_keys_that_others_may_read_are_refused(tmp_path: Path, key: str, mode: int) -> None:
    file = write(tmp_path, HEAD + 'api_key_file = "upstream.key"\n' + SIGNED, key, mode)
    with pytest.raises(UpstreamConfigError) as caught:
        Upstream.load(file, 6)
    assert "sk-1" not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [{"name": "Chatty!"}, {"revision": ""}, {"context_tokens": 0}, {"max_output_tokens": 5000}, {"extra": 1}],
)
def test_unusable_cards_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = tmp_path / "card.json"
    path.write_text(json.dumps(CARD | changes), encoding="utf-8")
    with pytest.raises(ModelCardError):
        ModelCard.load(path)
    with pytest.raises(ModelCardError, match="cannot be read"):
        ModelCard.load(tmp_path / "gone.json")
