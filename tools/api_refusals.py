"""What the HTTP interface refuses, and how: name, file, text that enforces it, its change, tests."""

from __future__ import annotations

_API = "indexer/api"
_PARAMETERS = f"{_API}/parameters.py"
_TALLIES = f"{_API}/tallies.py"
_PROTOCOL = "tests/unit/test_api_protocol.py"
_NUMBERS = "tests/unit/test_api_numbers.py"
_SCHEMA = "tests/unit/test_api_schema.py"
_DOCS = "tests/unit/test_api_docs.py"

CHECKS = (
    (
        "API: a parameter that nobody knows",
        _PARAMETERS,
        'ConfigDict(extra="forbid", frozen=True)',
        "ConfigDict(frozen=True)",
        _PROTOCOL,
    ),
    (
        "API: a cursor that is none of ours",
        _PARAMETERS,
        "    if not re.fullmatch(_CURSOR, str(value)):\n",
        "    if False:\n",
        _PROTOCOL,
    ),
    (
        "API: what is no date",
        _PARAMETERS,
        "    if not re.fullmatch(MOMENT, text):\n",
        "    if False:\n",
        _PROTOCOL,
    ),
    (
        "API: a description with days that do not exist",
        _PARAMETERS,
        "02-(0[1-9]|1[0-9]|2[0-8])",
        "02-(0[1-9]|[12][0-9]|30)",
        _SCHEMA,
    ),
    (
        "API: a description without some days",
        _PARAMETERS,
        "20([02468][048]|[13579][26])|2104",
        "20([02468][048]|[13579][26])",
        _SCHEMA,
    ),
    (
        "API: a series in one bucket",
        _PARAMETERS,
        "    if bucket is Bucket.ALL:\n",
        "    if False:\n",
        _PROTOCOL,
    ),
    (
        "API: the most rows of an answer",
        _PARAMETERS,
        'le=MOST_LISTED, description="Most rows, the largest first."',
        'description="Most rows, the largest first."',
        _PROTOCOL,
    ),
    (
        "API: the most rows of a page",
        _PARAMETERS,
        "Field(50, ge=1, le=MOST_PAGED,",
        "Field(50, ge=1,",
        _PROTOCOL,
    ),
    (
        "API: spans that end within a unit",
        f"{_API}/spans.py",
        "        if limit_s is not None and limit_s % unit_s:\n",
        "        if False:\n",
        _PROTOCOL,
    ),
    (
        "API: spans that end before they begin",
        f"{_API}/spans.py",
        "    if after_s is not None and before_s is not None and after_s >= before_s:\n",
        "    if False:\n",
        _PROTOCOL,
    ),
    (
        "API: more sums than one request may have",
        f"{_API}/sums.py",
        "    if cells > MOST_CELLS:\n",
        "    if False:\n",
        _PROTOCOL,
    ),
    (
        "API: tallies of parties per hour",
        _TALLIES,
        "    if asked.bucket is Bucket.HOUR and kept.unit_s == DAY_S:\n"
        '        raise NotTogetherError("bucket", f"sums by {asked.by} ',
        '    if False:\n        raise NotTogetherError("bucket", f"sums by {asked.by} ',
        _PROTOCOL,
    ),
    (
        "API: series of a party per hour",
        _TALLIES,
        "    if asked.bucket is Bucket.HOUR and kept.unit_s == DAY_S:\n"
        '        raise NotTogetherError("bucket", f"sums by {by} ',
        '    if False:\n        raise NotTogetherError("bucket", f"sums by {by} ',
        _PROTOCOL,
    ),
    (
        "API: series of two parties",
        _TALLIES,
        "    if len(given) > 1:\n",
        "    if False:\n",
        _PROTOCOL,
    ),
    (
        "API: series of too many buckets",
        _TALLIES,
        "    if len(starts) > MOST_BUCKETS:\n",
        "    if False:\n",
        _PROTOCOL,
    ),
    (
        "API: windows that end on no Monday",
        f"{_API}/statistics.py",
        "        if asked.until.weekday():\n",
        "        if False:\n",
        _PROTOCOL,
    ),
    (
        "API: windows outside the full weeks",
        f"{_API}/statistics.py",
        "        if not state.first_week < end <= state.end_week and end != state.end_week:\n",
        "        if False:\n",
        _PROTOCOL,
    ),
    (
        "API: a metric that is not there",
        f"{_API}/statistics.py",
        "    if name not in BY_NAME:\n",
        "    if False:\n",
        _NUMBERS,
    ),
    (
        "API: a model, prover or payer that nobody knows",
        f"{_API}/parties.py",
        "    if not rows and not is_known:\n",
        "    if False:\n",
        _DOCS,
    ),
    (
        "API: a place without an inference",
        f"{_API}/inferences.py",
        "    if not rows:\n        raise UnknownThingError(\n",
        "    if False:\n        raise UnknownThingError(\n",
        _DOCS,
    ),
    (
        "API: a receipt that is not settled",
        f"{_API}/receipts.py",
        "    if key is None or key >= snapshot.end_key:\n",
        "    if False:\n",
        _DOCS,
    ),
    (
        "API: rows that do not lead to their group's root",
        f"{_API}/receipts.py",
        "    if row.id not in places or merkle_root(hashes) != bytes(group.root):\n",
        "    if row.id not in places:\n",
        _PROTOCOL,
    ),
    (
        "API: a form that nobody writes",
        f"{_API}/reply.py",
        "    raise UnacceptableError(accepted)\n",
        "    return Form.JSON\n",
        _PROTOCOL,
    ),
    (
        "API: what takes too long",
        f"{_API}/app.py",
        "    if isinstance(error, ReadTookTooLongError):\n",
        "    if False:\n",
        _PROTOCOL,
    ),
    (
        "API: when to ask again",
        f"{_API}/app.py",
        '    return {"retry-after": "2"} if',
        "    return {} if",
        _PROTOCOL,
    ),
    (
        "API: a database that is lost",
        f"{_API}/app.py",
        "    if isinstance(error, NotReadyError):\n",
        "    if False:\n",
        _PROTOCOL,
    ),
    (
        "API: nothing is final yet",
        f"{_API}/place.py",
        "    if block is None or cursor.final_block is None:\n",
        "    if False:\n",
        _PROTOCOL,
    ),
    (
        "API: refusals are problems",
        f"{_API}/app.py",
        "    app.add_exception_handler(RequestValidationError, _on_validation)\n",
        "",
        _PROTOCOL,
    ),
)
