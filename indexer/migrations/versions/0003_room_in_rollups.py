"""Room in the pages of the roll-ups: each range changes cells of the day, which then stay where they are."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

_ROLLUPS = ("rollup", "rollup_hour", "rollup_day_model", "rollup_day_payer")
_FILLED_PERCENT = 50


def upgrade() -> None:
    """Postgres updates in place, without touching the index, where a page has room; SQLite always does."""
    if op.get_bind().dialect.name == "postgresql":
        for name in _ROLLUPS:
            op.execute(f"ALTER TABLE {name} SET (fillfactor = {_FILLED_PERCENT})")
