"""What the prover's door refuses: name, file, text that enforces it, its change, test."""

from __future__ import annotations

_CHECKS = "prover/door/checks.py"
_CHANNELS = "prover/door/channels.py"
_DESK = "prover/door/desk.py"
_PAYMENTS = "prover/door/payments.py"
_OFFERS = "prover/door/offers.py"
_CREDIT = "prover/door/credit.py"
_STATE = "prover/door/chain_state.py"
_RENDERING = "prover/door/rendering.py"
_SIGNATURES = "prover/door/signatures.py"
_RESTART = "tests/integration/test_door_restart.py::test_{}"
_ATTACKS = "tests/integration/test_attacks.py::test_{}"

CHECKS = (
    (
        "an upto payment that its payer did not sign",
        _CHECKS,
        "        if not signed:\n            _refuse(codes.ERR_PERMIT2_INVALID_SIGNATURE",
        "        if False:\n            _refuse(codes.ERR_PERMIT2_INVALID_SIGNATURE",
        _ATTACKS.format("a_payment_in_somebody_elses_name_is_refused"),
    ),
    (
        "an exact payment that its payer did not sign",
        _CHECKS,
        "        if not signed:\n            _refuse(codes.ERR_INVALID_SIGNATURE",
        "        if False:\n            _refuse(codes.ERR_INVALID_SIGNATURE",
        _ATTACKS.format("a_payment_in_somebody_elses_name_is_refused"),
    ),
    (
        "a Permit2 nonce that is used",
        _CHECKS,
        '        if used:\n            _refuse(codes.ERR_NONCE_ALREADY_USED, f"its nonce',
        '        if False:\n            _refuse(codes.ERR_NONCE_ALREADY_USED, f"its nonce',
        _ATTACKS.format("a_nonce_that_was_given_up_before_is_refused"),
    ),
    (
        "an authorisation that is used",
        _CHECKS,
        '        if used:\n            _refuse(codes.ERR_NONCE_ALREADY_USED, f"it was',
        '        if False:\n            _refuse(codes.ERR_NONCE_ALREADY_USED, f"it was',
        _ATTACKS.format("an_authorisation_that_was_collected_before_is_refused"),
    ),
    (
        "an upto payment that ends during the proof",
        _CHECKS,
        "if upto.deadline_s < self._now_s() + until_s:",
        "if upto.deadline_s < self._now_s():",
        _ATTACKS.format("a_payment_that_ends_during_the_proof_is_refused_before_it"),
    ),
    (
        "an exact payment that ends during the proof",
        _CHECKS,
        "if exact.valid_before_s <= self._now_s() + until_s:",
        "if exact.valid_before_s <= self._now_s():",
        _ATTACKS.format("a_payment_that_ends_during_the_proof_is_refused_before_it"),
    ),
    (
        "an allowance that is too low",
        _CHECKS,
        "if allowance < needed:",
        "if False:",
        _ATTACKS.format("a_payer_that_cannot_pay_is_refused_before_any_work"),
    ),
    (
        "a balance that is too low",
        _CHECKS,
        "if balance < needed:",
        "if False:",
        _ATTACKS.format("a_payer_that_cannot_pay_is_refused_before_any_work"),
    ),
    (
        "money that is promised already",
        _CHECKS,
        "return running + self.channels.promised_base_units(payer)",
        "return 0",
        "tests/integration/test_prover_refuses.py::test_what_is_being_settled_is_not_promised_again",
    ),
    (
        "a channel that its payer empties",
        _CHANNELS,
        "if channel.withdraw_requested_at_s:",
        "if False:",
        _ATTACKS.format("a_channel_whose_payer_wants_its_money_back_pays_no_more"),
    ),
    (
        "a voucher that its payer did not sign",
        _CHANNELS,
        "        if not signed:\n            message = f\"the voucher's",
        "        if False:\n            message = f\"the voucher's",
        _ATTACKS.format("a_voucher_of_another_channel_is_refused"),
    ),
    (
        "a deposit that its payer did not sign",
        _CHANNELS,
        "        if not signed:\n            message = f\"the deposit's",
        "        if False:\n            message = f\"the deposit's",
        _ATTACKS.format("what_was_signed_cannot_be_changed"),
    ),
    (
        "a voucher above what its channel holds",
        _CHANNELS,
        "if cumulative > available:",
        "if False:",
        _ATTACKS.format("a_voucher_above_the_deposit_is_refused"),
    ),
    (
        "two deposits out of one balance",
        _CHANNELS,
        "if not 0 < deposit.amount_base_units <= balance - spoken_for:",
        "if not 0 < deposit.amount_base_units <= balance:",
        _ATTACKS.format("one_balance_is_promised_to_one_channel"),
    ),
    (
        "a voucher that does not go on from its channel",
        _DESK,
        "if cumulative != known.charged_base_units + payment.offer.amount_base_units:",
        "if False:",
        _ATTACKS.format("a_voucher_must_go_on_from_what_was_charged"),
    ),
    (
        "a payment that was signed twice",
        _DESK,
        "if job.order.fingerprint != order.fingerprint or job.order.payment != order.payment:",
        "if job.order.fingerprint != order.fingerprint:",
        _ATTACKS.format("a_nonce_that_is_signed_twice_runs_one_request"),
    ),
    (
        "a used payment for another request",
        _DESK,
        "if job.order.fingerprint != order.fingerprint or job.order.payment != order.payment:",
        "if job.order.payment != order.payment:",
        _ATTACKS.format("a_used_payment_buys_no_other_request"),
    ),
    (
        "a payment for another offer",
        _OFFERS,
        "if _is_answered_by(offer.as_requirements(), accepted):",
        'if offer.scheme.label == accepted.get("scheme"):',
        "tests/unit/test_door_payments.py",
    ),
    (
        "two payments in one request",
        _PAYMENTS,
        "if len(found) > 1:",
        "if False:",
        _ATTACKS.format("two_payments_in_one_request_are_refused"),
    ),
    (
        "a header that is too long",
        _PAYMENTS,
        "if found and len(found[0]) > MAX_HEADER_BYTES:",
        "if False:",
        "tests/unit/test_door_payments.py",
    ),
    (
        "more than a payer's credit",
        _CREDIT,
        "if in_flight and in_flight + amount_base_units > self._limit:",
        "if False:",
        "tests/unit/test_door_credit.py",
    ),
    (
        "more than a payer's credit on a deposit under way",
        _CREDIT,
        "if uncovered_base_units > max(self._limit, request_base_units):",
        "if False:",
        "tests/unit/test_door_credit.py",
    ),
    (
        "a contract's signature that it does not own to",
        _STATE,
        "return returned is not None and len(returned) == 32 and returned[:4] == _IS_VALID_SIGNATURE",
        "return True",
        "tests/integration/test_door_accounts.py",
    ),
    (
        "signatures that tokens refuse",
        _SIGNATURES,
        "if int.from_bytes(signature[32:64]) > _HALF_ORDER:",
        "if False:",
        "tests/unit/test_door_signatures.py",
    ),
    (
        "an answer that is not paid for",
        _RENDERING,
        "return job.state.is_settled or job.order.voucher is not None or job.order.streamed",
        "return True",
        _ATTACKS.format("nothing_of_an_answer_is_seen_before_it_is_paid"),
    ),
    (
        "nothing where a contract should be",
        _STATE,
        "if returned is None or len(returned) < 32:",
        "if returned is None:",
        "tests/integration/test_door_reads.py",
    ),
    (
        "giving a paid request back because the service stops",
        "prover/door/work.py",
        "except ShuttingDownError:",
        "except KeyboardInterrupt:",
        _RESTART.format("a_paid_proof_that_a_stop_interrupts_is_made_after_the_next_start"),
    ),
    (
        "forgetting at a restart what a payer owes",
        _DESK,
        "if job.state is not JobState.RESERVED:\n                self._count(job.order)",
        "if job.state is not JobState.RESERVED:\n                continue",
        _RESTART.format("what_a_payer_owes_counts_after_a_restart"),
    ),
    (
        "leaving a request that is reserved and that nobody runs",
        _DESK,
        "if self._is_left(job) and not order.streamed:",
        "if False:",
        _RESTART.format(
            "a_request_whose_reservation_was_stored_but_not_confirmed_is_run_when_it_comes_again"
        ),
    ),
    (
        "old reads, which every payment looks through",
        "prover/door/node_reads.py",
        "if now_s >= self._forget_at_s:",
        "if False:",
        "tests/integration/test_door_reads.py::test_old_answers_are_not_kept",
    ),
    (
        "one limit of bodies for all models",
        "prover/door/door.py",
        "await read_body(request.receive, handler.max_body_bytes)",
        "await read_body(request.receive, 65_536)",
        "tests/integration/test_door_streaming.py::test_each_handler_says_how_long_its_requests_may_be",
    ),
)
