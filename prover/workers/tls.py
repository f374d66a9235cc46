"""TLS between the prover, the scheduler and the workers of a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from distributed.security import Security

from prover.workers.errors import ClusterFilesError


@dataclass(frozen=True)
class TlsFiles:
    """Certificates in PEM. Whoever has a certificate of the CA may run code on all its machines."""

    ca: Path
    certificate: Path
    key: Path

    @classmethod
    def of(cls, ca: Path | None, certificate: Path | None, key: Path | None) -> TlsFiles | None:
        """The files that are named; None when none is.

        Raises:
            ClusterFilesError: only some of them are named.
        """
        if ca is None and certificate is None and key is None:
            return None
        if ca is None or certificate is None or key is None:
            raise ClusterFilesError(None, "is missing")
        return cls(ca, certificate, key)

    def security(self, address: str) -> Security:
        """As Dask takes them. Both sides show a certificate, and nothing goes unencrypted.

        Raises:
            ClusterFilesError: a file is missing, or the address is not one of TLS.
        """
        if not address.startswith("tls://"):
            raise ClusterFilesError(None, f"is named, and the address is {address}")
        for path in (self.ca, self.certificate, self.key):
            if not path.is_file():
                raise ClusterFilesError(path, "is not there")
        return Security(
            require_encryption=True,
            tls_ca_file=str(self.ca),
            tls_client_cert=str(self.certificate),
            tls_client_key=str(self.key),
        )
