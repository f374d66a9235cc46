"""The development chain's accounts. Their keys are public: never send them anything of value."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount

TEST_MNEMONIC = "test test test test test test test test test test test junk"
"""anvil's published test mnemonic."""


@dataclass(frozen=True)
class Accounts:
    """One account for each role, in the order of their indices in the mnemonic."""

    deployer: LocalAccount
    """Deploys our contracts and owns the router."""
    prover: LocalAccount
    relayer: LocalAccount
    """Sends transactions for others."""
    guardian: LocalAccount
    """May stop routes."""
    enclave: LocalAccount
    """Key of a development enclave; not registered yet."""
    usdc_issuer: LocalAccount
    """Owns and mints USDC."""
    payers: tuple[LocalAccount, ...]

    @classmethod
    def derive(cls) -> Accounts:
        """The accounts of anvil's published test mnemonic."""
        Account.enable_unaudited_hdwallet_features()
        deployer, prover, relayer, guardian, enclave, issuer, *payers = map(_account, range(9))
        return cls(deployer, prover, relayer, guardian, enclave, issuer, tuple(payers))

    def by_name(self) -> dict[str, LocalAccount]:
        """All accounts by role name, in the order of their indices."""
        roles = {name: account for name, account in vars(self).items() if name != "payers"}
        return roles | {f"payer {number}": payer for number, payer in enumerate(self.payers)}

    def write_key_files(self, folder: Path) -> None:
        """Writes each key to `folder`/`role`.key, in the form that programs read, for the owner only.

        Raises:
            OSError: a file cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for name, account in self.by_name().items():
            path = folder / f"{name.replace(' ', '_')}.key"
            path.unlink(missing_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(account.key.hex())


def _account(index: int) -> LocalAccount:
    account: LocalAccount = Account.from_mnemonic(TEST_MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")
    return account
