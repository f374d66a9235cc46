from __future__ import annotations

from pathlib import Path

from eth_account import Account

from veritally.devnet.accounts import Accounts


def test_key_files_hold_the_keys_and_are_the_owners_only(tmp_path: Path) -> None:
    accounts = Accounts.derive()
    folder = tmp_path / "keys"

    accounts.write_key_files(folder)
    accounts.write_key_files(folder)  # a second run replaces them

    assert len(list(folder.iterdir())) == len(accounts.by_name())
    for name, account in accounts.by_name().items():
        path = folder / f"{name.replace(' ', '_')}.key"
        assert path.stat().st_mode & 0o777 == 0o600
        assert Account.from_key(path.read_text(encoding="ascii")).address == account.address
