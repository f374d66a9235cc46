"""What Prometheus may scrape. Docs: docs/indexer.md."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

_OF = ("chain_id", "settlement")

LAG_BLOCKS = Gauge("indexer_lag_blocks", "Blocks of the chain that are not indexed yet", _OF)
LAG_SECONDS = Gauge("indexer_lag_seconds", "Seconds that the database is behind the chain", _OF)
BLOCK = Gauge("indexer_block", "Last indexed block", _OF)
FINAL_BLOCK = Gauge("indexer_final_block", "Last indexed block that no reorganisation reaches", _OF)
EVENTS = Counter("indexer_events", "Events that were stored", _OF)
REORGS = Counter("indexer_reorgs", "Reorganisations that were followed", _OF)
TALLY_MISMATCH = Gauge("indexer_tally_mismatch", "1 while the contract counts otherwise", _OF)
INCIDENTS = Counter("indexer_incidents", "Incidents on record in the database", _OF)
OPEN_INCIDENTS = Gauge("indexer_open_incidents", "Incidents that were not put right", _OF)
VERIFIED_AT = Gauge("indexer_last_verification_timestamp_seconds", "Unix time of the last `verify`", _OF)
VERIFIED_BLOCK = Gauge("indexer_last_verification_block", "Block up to which it went", _OF)
VERIFICATION_OK = Gauge("indexer_last_verification_ok", "1 when it found all as on the chain", _OF)
RPC_ERRORS = Counter("indexer_rpc_errors", "Requests that a node did not answer as it should", ("endpoint",))
