from __future__ import annotations

import pytest

from veritally.rpc_url import host_of, redact


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:password@node.example:8545/v3/key?key=key", "node.example:8545"),
        ("https://node.example/key", "node.example"),
        ("http://[::1]:8545", "::1:8545"),
    ],
)
def test_only_host_and_port_are_shown(url: str, shown: str) -> None:
    assert host_of(url) == shown


@pytest.mark.parametrize("url", ["", "node:key", "http://node:key", "http://[key", "/key"])
def test_of_a_url_without_host_nothing_is_shown(url: str) -> None:
    assert "key" not in host_of(url)
    assert "http(s)://host" in host_of(url)


def test_parts_that_may_be_keys_are_taken_out_of_a_text() -> None:
    url = "https://longusername:longpassword@node.example/v3/pathpathpath?apikey=queryquery"
    text = "longusername longpassword pathpathpath queryquery v3 node.example apikey"
    assert redact(url, text) == "*** *** *** *** v3 node.example apikey"
