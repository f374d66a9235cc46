"""Options of the commands that answer from full and final weeks, and what they mean."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from indexer.analytics.analysis import Analysis
from indexer.analytics.metric import Rows
from indexer.analytics.weeks import Window, monday_of, week_of_monday
from indexer.database import Database
from indexer.errors import SettingsError
from indexer.settings import load_settings, require_no_password
from veritally.deployment import Deployment

Weeks = Annotated[int, typer.Option(min=1, max=520, help="Weeks to answer about, and to compare with.")]
Until = Annotated[
    str | None,
    typer.Option(help="Monday before which they end, as YYYY-MM-DD. [default: the last possible one]"),
]
OneDeployment = Annotated[
    Path | None, typer.Option("--deployment", help="Which one, when the database holds several deployments.")
]


def open_database(config: Path | None, database_url: str | None) -> Database:
    """The database that is set.

    Raises:
        SettingsError: a setting is unusable.
    """
    require_no_password("--database-url", database_url)
    return Database(load_settings(config, database_url=database_url).database_url.get_secret_value())


def open_analysis(database: Database, deployment: Path | None) -> Analysis:
    """The analysis of a deployment, loaded.

    Raises:
        NothingIndexedError: nothing is final yet.
        UnknownDeploymentError: it is not clear which deployment is meant.
    """
    return Analysis(database, None if deployment is None else Deployment.load(deployment))


def window_of(analysis: Analysis, weeks: int, until: str | None) -> Window:
    """The weeks that are asked about.

    Raises:
        SettingsError: `until` is no Monday, or the weeks before it are not all full and final.
    """
    if until is None:
        return analysis.window(weeks)
    try:
        end = week_of_monday(date.fromisoformat(until))
    except ValueError as error:
        raise SettingsError("--until", f"{error}; name a Monday as YYYY-MM-DD") from None
    last = analysis.state.end_week
    if end > last:
        raise SettingsError(
            "--until", f"weeks are full and final before {monday_of(last)} only; name no later Monday"
        )
    return analysis.window(weeks, end)


def rows_of(name: str) -> Rows:
    """The rows that count.

    Raises:
        SettingsError: it is neither raw nor strict.
    """
    for rows in Rows:
        if rows.name.lower() == name:
            return rows
    raise SettingsError("--rows", f"{name} is neither raw nor strict")
