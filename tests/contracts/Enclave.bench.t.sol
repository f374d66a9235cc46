// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Claim} from "../../contracts/interfaces/IVerifier.sol";
import {Registration} from "../../contracts/types/EnclaveKey.sol";
import {TeeVerifier} from "../../contracts/verifiers/TeeVerifier.sol";
import {EnclaveTest} from "./base/EnclaveTest.sol";

/// Measures a call inside of a transaction, as Settlement makes it.
contract Meter {
    function measure(TeeVerifier verifier, Claim calldata claim, bytes calldata evidence)
        external
        view
        returns (uint256)
    {
        uint256 before = gasleft();
        verifier.verify(claim, evidence);
        return before - gasleft();
    }
}

/// What registering an enclave costs, as whole transactions, and what Settlement pays for the evidence of one group of
/// the tier TEE, whatever its number of receipts. The documents are those of the software root: AWS's chain has two
/// authorities more (docs/tee.md). Prices are those of Osaka, where P-256 is a precompile and RSA is dearer than before.
/// tools/bench_gas.py runs it.
contract EnclaveBench is EnclaveTest {
    string private constant GROUP = "Enclave";
    uint256 private constant TRANSACTION_GAS = 21_000;

    function setUp() public override {
        vm.skip(!vm.envOr("VERITALLY_GAS_BENCH", false));
        super.setUp();
    }

    function test_register_cold() public {
        _snapshotRegistration("register_enclave_cold", readEnclave("enclave"));
    }

    /// Another enclave of the same machine and hour: all certificates are cached.
    function test_register_warm() public {
        registerEnclave("enclave", wallet);
        wallet = vm.createWallet("second enclave");
        _snapshotRegistration("register_enclave_warm", readEnclave("second_enclave"));
    }

    function test_verify_secp256k1() public {
        registerEnclave("enclave", wallet);
        _snapshotEvidence("tee_verify_secp256k1", sign(wallet, _claim().groupDigest));
    }

    /// forge-config: default.evm_version = "osaka"
    function test_verify_p256() public {
        Enclave memory enclave = readEnclave("p256");
        enclaves.register(
            enclave.asked,
            enclave.document,
            enclave.hints,
            _signP256(enclave.asked, enclaves.registrationDigest(enclave.asked))
        );
        _snapshotEvidence("tee_verify_p256", _signP256(enclave.asked, _claim().groupDigest));
    }

    /// forge-config: default.evm_version = "osaka"
    function test_verify_rsa2048() public {
        Enclave memory enclave = readEnclave("rsa");
        enclaves.register(enclave.asked, enclave.document, enclave.hints, readBytes("rsa", "signature"));
        _snapshotEvidence("tee_verify_rsa2048", readBytes("rsa", "groupSignature"));
    }

    function _snapshotRegistration(string memory name, Enclave memory enclave) private {
        bytes memory data = abi.encodeCall(
            enclaves.register, (enclave.asked, enclave.document, enclave.hints, possession(enclaves, enclave.asked))
        );
        (bool success,) = address(enclaves).call(data);
        uint256 gasUsed = vm.lastCallGas().gasTotalUsed;
        assertTrue(success, name);
        assertGt(gasUsed, TRANSACTION_GAS + data.length * 4, "run with --isolate");
        vm.snapshotValue(GROUP, name, gasUsed);
    }

    function _snapshotEvidence(string memory name, bytes memory evidence) private {
        TeeVerifier verifier = new TeeVerifier(enclaves);
        vm.snapshotValue(GROUP, name, new Meter().measure(verifier, _claim(), evidence));
    }

    function _claim() private returns (Claim memory claim) {
        claim.modelId = modelId;
        claim.prover = prover;
        claim.asset = makeAddr("asset");
        claim.groupDigest = readHash("rsa", "groupDigest");
    }

    function _signP256(Registration memory asked, bytes32 digest) private pure returns (bytes memory) {
        (bytes32 r, bytes32 s) = vm.signP256(uint256(keccak256("p256 enclave")), sha256(abi.encode(digest)));
        return abi.encodePacked(asked.publicKey, r, s);
    }
}
