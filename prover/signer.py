"""The prover's key and its signatures."""

from __future__ import annotations

from eth_account.signers.local import LocalAccount
from eth_typing import Hash32

from prover.settings import ProverSettings
from veritally.errors import KeyFileError
from veritally.keys import load_development_key, load_keystore


def load_prover_account(settings: ProverSettings, chain_id: int) -> LocalAccount:
    """The prover's account from the keystore, or on development chains from the raw key file.

    Raises:
        KeyFileError: no file is named, or it cannot be used on this chain.
    """
    if settings.keystore_file is not None:
        if settings.keystore_password_file is None:
            raise KeyFileError(
                settings.keystore_file, "has no password; set VERITALLY_PROVER_KEYSTORE_PASSWORD_FILE"
            )
        return load_keystore(settings.keystore_file, settings.keystore_password_file)
    if settings.raw_key_file is not None:
        return load_development_key(settings.raw_key_file, chain_id)
    raise KeyFileError(
        None, "no key is set; set VERITALLY_PROVER_KEYSTORE_FILE and ..._KEYSTORE_PASSWORD_FILE"
    )


def sign_digest(account: LocalAccount, digest: bytes) -> bytes:
    """65-byte signature r, s, v of a 32-byte digest."""
    return bytes(account.unsafe_sign_hash(Hash32(digest)).signature)
