"""What the prover's enclave and deployments refuse: name, file, text that enforces it, its change, tests."""

from __future__ import annotations

_ENCLAVE = "prover/enclave/enclave.py"
_DRIVERS = "prover/enclave/drivers.py"
_REGISTRATION = "prover/registration.py"
_ROOT = "veritally/attestation/software_root.py"
_PLAN = "veritally/plan.py"
_CHECK = "veritally/deployment_check.py"

_KEY_TESTS = "tests/integration/test_enclaves_registered.py"
_ENCLAVE_TESTS = "tests/integration/test_enclaves_refused.py"
_DOCUMENT_TESTS = "tests/unit/test_prover_enclave.py"
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
        _DRIVERS,
        "if claims.debug:",
        "if False:",
        "tests/unit/test_prover_enclave.py",
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
        "if self._valid_until_s <= now_s:",
        "if True:",
        _KEY_TESTS,
    ),
    (
        "a failed renewal of an expired key",
        _ENCLAVE,
        "if self._valid_until_s <= now_s:",
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
        "registry.verifierOf(int(found)).call())",
        "contract.address)",
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
