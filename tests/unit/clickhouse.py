"""ClickHouse in this process, with the committed SQL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chdb import session as chdb

import indexer.export

SQL = Path(indexer.export.__file__).with_name("sql")
"""The committed SQL, a folder for each engine."""


class ClickHouse:
    """An engine whose data goes to a folder. Files come in several blocks, as large ones do."""

    def __init__(self, folder: Path) -> None:
        self._session = chdb.Session(str(folder))
        for setting in ("max_block_size = 2", "min_insert_block_size_rows = 2"):
            self.ask(f"SET {setting}")

    def run(self, name: str, **parameters: str) -> list[tuple[Any, ...]]:
        """The rows of one of the committed files."""
        return self.ask((SQL / "clickhouse" / f"{name}.sql").read_text(), **parameters)

    def ask(self, sql: str, **parameters: str) -> list[tuple[Any, ...]]:
        """The rows of the last statement."""
        rows: list[tuple[Any, ...]] = []
        for one in sql.split(";\n"):
            if one.strip():
                answer = self._session.query(one, "JSONCompact", params=parameters).bytes()
                rows = json.loads(answer)["data"] if answer else []
        return rows

    def load(self, lake: Path) -> None:
        """Each file of the manifests, with its hash as token."""
        verified = json.loads((lake / "manifest.json").read_text())["deployments"]
        recorded = json.loads((lake / "recorded" / "manifest.json").read_text())["streams"]
        files = [file for one in verified for some in one["ranges"] for file in some["files"]]
        for file in files + [some["file"] for one in recorded for some in one["ranges"]]:
            self.ask(f"SET insert_deduplication_token = '{file['sha256']}'")
            self.run("insert", table=file["table"], path=str(lake / file["path"]))

    def close(self) -> None:
        """Lets another engine be opened."""
        self._session.close()
