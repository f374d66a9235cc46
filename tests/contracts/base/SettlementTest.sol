// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";

import {IModelRegistry} from "../../../contracts/interfaces/IModelRegistry.sol";
import {ISettlement} from "../../../contracts/interfaces/ISettlement.sol";
import {ZkProof} from "../../../contracts/interfaces/IZkmlVerifier.sol";
import {ModelRegistry} from "../../../contracts/ModelRegistry.sol";
import {PayAddressFactory} from "../../../contracts/PayAddressFactory.sol";
import {Settlement} from "../../../contracts/Settlement.sol";
import {
    Group,
    GroupResult,
    Payment,
    PaymentScheme,
    Receipt as InferenceReceipt
} from "../../../contracts/types/Group.sol";
import {UptoPayment} from "../../../contracts/types/Payments.sol";
import {Terms} from "../../../contracts/types/Terms.sol";
import {Tier} from "../../../contracts/types/Tier.sol";
import {VerifierRouter} from "../../../contracts/VerifierRouter.sol";
import {SignedVerifier} from "../../../contracts/verifiers/SignedVerifier.sol";
import {TeeVerifier} from "../../../contracts/verifiers/TeeVerifier.sol";
import {ZkmlVerifier} from "../../../contracts/verifiers/ZkmlVerifier.sol";
import {EnclaveParts} from "./EnclaveParts.sol";
import {IFiatToken, RealParts} from "./RealParts.sol";

/// A whole deployment on real parts, with builders for receipts, groups, payments and evidence of each tier.
abstract contract SettlementTest is RealParts, EnclaveParts {
    bytes4 internal constant SIGNED_ROUTE = bytes4(keccak256("veritally.signed.v1"));
    bytes4 internal constant TEE_ROUTE = bytes4(keccak256("veritally.tee.v1"));
    bytes4 internal constant ZKML_ROUTE = bytes4(keccak256("veritally.zkml.v1"));
    uint96 internal constant PRICE = 1_500;
    uint96 internal constant MAX_PRICE = 2_000;

    Settlement internal settlement;
    VerifierRouter internal router;
    ModelRegistry internal models;
    PayAddressFactory internal payAddresses;
    IFiatToken internal usdc;

    address internal owner = makeAddr("owner");
    address internal guardian = makeAddr("guardian");
    address internal relayer = makeAddr("relayer");
    Vm.Wallet internal prover;
    Vm.Wallet internal payer;
    Vm.Wallet internal enclave;

    bytes32 internal modelId;
    string internal vectors;
    uint64 private _nonce = 1;

    function setUp() public virtual {
        vm.chainId(84532);
        vm.warp(1_800_000_000);
        prover = vm.createWallet("prover");
        payer = vm.createWallet("payer");
        enclave = vm.createWallet("enclave");

        placePermit2AndProxy();
        usdc = deployFiatToken();
        _deploy();
        _registerModel();
        registerEnclave("enclave", enclave);
        fund(payer, 1_000_000);
    }

    /* PARTS */

    function fund(Vm.Wallet memory wallet, uint256 amount) internal {
        mint(usdc, wallet.addr, amount);
        vm.prank(wallet.addr);
        usdc.approve(PERMIT2, type(uint256).max);
    }

    function openRoute(bytes4 route, address verifier, uint32 groupGas, uint32 receiptGas) internal {
        vm.prank(owner);
        router.add(route, verifier, groupGas, receiptGas, route == ZKML_ROUTE);
        router.activate(route);
    }

    function sign(Vm.Wallet memory wallet, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(wallet.privateKey, digest);
        return abi.encodePacked(r, s, v);
    }

    /* RECEIPTS AND GROUPS */

    function packTerms(uint64 nonce, uint96 amount, uint64 servedAt, uint8 floor) internal pure returns (Terms) {
        return
            Terms.wrap(uint256(nonce) << 192 | uint256(amount) << 96 | uint256(servedAt) << 32 | uint256(floor) << 24);
    }

    function freeReceipt(uint64 nonce) internal view returns (InferenceReceipt memory) {
        return InferenceReceipt({
            requestHash: keccak256(abi.encode("request", nonce)),
            responseHash: keccak256(abi.encode("response", nonce)),
            payer: address(0),
            terms: packTerms(nonce, 0, uint64(block.timestamp), uint8(Tier.SIGNED))
        });
    }

    function paidReceipt(Tier floor) internal returns (InferenceReceipt memory) {
        return paidReceipt(floor, PRICE);
    }

    function paidReceipt(Tier floor, uint96 amount) internal returns (InferenceReceipt memory receipt) {
        uint64 nonce = _nonce++;
        receipt = freeReceipt(nonce);
        receipt.payer = payer.addr;
        receipt.terms = packTerms(nonce, amount, uint64(block.timestamp), uint8(floor));
    }

    function zkReceipt(Tier floor) internal returns (InferenceReceipt memory receipt) {
        receipt = paidReceipt(floor);
        (receipt.requestHash, receipt.responseHash) = zkHashes(zkProof(0));
    }

    function payFor(InferenceReceipt memory receipt, uint32 index) internal view returns (Payment memory) {
        return payWith(receipt, index, payer, payAddresses.addressOf(prover.addr, receipt.terms.floor()));
    }

    function payWith(InferenceReceipt memory receipt, uint32 index, Vm.Wallet memory wallet, address to)
        internal
        view
        returns (Payment memory)
    {
        UptoPayment memory terms = UptoPayment({
            maxAmount: MAX_PRICE,
            nonce: uint256(keccak256(abi.encode(receipt.terms.nonce()))),
            deadline: block.timestamp + 300,
            validAfter: 0,
            signature: ""
        });
        terms.signature = signUpto(
            wallet.privateKey,
            UptoTerms({
                token: address(usdc),
                maxAmount: terms.maxAmount,
                nonce: terms.nonce,
                deadline: terms.deadline,
                to: to,
                facilitator: address(settlement),
                validAfter: 0
            })
        );
        return Payment({scheme: PaymentScheme.UPTO, first: index, count: 1, data: abi.encode(terms)});
    }

    /// A group with a payment for every paid receipt, without evidence.
    function bareGroup(bytes4 route, InferenceReceipt[] memory receipts) internal view returns (Group memory group) {
        group.modelId = modelId;
        group.prover = prover.addr;
        group.route = route;
        group.asset = address(usdc);
        group.receipts = receipts;
        group.payments = new Payment[](receipts.length);
        uint256 paid;
        for (uint32 i; i < receipts.length; ++i) {
            if (receipts[i].terms.amount() != 0) group.payments[paid++] = payFor(receipts[i], i);
        }
        Payment[] memory payments = group.payments;
        assembly {
            mstore(payments, paid)
        }
    }

    function signedGroup(InferenceReceipt[] memory receipts) internal view returns (Group memory group) {
        group = bareGroup(SIGNED_ROUTE, receipts);
        group.evidence = sign(prover, digestOf(group));
    }

    function teeGroup(InferenceReceipt[] memory receipts) internal view returns (Group memory group) {
        group = bareGroup(TEE_ROUTE, receipts);
        group.evidence = sign(enclave, digestOf(group));
    }

    function zkmlGroup(InferenceReceipt[] memory receipts) internal view returns (Group memory group) {
        ZkProof[] memory proofs = new ZkProof[](receipts.length);
        for (uint256 i; i < receipts.length; ++i) {
            proofs[i] = zkProof(0);
        }
        group = bareGroup(ZKML_ROUTE, receipts);
        group.evidence = abi.encode(uint32(0), proofs);
    }

    function digestOf(Group memory group) internal view returns (bytes32) {
        return settlement.groupDigest(rootOf(group), group.route);
    }

    /// The prover's leave for anybody to submit the group.
    function authorize(Vm.Wallet memory wallet, Group memory group) internal view returns (bytes memory) {
        return sign(wallet, authorizationOf(group));
    }

    function authorizationOf(Group memory group) internal view returns (bytes32) {
        return settlement.authorizationDigest(rootOf(group), group.route, keccak256(abi.encode(group.payments)));
    }

    function rootOf(Group memory group) internal view returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](group.receipts.length);
        for (uint256 i; i < hashes.length; ++i) {
            hashes[i] = settlement.receiptHash(group.modelId, group.prover, group.asset, group.receipts[i]);
        }
        return referenceRoot(hashes);
    }

    /// Written apart from the library: recursive, on copies.
    function referenceRoot(bytes32[] memory level) internal pure returns (bytes32) {
        if (level.length == 1) return level[0];
        bytes32[] memory next = new bytes32[]((level.length + 1) / 2);
        for (uint256 i; i < next.length; ++i) {
            bool alone = 2 * i + 1 == level.length;
            next[i] = alone ? level[2 * i] : _sortedPair(level[2 * i], level[2 * i + 1]);
        }
        return referenceRoot(next);
    }

    /* PROOFS */

    function zkProof(uint256 index) internal view returns (ZkProof memory item) {
        string memory path = string.concat(".proofs[", vm.toString(index), "]");
        item.proof = vm.parseJsonBytes(vectors, string.concat(path, ".proof"));
        item.instances = vm.parseJsonUintArray(vectors, string.concat(path, ".instances"));
    }

    function zkHashes(ZkProof memory item) internal view returns (bytes32 request, bytes32 response) {
        IModelRegistry.Circuit memory circuit = models.getCircuit(modelId, 0);
        bytes memory inputs;
        bytes memory outputs;
        for (uint256 i; i < item.instances.length; ++i) {
            if (i < circuit.inputs) inputs = abi.encodePacked(inputs, item.instances[i]);
            else outputs = abi.encodePacked(outputs, item.instances[i]);
        }
        return (keccak256(inputs), keccak256(outputs));
    }

    /* CALLS */

    function settleAs(address submitter, Group[] memory groups) internal returns (GroupResult[] memory) {
        vm.prank(submitter);
        return settlement.settle(groups);
    }

    function settleOne(Group memory group) internal returns (GroupResult memory) {
        return settleAs(prover.addr, one(group))[0];
    }

    function one(Group memory group) internal pure returns (Group[] memory groups) {
        groups = new Group[](1);
        groups[0] = group;
    }

    function one(InferenceReceipt memory receipt) internal pure returns (InferenceReceipt[] memory receipts) {
        receipts = new InferenceReceipt[](1);
        receipts[0] = receipt;
    }

    function two(InferenceReceipt memory first, InferenceReceipt memory second)
        internal
        pure
        returns (InferenceReceipt[] memory receipts)
    {
        receipts = new InferenceReceipt[](2);
        (receipts[0], receipts[1]) = (first, second);
    }

    /* EXPECTATIONS */

    /// Settles one group and requires that it is refused as a whole with exactly this error, nothing changed.
    function assertGroupRefused(Group memory group, bytes memory reason) internal {
        uint64 seq = settlement.nextSeq();
        uint256 balance = usdc.balanceOf(payer.addr);
        vm.expectEmit(address(settlement));
        emit ISettlement.GroupSkipped(group.modelId, group.prover, group.route, 0, reason);
        GroupResult memory result = settleOne(group);
        assertEq(result.reason, reason, "reason");
        assertEq(result.settled, 0, "settled");
        assertEq(settlement.nextSeq(), seq, "seq");
        assertEq(usdc.balanceOf(payer.addr), balance, "payer's balance");
    }

    /// Requires that the receipt at `index` is skipped with exactly this error.
    function expectReceiptSkipped(Group memory group, uint256 index, bytes memory reason) internal {
        InferenceReceipt memory receipt = group.receipts[index];
        bytes32 hash = settlement.receiptHash(group.modelId, group.prover, group.asset, receipt);
        vm.expectEmit(address(settlement));
        emit ISettlement.ReceiptSkipped(hash, receipt.payer, group.prover, reason);
    }

    /* SET-UP */

    function _deploy() private {
        payAddresses = new PayAddressFactory();
        router = new VerifierRouter(owner, guardian, 0);
        models = new ModelRegistry(router, 0);
        settlement = new Settlement(router, payAddresses);
        deployEnclaves(models, settlement);
        openRoute(SIGNED_ROUTE, address(new SignedVerifier()), 200_000, 0);
        openRoute(TEE_ROUTE, address(new TeeVerifier(enclaves)), 400_000, 0);
        openRoute(ZKML_ROUTE, address(new ZkmlVerifier(models)), 1_300_000, 700_000);
    }

    function _registerModel() private {
        vectors = vm.readFile("tests/vectors/zkml/iris.json");
        bytes memory code = vm.parseJsonBytes(vectors, ".verifierCreationBytecode");
        address verifier;
        assembly {
            verifier := create(0, add(code, 0x20), mload(code))
        }
        vm.startPrank(prover.addr);
        modelId = models.register(keccak256("weights"), "ipfs://model");
        models.acceptMeasurement(modelId, readHash("enclave", "measurement"));
        ZkProof memory valid = zkProof(0);
        models.addCircuit(
            modelId,
            IModelRegistry.Circuit({
                verifier: verifier,
                batchSize: 1,
                inputs: uint16(vm.parseJsonUint(vectors, ".inputCount")),
                outputs: uint16(vm.parseJsonUint(vectors, ".outputCount")),
                proofGas: 700_000,
                developmentSrs: true,
                stopped: false,
                inputScale: uint8(vm.parseJsonUint(vectors, ".inputScale")),
                outputScale: uint8(vm.parseJsonUint(vectors, ".outputScale")),
                inputsCommitted: false,
                ezklVersion: "23.0.5",
                verifyingKeyHash: keccak256("key")
            }),
            valid.proof,
            valid.instances
        );
        vm.stopPrank();
    }

    function _sortedPair(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return a < b ? keccak256(abi.encodePacked(a, b)) : keccak256(abi.encodePacked(b, a));
    }
}
