"""Keys: read from files, never from the command line, never shown."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount
from pydantic import SecretStr

from veritally.contract_table import DEVELOPMENT_CHAIN_IDS
from veritally.errors import KeyFileError

_LONGEST_KEY_FILE_BYTES = 16_384
_HEX_KEY = re.compile(r"(0x)?[0-9a-fA-F]{64}")


def load_keystore(keystore: Path, password_file: Path) -> LocalAccount:
    """Account of an encrypted keystore (Web3 Secret Storage), with the password from a file.

    Raises:
        KeyFileError: a file cannot be read, the first is no keystore, or the password does not open it.
    """
    password = SecretStr(_read_secret(password_file).get_secret_value().rstrip("\r\n"))
    try:
        content = json.loads(_read_secret(keystore).get_secret_value())
        key = Account.decrypt(content, password.get_secret_value())
    except (ValueError, KeyError, TypeError, NotImplementedError):
        raise KeyFileError(keystore, "is no keystore, or the password does not open it") from None
    account: LocalAccount = Account.from_key(key)
    return account


def load_development_key(path: Path, chain_id: int) -> LocalAccount:
    """Account of a hex key in a file that only its owner may read.

    Raises:
        KeyFileError: the chain is none for development, others may read the file, or it holds no key.
    """
    if chain_id not in DEVELOPMENT_CHAIN_IDS:
        raise KeyFileError(path, f"raw keys are refused on chain {chain_id}; use an encrypted keystore")
    if stat.S_IMODE(_stat_mode(path)) != 0o600:
        raise KeyFileError(path, "others may read it; run `chmod 600` on it")
    return _account_of(path, _read_secret(path))


def _account_of(path: Path, secret: SecretStr) -> LocalAccount:
    text = secret.get_secret_value().strip()
    try:
        # eth-account pads keys that are too short.
        account: LocalAccount | None = Account.from_key(text) if _HEX_KEY.fullmatch(text) else None
    except Exception:  # whatever it is, its message may show the key
        account = None
    if account is None:
        raise KeyFileError(path, "does not hold one private key of 32 bytes in hex")
    return account


def _read_secret(path: Path) -> SecretStr:
    try:
        with path.open("rb") as file:
            return SecretStr(file.read(_LONGEST_KEY_FILE_BYTES).decode("utf-8"))
    except OSError as error:
        raise KeyFileError(path, f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise KeyFileError(path, "is not text") from None


def _stat_mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError as error:
        raise KeyFileError(path, f"cannot be read ({error.strerror})") from None
