"""The statements that make the views, for either database."""

from __future__ import annotations

from importlib import resources

from jinja2 import BaseLoader, Environment

VIEWS = (
    "deployments",
    "settled",
    "settled_final",
    "payer_week",
    "tallies",
    "models",
    "enclaves",
    "routes",
    "groups",
    "skipped",
    "refunds",
    "recorded",
    "incidents",
)
"""In the order of docs/sql.md; a view that reads another one comes behind it."""


def statements(dialect: str) -> list[str]:
    """One `CREATE VIEW` for each view; `dialect` is sqlite or postgresql."""
    environment = Environment(loader=BaseLoader(), autoescape=False)  # noqa: S701  it makes SQL, not HTML
    text = environment.from_string(_text(dialect) + _text("views")).render()
    return [statement.strip() for statement in text.split(";\n") if statement.strip()]


def _text(name: str) -> str:
    """A file of sql/."""
    return resources.files("indexer.public_v1").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
