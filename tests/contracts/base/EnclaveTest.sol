// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Vm} from "forge-std/Test.sol";

import {EnclaveRegistry} from "../../../contracts/EnclaveRegistry.sol";
import {IAttestationVerifier} from "../../../contracts/interfaces/IAttestationVerifier.sol";
import {ModelRegistry} from "../../../contracts/ModelRegistry.sol";
import {PayAddressFactory} from "../../../contracts/PayAddressFactory.sol";
import {Settlement} from "../../../contracts/Settlement.sol";
import {AttestationClaims, Platform} from "../../../contracts/types/Claims.sol";
import {Registration} from "../../../contracts/types/EnclaveKey.sol";
import {VerifierRouter} from "../../../contracts/VerifierRouter.sol";
import {AttestationStandIn} from "../standins/AttestationStandIn.sol";
import {EnclaveParts} from "./EnclaveParts.sol";

/// An enclave registry with a model whose owner accepts the enclaves of the vectors; and a second registry that takes
/// what {AttestationStandIn} says, for claims that no document can be had for.
abstract contract EnclaveTest is EnclaveParts {
    uint256 internal constant NOW = 1_800_000_000;

    ModelRegistry internal models;
    Settlement internal settlement;
    EnclaveRegistry internal loose;
    Vm.Wallet internal wallet;
    address internal prover;
    address internal modelOwner;
    bytes32 internal modelId;
    bytes32 internal measurement;

    function setUp() public virtual {
        vm.chainId(84532);
        vm.warp(NOW);
        wallet = vm.createWallet("enclave");
        modelOwner = prover = vm.createWallet("prover").addr;
        VerifierRouter router = new VerifierRouter(address(this), address(0), 0);
        models = new ModelRegistry(router, 0);
        settlement = new Settlement(router, new PayAddressFactory());
        deployEnclaves(models, settlement);
        IAttestationVerifier[] memory verifiers = new IAttestationVerifier[](1);
        verifiers[0] = new AttestationStandIn(Platform.NITRO);
        loose = new EnclaveRegistry(models, settlement, verifiers);
        measurement = readHash("enclave", "measurement");
        modelId = registerModel("weights");
    }

    function registerModel(bytes memory weights) internal returns (bytes32 id) {
        vm.startPrank(modelOwner);
        id = models.register(keccak256(weights), "");
        models.acceptMeasurement(id, measurement);
        vm.stopPrank();
    }

    function send(Enclave memory enclave) internal returns (bytes32) {
        return enclaves.register(enclave.asked, enclave.document, enclave.hints, possession(enclaves, enclave.asked));
    }

    function expectRefused(Enclave memory enclave, bytes memory reason) internal {
        bytes memory signature = possession(enclaves, enclave.asked);
        vm.expectRevert(reason);
        enclaves.register(enclave.asked, enclave.document, enclave.hints, signature);
    }

    /// The wallet's signature over what is asked for.
    function possession(EnclaveRegistry registry, Registration memory asked) internal view returns (bytes memory) {
        return sign(wallet, registry.registrationDigest(asked));
    }

    function sign(Vm.Wallet memory signer, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(signer.privateKey, digest);
        return abi.encodePacked(r, s, v);
    }

    /* THE LOOSE REGISTRY */

    /// What the wallet asks the loose registry for, and claims that fit.
    function looseEnclave() internal returns (Registration memory asked, AttestationClaims memory claims) {
        asked = readEnclave("enclave").asked;
        asked.platform = Platform.NITRO;
        asked.validUntil = uint40(block.timestamp + 1 days);
        claims.platform = Platform.NITRO;
        claims.root = "root";
        claims.measurement = measurement;
        claims.userData = loose.userDataOf(asked);
        claims.timestamp = uint64(block.timestamp);
    }

    function sendLoose(Registration memory asked, AttestationClaims memory claims) internal returns (bytes32) {
        bytes memory signature = possession(loose, asked);
        return loose.register(asked, abi.encode(claims), new bytes[](0), signature);
    }

    function expectLooseRefused(Registration memory asked, AttestationClaims memory claims, bytes memory reason)
        internal
    {
        bytes memory signature = possession(loose, asked);
        vm.expectRevert(reason);
        loose.register(asked, abi.encode(claims), new bytes[](0), signature);
    }
}
