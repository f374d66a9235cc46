// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";

import {IX402BatchSettlement} from "../../contracts/interfaces/external/IX402BatchSettlement.sol";
import {IX402UptoPermit2Proxy} from "../../contracts/interfaces/external/IX402UptoPermit2Proxy.sol";
import {IPayAddress} from "../../contracts/interfaces/IPayAddress.sol";
import {MerkleRoot} from "../../contracts/libraries/MerkleRoot.sol";
import {ReceiptHash} from "../../contracts/libraries/ReceiptHash.sol";
import {ReceiptRun, Run} from "../../contracts/libraries/ReceiptRun.sol";
import {SettledEvent} from "../../contracts/libraries/SettledEvent.sol";
import {Group, GroupResult, Payment, PaymentScheme, Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {PaymentTest} from "./base/PaymentTest.sol";

/// Collects payments and does nothing else: no evidence, no record, no event.
contract PlainFacilitator {
    function forward(address proxy, bytes[] calldata calls) external {
        for (uint256 i; i < calls.length; ++i) {
            (bool success,) = proxy.call(calls[i]);
            require(success, "not collected");
        }
    }
}

/// The loops over the receipts, one after the other.
contract Loops {
    function measure(Group calldata group)
        external
        returns (uint256 hashGas, uint256 treeGas, uint256 checkGas, uint256 eventGas)
    {
        Run memory run = Run({first: 0, end: group.receipts.length, payer: group.receipts[0].payer, floor: 1});
        hashGas = gasleft();
        bytes32[] memory hashes = ReceiptHash.hashAll(ReceiptHash.Common(0, 0, address(0), address(0)), group.receipts);
        hashGas -= gasleft();
        treeGas = gasleft();
        MerkleRoot.compute(hashes);
        treeGas -= gasleft();
        checkGas = gasleft();
        (uint256 next,,) = ReceiptRun.take(group.receipts, run, 0, 0);
        checkGas -= gasleft();
        require(next == run.end, "the receipts do not fit");
        SettledEvent.Log memory log;
        SettledEvent.open(log, group, 0, Tier.SIGNED, 0);
        eventGas = gasleft();
        SettledEvent.emitRun(log, group.receipts, hashes, run, PaymentScheme.UPTO);
        eventGas -= gasleft();
    }
}

/// What whole transactions cost: 21,000 and the calldata included, by the rule of EIP-7623. Circle's token is behind its
/// proxy and Permit2 is the real one; x402's contracts are stand-ins. Everything has been used before (counters,
/// channels and pay addresses hold something), as in daily use. tools/bench_gas.py runs it.
contract GasBench is PaymentTest {
    string private constant GROUP = "Settlement";
    uint256 private constant BATCH_SIZE = 256;
    uint256 private constant PAYERS = 50;
    uint256 private constant TRANSACTION_GAS = 21_000;

    /// A nonce word of its own for each batch, as a prover that counts upwards has it.
    uint64 private constant FIRST_NONCE = 1_024 * 256;

    /// Only where calls are transactions of their own do the numbers mean what they say.
    function setUp() public override {
        vm.skip(!vm.envOr("VERITALLY_GAS_BENCH", false));
        super.setUp();
    }

    /* SETTLING */

    function test_settle_signed_channel_256() public {
        _snapshotPerInference("settle_signed_channel_256_per_inference", _channelGroups(false), BATCH_SIZE);
    }

    function test_settle_tee_channel_256() public {
        _snapshotPerInference("settle_tee_channel_256_per_inference", _channelGroups(true), BATCH_SIZE);
    }

    function test_settle_signed_upto_50() public {
        Group[] memory groups = one(_uptoGroup(FIRST_NONCE, _fundedPayers(PAYERS), 0));
        settleAs(prover.addr, one(_uptoGroup(1, _fundedPayers(1), 1 << 200)));
        _snapshotPerInference("settle_signed_upto_50_per_inference", groups, PAYERS);
    }

    function test_settle_single_signed_upto() public {
        settleAs(prover.addr, one(_uptoGroup(1, _fundedPayers(1), 1 << 200)));
        Group[] memory groups = one(_uptoGroup(FIRST_NONCE, _fundedPayers(1), 0));
        _snapshotPerInference("settle_single_signed_upto", groups, 1);
    }

    function test_settle_mixed_3() public {
        _settleMixed();
        _snapshotPerInference("settle_mixed_3", _mixedGroups(), 1);
    }

    /* THE REST */

    function test_withdraw() public {
        address payTo = payAddresses.deploy(prover.addr, 1);
        mint(usdc, payTo, 3_000);
        mint(usdc, prover.addr, 1);
        bytes memory data = abi.encodeCall(IPayAddress.withdraw, (address(usdc), prover.addr, 2_000));
        _snapshot("withdraw", _transactionGas(payTo, data));
    }

    function test_deployment_sizes() public {
        vm.snapshotValue(GROUP, "size_settlement", address(settlement).code.length);
        vm.snapshotValue(GROUP, "size_verifier_router", address(router).code.length);
        vm.snapshotValue(GROUP, "size_model_registry", address(models).code.length);
        vm.snapshotValue(GROUP, "size_enclave_registry", address(enclaves).code.length);
        vm.snapshotValue(GROUP, "size_signed_verifier", router.getRoute(SIGNED_ROUTE).verifier.code.length);
        vm.snapshotValue(GROUP, "size_tee_verifier", router.getRoute(TEE_ROUTE).verifier.code.length);
        vm.snapshotValue(GROUP, "size_zkml_verifier", router.getRoute(ZKML_ROUTE).verifier.code.length);
        vm.snapshotValue(GROUP, "size_pay_address_factory", address(payAddresses).code.length);
        vm.snapshotValue(GROUP, "size_pay_address", payAddresses.IMPLEMENTATION().code.length);
    }

    /// What the events and the calldata of the first benchmark cost: nobody who writes one event per inference into the
    /// log can go below.
    function test_limit_signed_channel_256() public {
        Group[] memory groups = _channelGroups(false);
        bytes memory data = abi.encodeCall(settlement.settle, (groups));
        uint256 eventGas = 375 + 4 * 375 + 8 * 6 * 32;
        _snapshot("limit_event", eventGas);
        _snapshot("limit_calldata_channel_256_per_inference", _standardCalldataGas(data) / BATCH_SIZE);
        // the same channel with one receipt: everything that does not grow with their number
        Group[] memory small = one(_channelGroup(FIRST_NONCE + 512, 1, false, _channel(), BATCH_SIZE + 2));
        settleAs(prover.addr, groups);
        bytes memory smallData = abi.encodeCall(settlement.settle, (small));
        uint256 fixedGas = _transactionGas(address(settlement), smallData) - _standardCalldataGas(smallData) - eventGas;
        _snapshot("limit_fixed_channel_256_per_inference", fixedGas / BATCH_SIZE);
    }

    function test_limit_loops() public {
        Loops loops = new Loops();
        Group memory group = signedGroup(receiptsOf(FIRST_NONCE, BATCH_SIZE, payer.addr, PRICE, 1));
        (uint256 hashGas, uint256 treeGas, uint256 checkGas, uint256 eventGas) = loops.measure(group);
        _snapshot("loop_hash_per_inference", hashGas / BATCH_SIZE);
        _snapshot("loop_tree_per_inference", treeGas / BATCH_SIZE);
        _snapshot("loop_check_per_inference", checkGas / BATCH_SIZE);
        _snapshot("loop_event_with_event_per_inference", eventGas / BATCH_SIZE);
    }

    /// What Permit2, the token and x402's proxy take, whoever calls them: the same payments through a contract that
    /// does nothing but forward them.
    function test_limit_signed_upto_50() public {
        PlainFacilitator plain = new PlainFacilitator();
        Vm.Wallet[] memory payers = _fundedPayers(PAYERS);
        bytes[] memory calls = new bytes[](PAYERS);
        for (uint256 i; i < PAYERS; ++i) {
            calls[i] = _plainCall(payers[i], address(plain), uint256(keccak256(abi.encode("permit", i))));
        }
        mint(usdc, payAddress(1), 1);
        bytes memory data = abi.encodeCall(PlainFacilitator.forward, (UPTO_PROXY, calls));
        _snapshot("limit_plain_upto_50_per_payment", _transactionGas(address(plain), data) / PAYERS);
    }

    /* MEASURING */

    function _snapshotPerInference(string memory name, Group[] memory groups, uint256 inferences) private {
        uint64 before = settlement.nextSeq();
        bytes memory data = abi.encodeCall(settlement.settle, (groups));
        uint256 gasUsed = _transactionGas(address(settlement), data);
        uint256 count;
        for (uint256 i; i < groups.length; ++i) {
            count += groups[i].receipts.length;
        }
        assertEq(settlement.nextSeq() - before, count, "everything settled");
        _snapshot(name, gasUsed / inferences);
    }

    function _snapshot(string memory name, uint256 value) private {
        vm.snapshotValue(GROUP, name, value);
    }

    /// With `--isolate` the call is a transaction of its own, and forge counts 21,000 and the calldata at its standard
    /// price. EIP-7623 makes the calldata's floor price the least that a transaction costs.
    function _transactionGas(address target, bytes memory data) private returns (uint256) {
        vm.prank(prover.addr);
        (bool success,) = target.call(data);
        uint256 gasUsed = vm.lastCallGas().gasTotalUsed;
        assertTrue(success, "the transaction failed");
        assertGt(gasUsed, TRANSACTION_GAS + _standardCalldataGas(data), "run with --isolate");
        uint256 floorGas = TRANSACTION_GAS + _standardCalldataGas(data) * 10 / 4;
        return gasUsed > floorGas ? gasUsed : floorGas;
    }

    function _standardCalldataGas(bytes memory data) private pure returns (uint256 gasUsed) {
        for (uint256 i; i < data.length; ++i) {
            gasUsed += data[i] == 0 ? 4 : 16;
        }
    }

    /* GROUPS */

    /// 256 receipts over one channel; before, another one has settled over it.
    function _channelGroups(bool tee) private returns (Group[] memory) {
        IX402BatchSettlement.ChannelConfig memory channel = openChannelOf(payer, 1);
        settleAs(prover.addr, one(_channelGroup(1, 1, tee, channel, 1)));
        return one(_channelGroup(FIRST_NONCE, BATCH_SIZE, tee, channel, BATCH_SIZE + 1));
    }

    function _channel() private view returns (IX402BatchSettlement.ChannelConfig memory) {
        return channelOf(payer, 1);
    }

    function _channelGroup(
        uint64 firstNonce,
        uint256 count,
        bool tee,
        IX402BatchSettlement.ChannelConfig memory channel,
        uint256 claimable
    ) private view returns (Group memory group) {
        group = signedGroup(
            receiptsOf(firstNonce, count, payer.addr, PRICE, 1),
            voucher(0, uint32(count), payer, channel, uint128(claimable * PRICE))
        );
        if (!tee) return group;
        group.route = TEE_ROUTE;
        group.evidence = sign(enclave, digestOf(group));
    }

    /// Each receipt of another payer, with a payment of its own.
    function _uptoGroup(uint64 firstNonce, Vm.Wallet[] memory payers, uint256 permitNonce)
        private
        view
        returns (Group memory group)
    {
        InferenceReceipt[] memory receipts = new InferenceReceipt[](payers.length);
        Payment[] memory payments = new Payment[](payers.length);
        for (uint32 i; i < payers.length; ++i) {
            receipts[i] = receiptOf(firstNonce + i, payers[i].addr, PRICE, 1);
            uint256 nonce = permitNonce + uint256(keccak256(abi.encode("permit", payers[i].addr, permitNonce)));
            payments[i] = upto(i, 1, payers[i], 1, MAX_PRICE, nonce);
        }
        group = signedGroup(receipts);
        group.payments = payments;
        group.evidence = sign(prover, digestOf(group));
    }

    function _plainCall(Vm.Wallet memory wallet, address facilitator, uint256 nonce)
        private
        view
        returns (bytes memory)
    {
        UptoTerms memory terms = UptoTerms({
            token: address(usdc),
            maxAmount: MAX_PRICE,
            nonce: nonce,
            deadline: SERVED_AT + 300,
            to: payAddress(1),
            facilitator: facilitator,
            validAfter: 0
        });
        IX402UptoPermit2Proxy.PermitTransferFrom memory permit = IX402UptoPermit2Proxy.PermitTransferFrom({
            permitted: IX402UptoPermit2Proxy.TokenPermissions(terms.token, terms.maxAmount),
            nonce: nonce,
            deadline: terms.deadline
        });
        return abi.encodeCall(
            IX402UptoPermit2Proxy.settle,
            (
                permit,
                PRICE,
                wallet.addr,
                IX402UptoPermit2Proxy.Witness(terms.to, facilitator, 0),
                signUpto(wallet.privateKey, terms)
            )
        );
    }

    /// Payers as a wallet in use has them: a balance, and an allowance for Permit2.
    function _fundedPayers(uint256 count) private returns (Vm.Wallet[] memory payers) {
        payers = new Vm.Wallet[](count);
        for (uint256 i; i < count; ++i) {
            payers[i] = vm.createWallet(uint256(keccak256(abi.encode("payer", i))));
            fund(payers[i], 1_000_000);
        }
    }

    function _settleMixed() private {
        GroupResult[] memory results = settleAs(prover.addr, _mixedGroups());
        for (uint256 i; i < results.length; ++i) {
            assertEq(results[i].settled, 1, "mixed");
        }
    }

    /// One inference of each tier, each paid by `upto`.
    function _mixedGroups() private returns (Group[] memory groups) {
        groups = new Group[](3);
        groups[0] = signedGroup(one(paidReceipt(Tier.SIGNED)));
        groups[1] = teeGroup(one(paidReceipt(Tier.TEE)));
        groups[2] = zkmlGroup(one(zkReceipt(Tier.ZKML)));
    }
}
