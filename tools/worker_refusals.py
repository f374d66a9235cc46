"""What proof jobs, clusters and language models refuse: name, file, text that enforces it, change, tests."""

from __future__ import annotations

_DESK = "prover/workers/desk.py"
_STORE = "prover/workers/store.py"
_CHECKING = "prover/workers/checking.py"
_CLUSTER = "prover/workers/cluster.py"
_REMOTE = "prover/workers/remote.py"
_REQUEST = "prover/upstream/request.py"
_CONFIG = "prover/upstream/config.py"
_CLIENT = "prover/upstream/client.py"
_HANDLER = "prover/upstream/handler.py"

_DESK_TESTS = "tests/integration/test_proof_desk.py::{}"
_CHECKING_TESTS = "tests/integration/test_proof_checking.py::{}"
_CLUSTER_TESTS = "tests/integration/test_proof_cluster.py::{}"
_TLS_TESTS = "tests/integration/test_proof_cluster_tls.py::{}"
_RUN_TESTS = "tests/integration/test_prover_inference.py::{}"
_UPSTREAM_TESTS = "tests/integration/test_upstream.py::{}"
_REQUEST_TESTS = "tests/unit/test_upstream_requests.py"
_CONFIG_TESTS = "tests/unit/test_upstream_config.py"
_PRICE_TESTS = "tests/unit/test_prover_pricing.py"
_ROW_TESTS = "tests/unit/test_prover_requests.py"
_FILE_TESTS = "tests/unit/test_worker_files.py"

JOBS = (
    (
        "the result of an attempt that is not the newest",
        _STORE,
        "            col(ProofJobRow.token) == token,\n",
        "",
        _DESK_TESTS.format("test_every_database_keeps_jobs_alike"),
    ),
    (
        "a second result of a job",
        _STORE,
        "            col(ProofJobRow.state) == ProofJobState.RUNNING,\n",
        "",
        _DESK_TESTS.format("test_every_database_keeps_jobs_alike"),
    ),
    (
        "another proof under the same id",
        _STORE,
        "return row.circuit == order.circuit and row.inputs == order.encoded_inputs",
        "return True",
        _DESK_TESTS.format("test_the_same_id_with_other_inputs_begins_anew"),
    ),
    (
        "more proofs than are allowed",
        "prover/workers/open_jobs.py",
        "if len(self._live) >= self._most:",
        "if False:",
        _DESK_TESTS.format("test_no_more_jobs_are_taken_than_allowed"),
    ),
    (
        "more proofs of one model than are allowed",
        _DESK,
        "if limit is not None and at_once[job.order.model] >= limit:",
        "if False:",
        _DESK_TESTS.format("test_one_model_does_not_take_all_slots"),
    ),
    (
        "a later deadline before an earlier one",
        _DESK,
        "self._waiting.sort(key=lambda job: job.order.deadline_s)",
        "pass",
        _DESK_TESTS.format("test_what_is_wanted_first_is_proved_first"),
    ),
    (
        "a proof for a payment that has expired",
        _DESK,
        "if left_s <= 0:",
        "if False:",
        _RUN_TESTS.format("test_a_proof_that_would_come_too_late_is_not_made"),
    ),
    (
        "another attempt at what cannot be proved",
        _DESK,
        "isinstance(error, _TRY_AGAIN) and ",
        "",
        _DESK_TESTS.format("test_what_cannot_be_proved_is_not_tried_again"),
    ),
    (
        "a stale result that nobody is told of",
        _DESK,
        "if self._store.finish(job_id, token, encode_result(made)):",
        "if self._store.finish(job_id, token, encode_result(made)) or True:",
        _DESK_TESTS.format("test_a_stale_result_is_refused"),
    ),
    (
        "a model that has changed since the order",
        "prover/inference.py",
        "if model is None or model.model_id != order.model_id:",
        "if model is None:",
        _RUN_TESTS.format("test_a_model_that_is_no_longer_served_is_told"),
    ),
    (
        "rows that are not charged",
        "prover/inference.py",
        ".price_base_units * len(request.rows)",
        ".price_base_units",
        _RUN_TESTS.format("test_each_row_is_run_and_charged"),
    ),
    (
        "more rows than the package allows",
        "prover/requests.py",
        "if len(numbers) > package.max_rows:",
        "if False:",
        _ROW_TESTS,
    ),
    (
        "several rows with one proof",
        "prover/requests.py",
        "if tier is Tier.ZKML and request.is_batch:",
        "if False:",
        _ROW_TESTS,
    ),
)

CLUSTER = (
    (
        "a forged proof of a worker",
        _CHECKING,
        '            run_ezkl(Stage.VERIFY, {**arguments, "instances": instances}, TIMEOUT_S)\n',
        "",
        _CHECKING_TESTS.format("test_a_forged_proof_is_refused"),
    ),
    (
        "a worker's own commitment",
        _CHECKING,
        "expected = _commit(circuit, slots)",
        "expected = proof[:128]",
        _CHECKING_TESTS.format("test_a_proof_of_other_inputs_is_refused"),
    ),
    (
        "a file of another content",
        _REMOTE,
        "if sha256_of(unfinished) != digest:",
        "if False:",
        _FILE_TESTS,
    ),
    (
        "a file outside the folder",
        _REMOTE,
        "if len(digest) != 64 or not digest.isalnum():",
        "if False:",
        _FILE_TESTS,
    ),
    (
        "a damaged file",
        _REMOTE,
        "if damaged := _remove_damaged(digests):",
        "if damaged := []:",
        _CLUSTER_TESTS.format("test_a_damaged_file_is_sent_again"),
    ),
    (
        "another version of ezkl",
        _REMOTE,
        'if content["ezkl"] != version("ezkl"):',
        "if False:",
        _CLUSTER_TESTS.format("test_a_worker_of_another_version_is_told"),
    ),
    (
        "a proof larger than every worker",
        _CLUSTER,
        "if offers and max(offers) < needed_bytes:",
        "if False:",
        _CLUSTER_TESTS.format("test_a_proof_larger_than_every_worker_is_refused"),
    ),
    (
        "a cancelled proof that goes on",
        _CLUSTER,
        '                client.run(stop_here, json.loads(request)["id"])\n',
        "",
        _CLUSTER_TESTS.format("test_a_cancelled_proof_is_ended_on_its_worker"),
    ),
    (
        "TLS without certificates",
        _CLUSTER,
        'if tls is None and address.startswith("tls://"):',
        "if False:",
        _TLS_TESTS.format("test_nobody_without_a_certificate_gets_in"),
    ),
    (
        "certificates without TLS",
        "prover/workers/tls.py",
        'if not address.startswith("tls://"):',
        "if False:",
        _TLS_TESTS.format("test_certificates_must_be_there_and_used"),
    ),
)

UPSTREAM = (
    ("what cannot be metered", _REQUEST, "    if unknown:\n", "    if False:\n", _REQUEST_TESTS),
    ("several answers", _REQUEST, 'if content.get("n", 1) != 1:', "if False:", _REQUEST_TESTS),
    ("pictures", _REQUEST, 'if not _is_text(message.get("content")):', "if False:", _REQUEST_TESTS),
    (
        "another model in the body",
        _REQUEST,
        'if content.get("model", card.name) != card.name:',
        "if False:",
        _REQUEST_TESTS,
    ),
    (
        "an answer beyond the signed maximum",
        _REQUEST,
        "min(paid, self.max_output_tokens)",
        "self.max_output_tokens",
        _UPSTREAM_TESTS.format("test_the_limit_is_what_the_payer_signed_for"),
    ),
    (
        "a maximum that pays for nothing",
        _REQUEST,
        "        if tokens < 1:\n",
        "        if False:\n",
        _UPSTREAM_TESTS.format("test_the_limit_is_what_the_payer_signed_for"),
    ),
    (
        "more input tokens than there can be",
        _HANDLER,
        "min(usage.input_tokens, request.max_input_tokens)",
        "usage.input_tokens",
        _UPSTREAM_TESTS.format("test_no_usage_is_charged_beyond_what_there_can_be"),
    ),
    (
        "more output tokens than there can be",
        _HANDLER,
        "min(usage.output_tokens, limit)",
        "usage.output_tokens",
        _UPSTREAM_TESTS.format("test_no_usage_is_charged_beyond_what_there_can_be"),
    ),
    (
        "a usage that makes no sense",
        "prover/upstream/answer.py",
        " and min(counts) >= 0",
        "",
        _UPSTREAM_TESTS.format("test_what_is_not_counted_is_not_charged"),
    ),
    (
        "a stream beyond its limit",
        _HANDLER,
        "if assembly.pieces > limit:",
        "if False:",
        _UPSTREAM_TESTS.format("test_a_stream_beyond_its_limit_is_cut_off"),
    ),
    (
        "a charge for nothing",
        _HANDLER,
        "if assembly.pieces == 0:",
        "if False:",
        _UPSTREAM_TESTS.format("test_a_stream_that_never_begins_is_not_charged"),
    ),
    (
        "an answer that never ends",
        _HANDLER,
        "if assembly.finish_reason is None:",
        "if False:",
        _UPSTREAM_TESTS.format("test_half_a_stream_is_charged_as_far_as_it_came"),
    ),
    (
        "a huge answer",
        _CLIENT,
        "        if len(body) > MOST_BYTES:\n",
        "        if False:\n",
        _UPSTREAM_TESTS.format("test_other_answers_are_refused_and_nothing_is_charged"),
    ),
    (
        "a huge stream",
        _CLIENT,
        "        if received > MOST_BYTES:\n",
        "        if False:\n",
        _UPSTREAM_TESTS.format("test_a_huge_stream_is_cut_off"),
    ),
    (
        "the operator's key in an error",
        _CLIENT,
        'return said.replace(key.get_secret_value(), "[key]") if key else said',
        "return said",
        _UPSTREAM_TESTS.format("test_other_answers_are_refused_and_nothing_is_charged"),
    ),
    (
        "more requests at once than allowed",
        _CLIENT,
        "if self._running >= self._upstream.max_parallel_requests:",
        "if False:",
        _UPSTREAM_TESTS.format("test_no_more_is_asked_at_once_than_allowed"),
    ),
    ("a key that others may read", _CONFIG, "if mode & 0o077:", "if False:", _CONFIG_TESTS),
    (
        "an upstream that anybody could play",
        _CONFIG,
        'if is_tee and parts.scheme == "http" and parts.hostname not in _LOOPBACK:',
        "if False:",
        _CONFIG_TESTS,
    ),
    (
        "the tier tee without an enclave",
        _CONFIG,
        "if tier is not Tier.TEE or has_enclave",
        "if True or has_enclave",
        _CONFIG_TESTS,
    ),
    (
        "a part of a base unit for nothing",
        "prover/pricing.py",
        "-(-of_tokens // MILLION)",
        "of_tokens // MILLION",
        _PRICE_TESTS,
    ),
    (
        "an answer for nothing",
        "prover/pricing.py",
        "return max(1, ",
        "return max(0, ",
        _PRICE_TESTS,
    ),
)

CHECKS = (*JOBS, *CLUSTER, *UPSTREAM)
