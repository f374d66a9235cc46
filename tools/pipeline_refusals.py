"""What the prover's pipeline refuses or holds to: name, file, text that enforces it, its change, tests."""

from __future__ import annotations

_ROWS = "prover/jobs/rows.py"
_CHANNELS = "prover/jobs/channels.py"
_WRITER = "prover/jobs/writer.py"
_LEDGER = "prover/settling/ledger.py"
_FOLLOWING = "prover/settling/following.py"
_DISPATCH = "prover/settling/dispatch.py"
_JUDGING = "prover/settling/judging.py"

_STORE = "tests/integration/test_jobs_store.py::test_"
_TABLES = "tests/integration/test_jobs_tables.py"
_SETTLING = "tests/integration/test_prover_settling.py::test_"
_PAYING = "tests/integration/test_prover_channels.py::test_"
_CRASHES = "tests/integration/test_prover_crashes.py::test_a_prover_that_is_killed"
_BUNDLES = "tests/unit/test_settling_bundles.py"

CHECKS = (
    (
        "one payment for two requests",
        _ROWS,
        "if row.fingerprint != order.fingerprint:",
        "if False:",
        f"{_STORE}a_payment_stands_for_one_request",
    ),
    (
        "another answer to the same request",
        _ROWS,
        "    if row.state != JobState.RESERVED:\n        return job_of(row)\n",
        "",
        f"{_STORE}an_answer_never_changes",
    ),
    (
        "a price above what was signed for",
        _ROWS,
        "if not min(1, row.max_amount) <= computed.amount_base_units <= row.max_amount:",
        "if False:",
        f"{_STORE}nobody_is_charged_more_than_it_signed_for",
    ),
    (
        "more requests than may wait",
        _ROWS,
        "if waiting >= most_reserved:",
        "if False:",
        f"{_STORE}too_many_requests_are_sent_away",
    ),
    (
        "numbers of receipts that begin again",
        _ROWS,
        "    .values(next_value=col(CounterRow.next_value) + 1)",
        "    .values(next_value=col(CounterRow.next_value) + 0)",
        f"{_STORE}numbers_of_receipts_go_on_after_a_restart",
    ),
    (
        "what was written below an object that stays old",
        "prover/jobs/writer.py",
        "            self.session.expire(known)",
        "            pass",
        "tests/integration/test_jobs_store.py::test_steps_of_one_transaction_see_each_other",
    ),
    (
        "two requests of a channel at once",
        _CHANNELS,
        "if running is not None:",
        "if False:",
        f"{_PAYING}a_channel_serves_one_request_after_the_other",
    ),
    (
        "a voucher below what was charged",
        _CHANNELS,
        "if first_charged != charged or charged < 0:",
        "if False:",
        f"{_PAYING}a_channel_serves_one_request_after_the_other",
    ),
    (
        "work of a client that went away",
        _WRITER,
        " if item.future.set_running_or_notify_cancel()]",
        "]",
        f"{_STORE}a_client_that_goes_away_stops_no_writing",
    ),
    (
        "work that takes other work down",
        _WRITER,
        "self._write([item])",
        "item.future.set_exception(error)",
        f"{_STORE}work_that_fails_takes_nothing_else_down",
    ),
    (
        "a commit for each request",
        _WRITER,
        "while len(taken) < _MOST_AT_ONCE:",
        "while len(taken) < 1:",
        f"{_STORE}requests_that_come_together_share_commits",
    ),
    (
        "a column that migrations forget",
        "prover/migrations/versions/0001_tables.py",
        '        _column("alone", sa.Boolean()),\n',
        "",
        _TABLES,
    ),
    (
        "a transaction that its batch does not know",
        _LEDGER,
        "    unit.session.add(batch)\n    unit.session.flush()\n",
        "    unit.session.commit()\n    unit.session.add(batch)\n    unit.session.flush()\n",
        _CRASHES,
    ),
    (
        "requests that are forgotten in a replaced block",
        _FOLLOWING,
        "    batch.state, batch.landed_block_hash = ledger.OPEN, None\n",
        "    if batch.state == ledger.LANDED:\n        return\n",
        f"{_PAYING}a_replaced_block_is_followed_until_it_is_final",
    ),
    (
        "requests that are never final",
        _FOLLOWING,
        "        ledger.finished(unit, batch)\n",
        "",
        f"{_PAYING}a_replaced_block_is_followed_until_it_is_final",
    ),
    (
        "a failing transaction that is sent for ever",
        _FOLLOWING,
        "for row in failed_alone if outcome is Outcome.REVERTED else ():",
        "for row in ():",
        f"{_SETTLING}a_transaction_that_reverts_alone_is_given_up",
    ),
    (
        "requests of a failed transaction",
        _FOLLOWING,
        "    ledger.taken_back(unit, batch, alone=outcome is Outcome.REVERTED)\n",
        "",
        f"{_SETTLING}a_transaction_that_reverts_is_divided_and_sent_again_with_all_the_gas",
    ),
    (
        "a channel that could pay for some",
        _FOLLOWING,
        "together[row.channel_id] > 1:",
        "together[row.channel_id] > 10_000:",
        f"{_PAYING}what_did_not_fit_when_it_landed_is_tried_in_parts",
    ),
    (
        "a receipt that was settled before",
        _DISPATCH,
        "before = [item for item, reason in refused if reason.code == SETTLED_BEFORE]",
        "before: list[Item] = []",
        f"{_SETTLING}a_receipt_that_an_earlier_transaction_settled_is_reported_with_that_transaction",
    ),
    (
        "a claim before its deposit",
        _DISPATCH,
        "channels_without_deposit(session) | ",
        "",
        f"{_PAYING}what_a_channel_pays_for_waits_for_its_deposit",
    ),
    (
        "a voucher that is given up at once",
        _DISPATCH,
        "return item.channel_id is not None and now_s <",
        "return False and now_s <",
        f"{_PAYING}what_a_node_that_is_behind_refuses_is_tried_again",
    ),
    (
        "evidence that nobody stored",
        _DISPATCH,
        "        self._writer.run(lambda unit: ledger.evidenced(unit, ready.groups), *ids)\n",
        "",
        f"{_SETTLING}what_backs_a_receipt_is_stored",
    ),
    (
        "a payer who takes its money back",
        "prover/settling/withdrawals.py",
        "return any(requested.values())",
        "return False",
        f"{_PAYING}a_payer_who_wants_its_money_back_is_claimed_from_before",
    ),
    (
        "a batch that costs more than it earns",
        _DISPATCH,
        "if anyway or not self._loses(ready):",
        "if True:",
        f"{_PAYING}nothing_is_settled_that_costs_more_than_it_earns",
    ),
    (
        "vouchers that do not wait for better prices",
        _DISPATCH,
        "guard.settle_at_a_loss and (is_old or everything)",
        "guard.settle_at_a_loss",
        f"{_PAYING}what_loses_is_settled_when_the_operator_says_so",
    ),
    (
        "a bad request that blocks the others",
        _JUDGING,
        "        if len(bundles) > 1:\n",
        "        if len(bundles) > 1:\n            items = [item for one in bundles for item in one.items]\n"
        "            return Verdict([], [(item, reason) for item in items])\n        if len(bundles) > 1:\n",
        f"{_PAYING}a_node_that_shows_no_logs_is_enough",
    ),
    (
        "a group without evidence that blocks the others",
        _JUDGING,
        "            except (ProverError, VeritallyError) as error:\n",
        "            except (ProverError, VeritallyError) as error:\n                raise\n",
        f"{_SETTLING}a_group_without_evidence_stops_no_other",
    ),
    (
        "more than a transaction holds",
        "prover/settling/bundles.py",
        "if open_batch and not fits([*open_batch, item]):",
        "if False:",
        _BUNDLES,
    ),
    (
        "a price that is rounded up",
        "prover/settling/profit.py",
        "< gas_used * gas_price_wei",
        "<= gas_used * gas_price_wei",
        _BUNDLES,
    ),
    (
        "an account that a crashed prover still owns",
        "prover/books.py",
        "if time.monotonic() >= deadline:",
        "if True:",
        f"{_SETTLING}an_account_of_a_crashed_prover_is_waited_for",
    ),
    (
        "a database of another chain",
        "prover/books.py",
        "if known != _shown(home):",
        "if False:",
        f"{_SETTLING}a_database_is_of_one_chain_one_contract_and_one_prover",
    ),
    (
        "a transaction of another account",
        "prover/settling/managed_chain.py",
        "if account.address != self.manager.key.sender:",
        "if False:",
        f"{_SETTLING}nobody_else_sends_through_the_manager",
    ),
    (
        "what is known while the node is lost",
        "prover/settling/settling.py",
        "        finally:  # what is known without the chain is written down in any case\n",
        "        except NoEndpointError:\n            raise\n        else:\n",
        "tests/integration/test_prover_lost_node.py::test_while_settling_nothing_is_said_that_is_not_known",
    ),
    (
        "a database of another prover",
        "prover/books.py",
        ", prover {home.prover}",
        "",
        f"{_SETTLING}a_database_is_of_one_chain_one_contract_and_one_prover",
    ),
    (
        "a signature that waits for proofs",
        "prover/settling/policy.py",
        "max_age_s: float = 1.0",
        "max_age_s: float = 15.0",
        f"{_SETTLING}a_signature_does_not_wait_for_a_proof_that_came_with_it",
    ),
    (
        "what was sent, read again at each look at the chain",
        "veritally/transactions/store.py",
        "select_columns(col(IntentRow.id), *(getattr(IntentRow, name) for name in _LANDED))",
        "select_columns(*IntentRow.__table__.columns)",
        "tests/integration/test_transactions.py::"
        "test_what_waits_for_finality_is_followed_without_reading_what_was_sent",
    ),
    (
        "trouble with channels that stops other payments",
        "prover/settling/dispatch.py",
        "        try:  # whichever of the two cannot be done now, the other one is\n"
        "            paid_s = self._settle_paid(now_s, everything, sent)\n        finally:\n"
        "            channels_s = self._settle_channels(now_s, everything, sent)\n",
        "        channels_s = self._settle_channels(now_s, everything, sent)\n"
        "        paid_s = self._settle_paid(now_s, everything, sent)\n",
        "tests/integration/test_prover_channels.py::test_trouble_with_channels_stops_no_other_payment",
    ),
)
