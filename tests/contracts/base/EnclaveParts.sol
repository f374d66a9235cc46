// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test, Vm} from "forge-std/Test.sol";

import {NitroAttestation} from "../../../contracts/attestation/NitroAttestation.sol";
import {P384} from "../../../contracts/crypto/P384.sol";
import {Sha384} from "../../../contracts/crypto/Sha384.sol";
import {EnclaveRegistry} from "../../../contracts/EnclaveRegistry.sol";
import {IAttestationVerifier} from "../../../contracts/interfaces/IAttestationVerifier.sol";
import {IModelRegistry} from "../../../contracts/interfaces/IModelRegistry.sol";
import {ISettlement} from "../../../contracts/interfaces/ISettlement.sol";
import {Platform} from "../../../contracts/types/Claims.sol";
import {KeyKind, Registration} from "../../../contracts/types/EnclaveKey.sol";

/// A registry with the real verifier of documents behind it, pinned to the software root, and enclaves of that root with
/// documents that were made for this registry (tools/make_registration_vectors.py).
abstract contract EnclaveParts is Test {
    /// What an enclave brings to register.
    struct Enclave {
        Registration asked;
        bytes document;
        bytes[] hints;
    }

    EnclaveRegistry internal enclaves;
    NitroAttestation internal attestation;

    function deployEnclaves(IModelRegistry models, ISettlement settlement) internal {
        string memory json = _read();
        attestation = new NitroAttestation(
            new Sha384(), new P384(), vm.parseJsonBytes32(json, ".root"), Platform.DEVELOPMENT, makeAddr("owner")
        );
        IAttestationVerifier[] memory verifiers = new IAttestationVerifier[](1);
        verifiers[0] = attestation;
        // The documents name the registry.
        address place = vm.parseJsonAddress(json, ".registry");
        deployCodeTo("EnclaveRegistry.sol:EnclaveRegistry", abi.encode(models, settlement, verifiers), place);
        enclaves = EnclaveRegistry(place);
    }

    /// The enclave of this name. Its challenge becomes the hash of the last block but one.
    function readEnclave(string memory name) internal returns (Enclave memory enclave) {
        string memory json = _read();
        enclave.document = vm.parseJsonBytes(json, _at(name, "document"));
        enclave.hints = vm.parseJsonBytesArray(json, _at(name, "hints"));
        enclave.asked = Registration({
            platform: Platform.DEVELOPMENT,
            kind: KeyKind(vm.parseJsonUint(json, _at(name, "kind"))),
            publicKey: vm.parseJsonBytes(json, _at(name, "publicKey")),
            prover: vm.createWallet("prover").addr,
            modelId: vm.parseJsonBytes32(json, _at(name, "modelId")),
            challengeBlock: uint64(block.number),
            validUntil: uint40(vm.parseJsonUint(json, _at(name, "validUntil")))
        });
        vm.roll(block.number + 2);
        vm.setBlockhash(enclave.asked.challengeBlock, readHash(name, "challenge"));
    }

    /// Registers the enclave of this name, whose secp256k1 key is the wallet's.
    function registerEnclave(string memory name, Vm.Wallet memory wallet) internal returns (bytes32 key) {
        Enclave memory enclave = readEnclave(name);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(wallet.privateKey, enclaves.registrationDigest(enclave.asked));
        return enclaves.register(enclave.asked, enclave.document, enclave.hints, abi.encodePacked(r, s, v));
    }

    function keyOf(Vm.Wallet memory wallet) internal pure returns (bytes32) {
        return keccak256(abi.encode(KeyKind.SECP256K1, wallet.addr));
    }

    function readHash(string memory name, string memory field) internal view returns (bytes32) {
        return vm.parseJsonBytes32(_read(), _at(name, field));
    }

    function readBytes(string memory name, string memory field) internal view returns (bytes memory) {
        return vm.parseJsonBytes(_read(), _at(name, field));
    }

    function _read() private view returns (string memory) {
        return vm.readFile("tests/vectors/attestation/registrations.json");
    }

    function _at(string memory name, string memory field) private pure returns (string memory) {
        return string.concat(".enclaves.", name, ".", field);
    }
}
