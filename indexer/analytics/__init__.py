"""Answers for analysts: what `docs/metrics.md` defines, computed in SQL from sums per payer and week."""
