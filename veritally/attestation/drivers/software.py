"""DEVELOPMENT ONLY - NOT A TEE: documents of the software root, through the same seam as real ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from veritally.attestation.software_root import SoftwareRoot


class SoftwareRootDriver:
    """Documents in Nitro's format that prove nothing."""

    def __init__(
        self, root: SoftwareRoot, pcrs: Mapping[int, bytes], clock: Callable[[], float] = time.time
    ) -> None:
        self._root = root
        self._pcrs = dict(pcrs)
        self._clock = clock

    def attest(self, user_data: bytes, nonce: bytes, public_key: bytes) -> bytes:
        """A new document over the three values; empty ones are left out. See `AttestationDriver`."""
        return self._root.document(
            self._pcrs,
            int(self._clock()),
            user_data=user_data or None,
            nonce=nonce or None,
            public_key=public_key or None,
        )
