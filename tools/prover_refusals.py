"""What the prover's enclave and deployments refuse: name, file, text that enforces it, its change, tests."""

from __future__ import annotations

_ENCLAVE = "prover/enclave/enclave.py"
_DRIVERS = "prover/enclave/drivers.py"
_SOURCES = "prover/enclave/sources.py"
_REGISTRATION = "prover/registration.py"
_ROOT = "veritally/attestation/software_root.py"
_PLAN = "veritally/plan.py"
_CHECK = "veritally/deployment_check.py"

_KEY_TESTS = "tests/integration/test_enclaves_registered.py"
_ENCLAVE_TESTS = "tests/integration/test_enclaves_refused.py"
_DOCUMENT_TESTS = "tests/unit/test_prover_documents.py"
_TDX_TESTS = "tests/integration/test_prover_tdx.py"
_COLLATERAL = "veritally/attestation/collateral_submission.py"
_COLLATERAL_TESTS = "tests/integration/test_submit_collateral.py"
_PLAN_TESTS = "tests/unit/test_deployment_plan.py"
_CHECK_TESTS = "tests/integration/test_deployment_check.py"

CHECKS = (
    ("a platform that nobody verifies", _DRIVERS, "if int(verifier, 16) == 0:", "if False:", _ENCLAVE_TESTS),
    (
        "the software root on other chains",
        _ROOT,
        "if chain_id not in DEVELOPMENT_CHAIN_IDS:",
        "if False:",
        _ENCLAVE_TESTS,
    ),
    (
        "an enclave in debug mode",
        _SOURCES,
        "if claims.debug:",
        "if False:",
        _DOCUMENT_TESTS,
    ),
    (
        "lists of Intel's that are missing or too old",
        _SOURCES,
        "if reason.startswith(_COLLATERAL_ERRORS):",
        "if False:",
        _TDX_TESTS,
    ),
    (
        "a quote that the contract refuses",
        _SOURCES,
        "            raise DocumentUnusableError(self.platform.label, reason) from None\n",
        "            raise\n",
        _TDX_TESTS,
    ),
    (
        "a list that the chain has already",
        _COLLATERAL,
        "if reason.startswith(_NOT_NEWER):",
        "if False:",
        _COLLATERAL_TESTS,
    ),
    (
        "a list that the chain refuses",
        _COLLATERAL,
        "            raise CollateralRefusedError(what, reason) from None\n",
        "",
        _COLLATERAL_TESTS,
    ),
    (
        "lists for another chain's deployment",
        "veritally/cli_collateral.py",
        "    require_contracts(chain, deployed, DEPLOYED_NAMES, path)\n",
        "",
        _COLLATERAL_TESTS,
    ),
    (
        "a document that was not judged",
        _ENCLAVE,
        "        self._source.verify(document, now_s)\n",
        "",
        _ENCLAVE_TESTS,
    ),
    ("a key that is renewed too late", _ENCLAVE, "now_s > RENEW_BEFORE_S:", "now_s > 0:", _KEY_TESTS),
    ("a key that is not kept", _ENCLAVE, "now_s > RENEW_BEFORE_S:", "now_s > LIFETIME_S:", _KEY_TESTS),
    (
        "a failed renewal of a valid key",
        _ENCLAVE,
        "if valid_until_s <= now_s:",
        "if True:",
        _KEY_TESTS,
    ),
    (
        "a failed renewal of an expired key",
        _ENCLAVE,
        "if valid_until_s <= now_s:",
        "if False:",
        _KEY_TESTS,
    ),
    ("a removed measurement", _REGISTRATION, "if acceptance.removedAt:", "if False:", _ENCLAVE_TESTS),
    (
        "a measurement that does not count yet",
        _REGISTRATION,
        "if acceptance.acceptedFrom > self.chain.time_s():",
        "if False:",
        _ENCLAVE_TESTS,
    ),
    (
        "a deployment with a development root on other chains",
        _PLAN,
        "elif chain_id not in DEVELOPMENT_CHAIN_IDS:",
        "elif False:",
        _PLAN_TESTS,
    ),
    (
        "a development root that is no fingerprint",
        _PLAN,
        "not _FINGERPRINT.fullmatch(root)",
        "not root",
        _PLAN_TESTS,
    ),
    (
        "what an earlier constructor stored",
        "veritally/create2.py",
        ', "state": {}',
        "",
        "tests/integration/test_deploy.py",
    ),
    ("another owner of attestation", _CHECK, "nitro.owner().call())", "deployment.owner)", _CHECK_TESTS),
    (
        "a registry of other documents",
        _CHECK,
        "found = registry.verifierOf(int(platform)).call()",
        "found = verifier",
        _CHECK_TESTS,
    ),
    ("another root than Intel's", _CHECK, "as_hex(intel.ROOT().call()))", "INTEL_SGX_ROOT)", _CHECK_TESTS),
    (
        "quotes that are not Intel's",
        _CHECK,
        "Platform(intel.PLATFORM().call()).label)",
        "Platform.TDX.label)",
        _CHECK_TESTS,
    ),
    (
        "more gas than a transaction may have",
        "veritally/chain.py",
        "min(estimated_gas * 6 // 5, TRANSACTION_GAS_CAP)",
        "estimated_gas * 6 // 5",
        "tests/unit/test_chain_gas.py",
    ),
)
