"""TDX guests without any runtime: quotes from Linux itself (6.7 or newer), through configfs.

Making a directory makes an entry with the kernel's files in it. What is written to `inblob` goes into the
quote, which is read from `outblob`. `generation` counts the writes: another program in between is seen.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from veritally.attestation.drivers.driver import report_data
from veritally.attestation.errors import DeviceMissingError, DeviceRefusedError

REPORTS = Path("/sys/kernel/config/tsm/report")

_PROVIDER = "tdx_guest"
_FIX = "see that the guest runs under TDX and that its host has a quoting service"


class ConfigfsTsmDriver:
    """TDX quotes of a bare guest."""

    def __init__(self, reports: Path = REPORTS) -> None:
        self._reports = reports

    def attest(self, user_data: bytes, nonce: bytes, public_key: bytes) -> bytes:
        """A new quote over 64 bytes of user data. See `AttestationDriver`."""
        data = report_data(user_data, nonce, public_key)
        entry = self._make_entry()
        try:
            return self._quote(entry, data)
        except OSError as error:
            raise DeviceRefusedError(str(entry), f"the request failed ({error.strerror})", _FIX) from None
        finally:
            entry.rmdir()

    def _make_entry(self) -> Path:
        entry = self._reports / f"veritally-{secrets.token_hex(8)}"
        try:
            entry.mkdir()
        except OSError as error:
            fix = f"run this as root in a TDX guest with Linux 6.7 or newer ({error.strerror})"
            raise DeviceMissingError(str(self._reports), fix) from None
        return entry

    def _quote(self, entry: Path, data: bytes) -> bytes:
        provider = (entry / "provider").read_text("ascii").strip()
        if provider != _PROVIDER:
            raise DeviceRefusedError(str(entry), f"the provider is {provider}, not {_PROVIDER}", _FIX)
        before = self._generation(entry)
        (entry / "inblob").write_bytes(data)
        quote = (entry / "outblob").read_bytes()
        if self._generation(entry) != before + 1 or not quote:
            raise DeviceRefusedError(
                str(entry), "another program wrote to it, or it gave nothing", "ask again"
            )
        return quote

    def _generation(self, entry: Path) -> int:
        return int((entry / "generation").read_text("ascii"))
