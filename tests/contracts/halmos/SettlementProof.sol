// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {CommonBase} from "forge-std/Base.sol";

import {Claim, IVerifier} from "../../../contracts/interfaces/IVerifier.sol";
import {PayAddressFactory} from "../../../contracts/PayAddressFactory.sol";
import {Settlement} from "../../../contracts/Settlement.sol";
import {Group, GroupResult, Payment, PaymentScheme, Receipt} from "../../../contracts/types/Group.sol";
import {ExactPayment} from "../../../contracts/types/Payments.sol";
import {Terms} from "../../../contracts/types/Terms.sol";
import {Tier} from "../../../contracts/types/Tier.sol";
import {Verdict} from "../../../contracts/types/Verdict.sol";
import {VerifierRouter} from "../../../contracts/VerifierRouter.sol";

/// A cheat code of halmos.
interface SymbolicVm {
    function enableSymbolicStorage(address target) external;
}

/// Accepts everything: what Settlement counts must not hang on what a verifier refuses.
contract AcceptingVerifier is IVerifier {
    /// @inheritdoc IVerifier
    Tier public immutable tier;

    constructor(Tier tier_) {
        tier = tier_;
    }

    /// @inheritdoc IVerifier
    function verify(Claim calldata, bytes calldata) external pure returns (Verdict memory verdict) {}
}

/// A token whose authorisations are all good or all refused, which its state says.
contract AuthorizedToken {
    mapping(address owner => uint256) public balanceOf;
    bool private _refuses;

    function transferWithAuthorization(
        address,
        address to,
        uint256 value,
        uint256,
        uint256,
        bytes32,
        uint8,
        bytes32,
        bytes32
    ) external {
        require(!_refuses);
        balanceOf[to] += value;
    }
}

/// The real Settlement, router and pay addresses, for proofs about whatever receipts come to whatever state. The test
/// itself is the prover.
abstract contract SettlementProof is CommonBase {
    SymbolicVm private constant SYMBOLIC_VM = SymbolicVm(address(uint160(uint256(keccak256("svm cheat code")))));
    bytes32 internal constant MODEL = "model";

    VerifierRouter internal router;
    PayAddressFactory internal payAddresses;
    Settlement internal settlement;
    AuthorizedToken internal token;

    function setUp() public virtual {
        vm.chainId(31337);
        router = new VerifierRouter(address(this), address(0), 0);
        for (uint256 tier = 1; tier <= 3; ++tier) {
            bytes4 route = _route(Tier(tier));
            router.add(route, address(new AcceptingVerifier(Tier(tier))), 100_000, 0, false);
            router.activate(route);
        }
        payAddresses = new PayAddressFactory();
        token = new AuthorizedToken();
        SYMBOLIC_VM.enableSymbolicStorage(address(token));
        settlement = deploy();
    }

    /// A Settlement after any history.
    function deploy() internal returns (Settlement deployed) {
        deployed = new Settlement(router, payAddresses);
        SYMBOLIC_VM.enableSymbolicStorage(address(deployed));
    }

    function asTier(uint256 tier) internal pure returns (Tier) {
        vm.assume(tier >= 1 && tier <= 3);
        if (tier == 1) return Tier.SIGNED;
        if (tier == 2) return Tier.TEE;
        return Tier.ZKML;
    }

    /// The same receipt, its floor written as a constant, as the solver needs it to follow the money.
    function knowFloor(Receipt memory receipt) internal pure returns (Receipt memory) {
        uint256 rest = Terms.unwrap(receipt.terms) & ~uint256(0xff << 24);
        uint8 floor = receipt.terms.floor();
        if (floor == 1) receipt.terms = Terms.wrap(rest | 1 << 24);
        if (floor == 2) receipt.terms = Terms.wrap(rest | 2 << 24);
        if (floor == 3) receipt.terms = Terms.wrap(rest | 3 << 24);
        return receipt;
    }

    /// One group at `tier`; with a payment over all receipts, or without any.
    function settle(Settlement target, Tier tier, Receipt[] memory receipts, bool paid)
        internal
        returns (GroupResult memory)
    {
        return settle(target, _route(tier), receipts, paid);
    }

    function settle(Settlement target, bytes4 route, Receipt[] memory receipts, bool paid)
        internal
        returns (GroupResult memory)
    {
        Group[] memory groups = new Group[](1);
        groups[0].modelId = MODEL;
        groups[0].prover = address(this);
        groups[0].route = route;
        groups[0].asset = address(token);
        groups[0].receipts = receipts;
        if (paid) {
            groups[0].payments = new Payment[](1);
            groups[0].payments[0] = Payment({
                scheme: PaymentScheme.EXACT,
                first: 0,
                count: uint32(receipts.length),
                data: abi.encode(ExactPayment({validAfter: 0, validBefore: 0, nonce: 0, signature: new bytes(65)}))
            });
        }
        return target.settle(groups)[0];
    }

    function _route(Tier tier) private pure returns (bytes4) {
        return bytes4(uint32(tier));
    }
}
