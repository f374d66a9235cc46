"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from eth_account.signers.local import LocalAccount

from veritally.keys import load_development_key, load_keystore

RpcUrl = Annotated[
    str, typer.Option(envvar="VERITALLY_RPC_URL", help="Node of the chain, over HTTP. Is never shown.")
]
Keystore = Annotated[Path | None, typer.Option(help="Encrypted keystore of the key that pays.")]
PasswordFile = Annotated[Path | None, typer.Option(help="File with the keystore's password.")]
KeyFile = Annotated[
    Path | None, typer.Option(help="Raw key in a file of mode 0600; development chains only.")
]


def read_id(text: str) -> bytes:
    """The 32 bytes of a model's id.

    Raises:
        BadParameter: the text is none.
    """
    try:
        model_id = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        model_id = b""
    if len(model_id) != 32:
        raise typer.BadParameter(f"{text!r} is no model id: give 0x and 64 hex digits")
    return model_id


def load_account(
    chain_id: int, keystore: Path | None, password_file: Path | None, key_file: Path | None
) -> LocalAccount:
    """The account that pays.

    Raises:
        BadParameter: none is named, or two.
        KeyFileError: a file cannot be used.
    """
    if keystore and password_file and not key_file:
        return load_keystore(keystore, password_file)
    if key_file and not keystore and not password_file:
        return load_development_key(key_file, chain_id)
    raise typer.BadParameter("name the key by --keystore with --password-file, or by --key-file alone")
