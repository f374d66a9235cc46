"""Where our contracts are on a chain."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from veritally.errors import DeploymentFileError


@dataclass(frozen=True)
class Deployment:
    """Addresses (checksummed) of one deployment."""

    chain_id: int
    first_block: int
    """Block of the first deployment transaction: no event is older."""
    settlement: str
    router: str
    model_registry: str
    enclave_registry: str
    pay_address_factory: str
    pay_address_implementation: str
    signed_verifier: str
    tee_verifier: str
    zkml_verifier: str

    def save(self, path: Path) -> None:
        """Writes the deployment as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Deployment:
        """Reads what `save` wrote.

        Raises:
            DeploymentFileError: the file is missing, no JSON, or lacks or adds fields.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls(**content)
        except FileNotFoundError:
            raise DeploymentFileError(str(path), "does not exist") from None
        except (json.JSONDecodeError, TypeError) as error:
            raise DeploymentFileError(str(path), f"is not a deployment ({error})") from None
