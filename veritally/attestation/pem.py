"""Certificates in PEM, as quotes carry them."""

from __future__ import annotations

import base64
import binascii

from veritally.attestation.errors import EncodingRefusedError

_BEGIN = b"-----BEGIN CERTIFICATE-----\n"
_END = b"-----END CERTIFICATE-----\n"
_LONGEST_CHAIN = 8


def read_pem_chain(data: bytes) -> tuple[bytes, ...]:
    """DER of each certificate, in the order of the text.

    Raises:
        EncodingRefusedError: the text is anything but certificates.
    """
    blocks = data.removesuffix(b"\0").split(_END)
    if blocks.pop() or len(blocks) > _LONGEST_CHAIN:
        raise EncodingRefusedError("BadPem", length=len(data))
    return tuple(_read_block(block) for block in blocks)


def _read_block(block: bytes) -> bytes:
    if not block.startswith(_BEGIN):
        raise EncodingRefusedError("BadPem", length=len(block))
    text = block.removeprefix(_BEGIN).replace(b"\n", b"")
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise EncodingRefusedError("BadPem", length=len(block)) from None
    if base64.b64encode(content) != text:
        raise EncodingRefusedError("BadPem", length=len(block))
    return content
