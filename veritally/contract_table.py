"""The one table of what a deployment consists of. Pure data: importing it is cheap."""

from __future__ import annotations

from dataclasses import dataclass

from veritally.tiers import Tier

DEVELOPMENT_CHAIN_IDS = frozenset({31337, 1337, 84532})
"""The same chains as `contracts/libraries/DevelopmentChains.sol`."""

CONSTRUCTORS: dict[str, tuple[str, ...]] = {
    "PayAddressFactory": (),
    "VerifierRouter": ("owner", "guardian", "route_delay_s"),
    "ModelRegistry": ("VerifierRouter", "measurement_delay_s"),
    "EnclaveRegistry": ("ModelRegistry", "development_root"),
    "SignedVerifier": (),
    "TeeVerifier": ("EnclaveRegistry",),
    "ZkmlVerifier": ("ModelRegistry",),
    "Settlement": ("VerifierRouter", "PayAddressFactory"),
}
"""Every contract in the order of deployment. An argument is the name of a setting or of a contract above."""

ATTESTATION = ("Sha384", "P384", "NitroAttestation", "IntelCertificates", "TdxCollateral", "TdxAttestation")
CONTRACTS = (*CONSTRUCTORS, "PayAddress", *ATTESTATION)
"""Every contract with an ABI. Pay addresses come from their factory; those of attestation are not deployed yet."""


@dataclass(frozen=True)
class RouteTerms:
    """What a tier's route starts with."""

    verifier: str
    """Name of the contract."""
    group_gas: int
    """Gas that a verification may use for a group."""
    receipt_gas: int
    """Gas that is added for each receipt."""
    deterministic: bool = False
    """One request to a model has one response: two accepted ones stop the circuits that backed them."""


ROUTES: dict[Tier, RouteTerms] = {
    Tier.SIGNED: RouteTerms("SignedVerifier", 200_000, 0),
    Tier.TEE: RouteTerms("TeeVerifier", 200_000, 0),
    Tier.ZKML: RouteTerms("ZkmlVerifier", 200_000, 1_200_000, deterministic=True),
}
