// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {P384} from "../../../contracts/crypto/P384.sol";

/// tests/vectors/wycheproof/README.md says where the vectors come from.
contract P384Test is Test {
    struct Case {
        bytes digest;
        bytes signature;
        bytes publicKey;
        bytes hint;
        bool valid;
    }

    P384 private p384;
    Case[] private valid;
    Case[] private invalid;

    function setUp() public {
        p384 = new P384();
        Case[] memory cases = _read("p384_hints");
        for (uint256 i; i < cases.length; ++i) {
            (cases[i].valid ? valid : invalid).push(cases[i]);
        }
    }

    function test_verify_wycheproof() public view {
        for (uint256 i; i < valid.length; ++i) {
            assertTrue(_verify(valid[i]), vm.toString(i));
        }
        for (uint256 i; i < invalid.length; ++i) {
            assertFalse(_verify(invalid[i]), vm.toString(i));
        }
        assertEq(valid.length, 193, "valid");
        assertEq(invalid.length, 87, "invalid");
    }

    /// Each invalid case has a valid counterpart, from which one check tells it.
    function test_verify_edges() public view {
        Case[] memory cases = _read("p384_edges");
        string[] memory names = vm.parseJsonStringArray(_file("p384_edges"), ".name");
        for (uint256 i; i < names.length; ++i) {
            assertEq(_verify(cases[i]), cases[i].valid, names[i]);
        }
        assertEq(names.length, 22, "cases");
    }

    function test_verify_refusesWrongLengths() public view {
        Case memory longer = valid[0];
        longer.signature = abi.encodePacked(longer.signature, uint8(0));
        assertFalse(_verify(longer), "signature");
        longer = valid[0];
        longer.publicKey = abi.encodePacked(longer.publicKey, uint8(0));
        assertFalse(_verify(longer), "public key");
        longer = valid[0];
        longer.hint = abi.encodePacked(longer.hint, uint8(0));
        assertFalse(_verify(longer), "hint");

        for (uint256 field = 1; field < 4; ++field) {
            Case memory shorter = valid[0];
            _cut([shorter.digest, shorter.signature, shorter.publicKey, shorter.hint][field]);
            assertFalse(_verify(shorter), vm.toString(field));
        }
    }

    function testFuzz_verify_refusesChangedBit(uint256 index, uint256 field, uint256 bit) public view {
        Case memory given = valid[index % valid.length];
        _flip([given.digest, given.signature, given.publicKey, given.hint][field % 4], bit);
        assertFalse(_verify(given));
    }

    function testFuzz_verify_noHintMakesInvalidPass(uint256 index, bytes32 seed, uint256 parts) public view {
        Case memory given = invalid[index % invalid.length];
        _randomise(given.hint, seed, parts);
        assertFalse(_verify(given));
    }

    /// A hint for another signature proves nothing about this one.
    function testFuzz_verify_noBorrowedHintMakesInvalidPass(uint256 index, uint256 other) public view {
        Case memory given = invalid[index % invalid.length];
        given.hint = valid[other % valid.length].hint;
        assertFalse(_verify(given));
    }

    /// Nothing in a hint makes the contract revert or loop; and what is not the hint of a valid signature makes it fail.
    function testFuzz_verify_anyHintOnlyRefuses(uint256 index, bytes32 seed, uint256 parts) public view {
        Case memory given = valid[index % valid.length];
        bytes32 before = keccak256(given.hint);
        _randomise(given.hint, seed, parts);
        assertEq(_verify(given), keccak256(given.hint) == before);
    }

    function _verify(Case memory given) private view returns (bool) {
        (bytes32 high, bytes16 low) = _split(given.digest);
        return p384.verify(high, low, given.signature, given.publicKey, given.hint);
    }

    function _split(bytes memory digest) private pure returns (bytes32 high, bytes16 low) {
        assembly ("memory-safe") {
            high := mload(add(digest, 32))
            low := shl(128, mload(add(digest, 48)))
        }
    }

    /// Replaces those of v, w, t, y and flags whose bit is set in `parts`.
    function _randomise(bytes memory hint, bytes32 seed, uint256 parts) private pure {
        uint8[6] memory borders = [0, 24, 48, 96, 144, 145];
        for (uint256 part; part < 5; ++part) {
            if (parts >> part & 1 == 0) continue;
            for (uint256 i = borders[part]; i < borders[part + 1]; ++i) {
                hint[i] = keccak256(abi.encode(seed, i))[0];
            }
        }
    }

    function _flip(bytes memory data, uint256 bit) private pure {
        // Signatures and keys of valid cases are never empty.
        bit = bit % (8 * data.length);
        data[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
    }

    function _cut(bytes memory data) private pure {
        assembly ("memory-safe") {
            mstore(data, sub(mload(data), 1))
        }
    }

    function _read(string memory name) private view returns (Case[] memory cases) {
        string memory json = _file(name);
        bytes[] memory digests = vm.parseJsonBytesArray(json, ".digest");
        bytes[] memory signatures = vm.parseJsonBytesArray(json, ".signature");
        bytes[] memory publicKeys = vm.parseJsonBytesArray(json, ".publicKey");
        bytes[] memory hints = vm.parseJsonBytesArray(json, ".hint");
        bool[] memory verdicts = vm.parseJsonBoolArray(json, ".valid");
        cases = new Case[](verdicts.length);
        for (uint256 i; i < cases.length; ++i) {
            cases[i] = Case(digests[i], signatures[i], publicKeys[i], hints[i], verdicts[i]);
        }
    }

    function _file(string memory name) private view returns (string memory) {
        return vm.readFile(string.concat("tests/vectors/attestation/", name, ".json"));
    }
}
