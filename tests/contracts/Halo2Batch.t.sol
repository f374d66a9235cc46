// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IHalo2Accumulator} from "../../contracts/interfaces/external/IHalo2Accumulator.sol";
import {IHalo2Verifier} from "../../contracts/interfaces/external/IHalo2Verifier.sol";
import {ZkProof} from "../../contracts/interfaces/IZkmlVerifier.sol";
import {Halo2Batch} from "../../contracts/verifiers/Halo2Batch.sol";
import {BatchTest} from "./base/BatchTest.sol";
import {AnyAnswerStub, OpenAccumulatorStub} from "./standins/AccumulatorStub.sol";

/// A contract that verifies proofs together and does nothing else.
contract Batcher {
    function accepts(address accumulator, uint256 gasLimit, ZkProof[] memory proofs) external view returns (bool) {
        return Halo2Batch.accepts(accumulator, gasLimit, proofs);
    }
}

contract Halo2BatchTest is BatchTest {
    uint256 private constant BASE_MODULUS =
        21888242871839275222246405745257275088696311157297823662689037894645226208583;

    uint256 private constant LOOKUP_GAS = 500_000;

    Batcher private batcher;
    OpenAccumulatorStub private open;

    function setUp() public override {
        super.setUp();
        batcher = new Batcher();
        open = new OpenAccumulatorStub();
        open.tell(new uint256[](4));
    }

    /* REAL PROOFS */

    /// forge-config: default.fuzz.runs = 48
    function testFuzz_accepts_takesRealProofsInAnyOrder(uint256 count, uint256 order) public view {
        assertTrue(_accepts(mlpProofs(bound(count, 1, 6), order)));
    }

    function test_accepts_takesSixteenProofs() public view {
        assertTrue(_accepts(mlpProofs(16, 0xfedcba9876543210)));
    }

    /// A false proof in every position, beside good ones, whatever word of it is changed and how.
    /// forge-config: default.fuzz.runs = 128
    function testFuzz_accepts_refusesAFalseProofInAnyPosition(
        uint256 count,
        uint256 order,
        uint256 position,
        uint256 where,
        uint256 change
    ) public view {
        ZkProof[] memory proofs = mlpProofs(bound(count, 1, 4), order);
        spoil(proofs[bound(position, 0, proofs.length - 1)], where, change);
        assertFalse(_accepts(proofs));
    }

    /// Any number of false proofs among up to sixteen, in any positions, each false in its own way.
    /// forge-config: default.fuzz.runs = 24
    function testFuzz_accepts_refusesSeveralFalseProofs(uint256 count, uint256 bad, uint256 order, uint256 seed)
        public
        view
    {
        count = bound(count, 2, PROOFS);
        bad = bound(bad, 1, (1 << count) - 1);
        ZkProof[] memory proofs = mlpProofs(count, order);
        for (uint256 i; i < count; ++i) {
            if (bad >> i & 1 == 1) spoil(proofs[i], uint256(keccak256(abi.encode(seed, i))), seed);
        }
        assertFalse(_accepts(proofs));
    }

    /// One false proof in each position of batches of two to sixteen. What is false is a number that only the pairing
    /// finds out.
    function test_accepts_refusesAFalseProofInEveryPosition() public view {
        for (uint256 count = 2; count <= PROOFS; count += count < 4 ? 1 : 4) {
            for (uint256 position; position < count; ++position) {
                ZkProof[] memory proofs = mlpProofs(count, 0xfedcba9876543210);
                proofs[position].instances[19] = addmod(proofs[position].instances[19], 1, FIELD_MODULUS);
                assertFalse(_accepts(proofs));
            }
        }
    }

    function test_accepts_refusesEveryChangedWordInEveryPosition() public view {
        for (uint256 position; position < 3; ++position) {
            for (uint256 where; where < 81; ++where) {
                ZkProof[] memory proofs = mlpProofs(3, 0x210);
                spoil(proofs[position], where, 1 + where);
                assertFalse(_accepts(proofs));
            }
        }
    }

    /// Proofs of the other's instances, and one proof changed back and forth in two places.
    /// forge-config: default.fuzz.runs = 32
    function testFuzz_accepts_refusesInstancesThatChangePlaces(uint256 first, uint256 second, uint256 word)
        public
        view
    {
        first = bound(first, 0, 3);
        second = (first + bound(second, 1, 3)) % 4;
        ZkProof[] memory proofs = mlpProofs(4, 0x3210);
        word = bound(word, 0, 19);
        (uint256 one, uint256 other) = (proofs[first].instances[word], proofs[second].instances[word]);
        if (one == other) return;
        (proofs[first].instances[word], proofs[second].instances[word]) = (other, one);
        assertFalse(_accepts(proofs));
    }

    /// forge-config: default.fuzz.runs = 32
    function testFuzz_accepts_refusesAnotherNumberOfInstances(uint256 position, uint256 length) public view {
        ZkProof[] memory proofs = mlpProofs(3, 0x210);
        length = bound(length, 0, 40);
        if (length == 20) length = 21;
        proofs[bound(position, 0, 2)].instances = someWords(length, 1);
        assertFalse(_accepts(proofs));
    }

    function test_accepts_refusesNoProofs() public view {
        assertFalse(_accepts(new ZkProof[](0)));
    }

    /// A circuit with a lookup and two inner columns: its verifying key is summed in another order.
    function test_accepts_takesACircuitWithALookup() public {
        (address lookup, ZkProof[] memory proofs) = _lookup();
        assertTrue(batcher.accepts(lookup, LOOKUP_GAS, proofs));
        (proofs[0].instances, proofs[1].instances) = (proofs[1].instances, proofs[0].instances);
        assertFalse(batcher.accepts(lookup, LOOKUP_GAS, proofs), "each other's instances");
    }

    /// forge-config: default.fuzz.runs = 128
    function testFuzz_accepts_refusesAFalseProofOfACircuitWithALookup(uint256 position, uint256 where, uint256 change)
        public
    {
        (address lookup, ZkProof[] memory proofs) = _lookup();
        spoil(proofs[bound(position, 0, 1)], where, change);
        assertFalse(batcher.accepts(lookup, LOOKUP_GAS, proofs));
    }

    /* AGAINST THE VERIFIER AS IT IS GENERATED */

    /// One by one, the verifier as ezkl generates it, ours, and a batch of one give the same verdict.
    /// forge-config: default.fuzz.runs = 128
    function testFuzz_accepts_agreesWithTheStockVerifier(uint256 index, bool spoilt, uint256 where, uint256 change)
        public
        view
    {
        ZkProof[] memory proofs = mlpProofs(1, index);
        if (spoilt) spoil(proofs[0], where, change);
        bool expected = _verifies(stock, proofs[0]);
        assertEq(expected, !spoilt, "stock");
        assertEq(_verifies(tuned, proofs[0]), expected, "tuned");
        assertEq(_accepts(proofs), expected, "batch");
    }

    /// Each of them checks its arguments.
    function testFuzz_verifyProof_checksItsArguments(uint256 which, uint256 gap, bool swapped) public view {
        which = bound(which, 0, 2);
        gap = 32 * bound(gap, 1, 8);
        ZkProof memory item = mlpProof(0);
        address target = which == 0 ? stock : which == 1 ? tuned : accumulator;
        bytes4 selector = which == 2 ? IHalo2Accumulator.accumulate.selector : IHalo2Verifier.verifyProof.selector;
        bytes memory proof = abi.encodePacked(item.proof.length, item.proof);
        bytes memory instances = abi.encodePacked(item.instances.length, item.instances);
        (bool success,) =
            target.staticcall(abi.encodePacked(selector, uint256(0x40), 0x40 + proof.length, proof, instances));
        assertTrue(success, "where the compiler puts them");
        (success,) = target.staticcall(
            swapped
                ? abi.encodePacked(selector, 0x40 + instances.length, uint256(0x40), instances, proof)
                : abi.encodePacked(selector, 0x40 + gap, 0x40 + gap + proof.length, new bytes(gap), proof, instances)
        );
        assertFalse(success, "elsewhere");
    }

    /* CHOSEN POINTS */

    /// Errors that cancel each other without coefficients, in `lhs`, in `rhs`, and among the factors.
    function testFuzz_accepts_refusesErrorsThatCancel(uint256 kind, uint256 error) public {
        kind = bound(kind, 0, 3);
        error = bound(error, 1, FIELD_MODULUS - 1);
        uint256[] memory key = new uint256[](6);
        (key[0], key[1], key[2], key[3]) = _g2();
        (key[4], key[5]) = (1, 2);
        open.tell(key);
        uint256[7] memory plus;
        uint256[7] memory minus;
        if (kind < 2) {
            (plus[2 * kind], plus[2 * kind + 1]) = _multiple(error);
            (minus[2 * kind], minus[2 * kind + 1]) = _multiple(FIELD_MODULUS - error);
        } else {
            (plus[kind + 2], minus[kind + 2]) = (error, FIELD_MODULUS - error);
        }
        assertFalse(_opens(plus, minus));
        // what is no error is accepted
        assertTrue(_opens([uint256(0), 0, 0, 0, 0, 0, 0], [uint256(0), 0, 0, 0, 0, 0, 0]));
    }

    /// Errors that would cancel if the coefficients did not depend on the proofs: then they could be told beforehand.
    function testFuzz_accepts_refusesErrorsThatCancelWithForetoldCoefficients(uint256 error) public {
        error = bound(error, 1, FIELD_MODULUS - 1);
        uint256[] memory key = new uint256[](4);
        (key[0], key[1], key[2], key[3]) = _g2();
        open.tell(key);
        bytes32 first = keccak256(abi.encode(bytes32(uint256(uint160(address(open))))));
        bytes32 second = keccak256(abi.encode(first));
        uint256[7] memory one;
        uint256[7] memory other;
        (one[0], one[1]) = _multiple(mulmod(error, uint256(second) % FIELD_MODULUS, FIELD_MODULUS));
        (other[0], other[1]) = _multiple(FIELD_MODULUS - mulmod(error, uint256(first) % FIELD_MODULUS, FIELD_MODULUS));
        assertFalse(_opens(one, other));
    }

    /// Parts of one proof may make up for each other: that is what the equation says.
    function testFuzz_accepts_addsUpWhatOneProofSays(uint256 generator, uint256 first, uint256 ratio) public {
        (generator, first) = (bound(generator, 0, FIELD_MODULUS - 1), bound(first, 0, FIELD_MODULUS - 1));
        ratio = bound(ratio, 0, FIELD_MODULUS - 1);
        uint256[] memory key = new uint256[](8);
        (key[0], key[1], key[2], key[3]) = _g2();
        (key[4], key[5]) = (1, 2);
        (key[6], key[7]) = (1, 2);
        open.tell(key);
        uint256 sum =
            addmod(generator, addmod(first, mulmod(first, ratio, FIELD_MODULUS), FIELD_MODULUS), FIELD_MODULUS);
        uint256[7] memory words;
        (words[0], words[1]) = _multiple(FIELD_MODULUS - sum);
        (words[4], words[5], words[6]) = (generator, first, ratio);
        assertTrue(_opens(words, words));
        words[4] = addmod(generator, 1, FIELD_MODULUS);
        assertFalse(_opens(words, words));
    }

    /// A precompile takes all the gas that it is given for a point that is none.
    function testFuzz_accepts_refusesPointsThatAreNone(uint256 at, uint256 x, uint256 y) public {
        at = bound(at, 0, 2);
        y = bound(y, 3, BASE_MODULUS - 1);
        x = 1;
        uint256[7] memory words;
        uint256[] memory key = new uint256[](6);
        (key[0], key[1], key[2], key[3]) = _g2();
        if (at < 2) (words[2 * at], words[2 * at + 1]) = (x, y);
        else (key[4], key[5]) = (x, y);
        vm.assume(mulmod(y, y, BASE_MODULUS) != 4);
        open.tell(key);
        uint256 before = gasleft();
        assertFalse(_opens(words, words));
        assertLt(before - gasleft(), 800_000);
    }

    function testFuzz_accepts_refusesAKeyThatIsNone(uint256 length) public {
        open.tell(new uint256[](bound(length, 0, 3)));
        assertFalse(_opens([uint256(0), 0, 0, 0, 0, 0, 0], [uint256(0), 0, 0, 0, 0, 0, 0]));
    }

    /* ANSWERS THAT ARE NONE */

    /// The library answers, whatever the accumulator does: the proofs are then judged one by one.
    function testFuzz_accepts_refusesAnyOtherAnswer(bytes memory key, bytes memory words) public {
        vm.assume(words.length != 224);
        assertFalse(_acceptsFrom(key, words));
        assertFalse(_acceptsFrom(_encodedKey(4), words));
    }

    /// A word or a byte more or less, where everything else is right.
    function test_accepts_refusesAnswersOfAnotherLength() public {
        bytes memory words = new bytes(224);
        assertTrue(_acceptsFrom(_encodedKey(4), words), "as it should be");
        assertFalse(_acceptsFrom(_encodedKey(4), new bytes(223)), "a byte less");
        assertFalse(_acceptsFrom(_encodedKey(4), new bytes(225)), "a byte more");
        assertFalse(_acceptsFrom(_encodedKey(4), new bytes(256)), "a word more");
        assertFalse(_acceptsFrom("", words), "no key");
        assertFalse(_acceptsFrom(_encodedKey(3), words), "a short key");
        assertFalse(_acceptsFrom(bytes.concat(_encodedKey(4), bytes32(0)), words), "more than the key says");
        bytes memory key = _encodedKey(4);
        key[31] = 0x40;
        assertFalse(_acceptsFrom(key, words), "elsewhere");
        key[31] = 0x20;
        key[32] = 0x01;
        assertFalse(_acceptsFrom(key, words), "a length that no answer can have");
    }

    function test_accepts_refusesAnAddressWithoutCode() public view {
        assertFalse(batcher.accepts(address(0xc0de), ACCUMULATOR_GAS, mlpProofs(2, 0x10)));
    }

    /* GAS */

    /// Too little gas refuses, or fails; it never accepts what is false.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_accepts_refusesWithTooLittleGas(uint256 gasLimit, bool spoilt) public view {
        ZkProof[] memory proofs = mlpProofs(2, 0x10);
        if (spoilt) proofs[1].instances[0] = addmod(proofs[1].instances[0], 1, FIELD_MODULUS);
        gasLimit = bound(gasLimit, 100_000, 900_000);
        try batcher.accepts{gas: gasLimit}(accumulator, ACCUMULATOR_GAS, proofs) returns (bool accepted) {
            assertFalse(accepted && spoilt);
        } catch {}
    }

    /* HELPERS */

    function _accepts(ZkProof[] memory proofs) private view returns (bool) {
        return batcher.accepts(accumulator, ACCUMULATOR_GAS, proofs);
    }

    function _verifies(address verifier, ZkProof memory item) private view returns (bool) {
        try IHalo2Verifier(verifier).verifyProof{gas: 700_000}(item.proof, item.instances) returns (bool valid) {
            return valid;
        } catch {
            return false;
        }
    }

    function _opens(uint256[7] memory first, uint256[7] memory second) private view returns (bool) {
        ZkProof[] memory proofs = new ZkProof[](2);
        (proofs[0].proof, proofs[1].proof) = (abi.encode(first), abi.encode(second));
        return batcher.accepts(address(open), ACCUMULATOR_GAS, proofs);
    }

    function _lookup() private returns (address lookup, ZkProof[] memory proofs) {
        string memory vectors = vm.readFile("tests/vectors/zkml/lookup.json");
        lookup = create(vm.parseJsonBytes(vectors, ".accumulatorCreationBytecode"));
        proofs = new ZkProof[](2);
        (proofs[0], proofs[1]) = (readProof(vectors, 0), readProof(vectors, 1));
    }

    /// Two proofs, of which the accumulator says what is given.
    function _acceptsFrom(bytes memory key, bytes memory words) private returns (bool) {
        AnyAnswerStub stub = new AnyAnswerStub();
        stub.tell(key, words);
        return batcher.accepts(address(stub), ACCUMULATOR_GAS, mlpProofs(2, 0x10));
    }

    /// A key of the first `count` words of the second group's generator.
    function _encodedKey(uint256 count) private pure returns (bytes memory) {
        uint256[] memory key = new uint256[](4);
        (key[0], key[1], key[2], key[3]) = _g2();
        assembly {
            mstore(key, count)
        }
        return abi.encode(key);
    }

    /// `factor` times the generator.
    function _multiple(uint256 factor) private view returns (uint256 x, uint256 y) {
        (bool success, bytes memory point) = address(7).staticcall(abi.encode(1, 2, factor));
        assertTrue(success);
        return abi.decode(point, (uint256, uint256));
    }

    /// The generator of the second group.
    function _g2() private pure returns (uint256, uint256, uint256, uint256) {
        return (
            0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2,
            0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed,
            0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b,
            0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa
        );
    }
}
