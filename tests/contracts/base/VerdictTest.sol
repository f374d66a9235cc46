// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Group, Payment, Receipt as InferenceReceipt} from "../../../contracts/types/Group.sol";
import {Tier} from "../../../contracts/types/Tier.sol";
import {VerdictVerifierStub} from "../standins/VerdictVerifierStub.sol";
import {PaymentTest} from "./PaymentTest.sol";

/// A route of the tier TEE whose verifier says whatever a test wants.
abstract contract VerdictTest is PaymentTest {
    bytes4 internal constant VERDICT_ROUTE = "vrdt";

    VerdictVerifierStub internal verifier;

    function setUp() public virtual override {
        super.setUp();
        verifier = new VerdictVerifierStub(Tier.TEE);
        openRoute(VERDICT_ROUTE, address(verifier), 300_000, 0);
    }

    /// A group on that route with at most one payment.
    function judgedGroup(InferenceReceipt[] memory receipts, Payment memory payment)
        internal
        view
        returns (Group memory group)
    {
        group = signedGroup(receipts, payment);
        group.route = VERDICT_ROUTE;
    }

    function noPayment() internal pure returns (Payment memory payment) {}
}
