"""The one table of what a deployment consists of. Pure data: importing it is cheap."""

from __future__ import annotations

from dataclasses import dataclass

from veritally.tiers import Tier

DEVELOPMENT_CHAIN_IDS = frozenset({31337, 1337, 84532})
"""The same chains as `contracts/libraries/DevelopmentChains.sol`."""

AWS_NITRO_ROOT = "0x641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b"
"""SHA-256 of the root certificate `aws.nitro-enclaves`, as AWS publishes it."""

INTEL_SGX_ROOT = "0x44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"
"""SHA-256 of the certificate `Intel SGX Root CA`, as Intel publishes it."""

DEVELOPMENT_ROOT = "0x05bfde3b7c20c81b98b7483f8b39d8ceb8015ada21a2b8d8bd4107f1b65fd06f"
"""SHA-256 of the certificate of the software root whose keys are public: DEVELOPMENT ONLY - NOT A TEE."""

Argument = str | tuple[str, ...]

CONSTRUCTORS: dict[str, tuple[Argument, ...]] = {
    "PayAddressFactory": (),
    "VerifierRouter": ("owner", "guardian", "route_delay_s"),
    "ModelRegistry": ("VerifierRouter", "measurement_delay_s"),
    "Settlement": ("VerifierRouter", "PayAddressFactory"),
    "Sha384": (),
    "P384": (),
    "NitroAttestation": ("Sha384", "P384", "nitro_root", "nitro_platform", "owner"),
    "IntelCertificates": ("intel_root", "tdx_platform"),
    "TdxCollateral": ("IntelCertificates",),
    "TdxAttestation": ("TdxCollateral",),
    "EnclaveRegistry": ("ModelRegistry", "Settlement", ("NitroAttestation", "TdxAttestation")),
    "SignedVerifier": (),
    "TeeVerifier": ("EnclaveRegistry",),
    "ZkmlVerifier": ("ModelRegistry",),
}
"""Every contract in the order of deployment. Arguments are settings, contracts above, or lists of them."""

CONTRACTS = (*CONSTRUCTORS, "PayAddress", "OpenGradientVerifier")
"""Every contract with an ABI. Pay addresses come from their factory; whoever wants OpenGradient's results
deploys their verifier and opens a route to it."""


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
    Tier.TEE: RouteTerms("TeeVerifier", 400_000, 0),
    Tier.ZKML: RouteTerms("ZkmlVerifier", 1_300_000, 700_000, deterministic=True),
}
