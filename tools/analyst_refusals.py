"""What analysts' commands and labels refuse or keep: name, file, text that enforces it, its change, tests."""

from __future__ import annotations

_COMMANDS = "tests/unit/test_analyst_commands.py"
_DOCS = "tests/unit/test_indexer_docs.py"
_MONEY = "tests/unit/test_analytics_money.py"

CHECKS = (
    (
        "a metric that is not there",
        "indexer/commands/metrics.py",
        "    if name not in BY_NAME:\n",
        "    if False:\n",
        _COMMANDS,
    ),
    (
        "two forms at once",
        "indexer/reporting/forms.py",
        "    if len(chosen) > 1:\n",
        "    if False:\n",
        _COMMANDS,
    ),
    (
        "the SQL of no metric",
        "indexer/commands/metrics.py",
        '        raise UsageError("--sql prints the SQL of one metric: name it")\n',
        "        pass\n",
        _COMMANDS,
    ),
    (
        "rows that are neither raw nor strict",
        "indexer/commands/asking.py",
        "        if rows.name.lower() == name:\n",
        "        if True:\n",
        _COMMANDS,
    ),
    (
        "weeks that end on no Monday",
        "indexer/analytics/weeks.py",
        "    if day.weekday():\n",
        "    if False:\n",
        _COMMANDS,
    ),
    (
        "weeks that are not full and final",
        "indexer/commands/asking.py",
        "    if end > last:\n",
        "    if False:\n",
        _COMMANDS,
    ),
    (
        "a password in an analyst's command",
        "indexer/commands/asking.py",
        '    require_no_password("--database-url", database_url)\n',
        "",
        _COMMANDS,
    ),
    (
        "a report of nothing final",
        "indexer/analytics/analysis.py",
        "                if cursor is None or cursor.final_block is None:\n",
        "                if cursor is None:\n",
        _COMMANDS,
    ),
    (
        "a report that cannot be written",
        "indexer/reporting/page.py",
        "    except OSError as error:\n",
        "    except ZeroDivisionError as error:\n",
        _COMMANDS,
    ),
    (
        "a report without a browser",
        "indexer/reporting/pdf.py",
        "    if browser is None:\n",
        "    if False:\n",
        _COMMANDS,
    ),
    (
        "formulas in CSV",
        "indexer/analytics/writing.py",
        '        disarmed = f"\'{cell}" if cell.startswith(_FORMULA) else cell\n',
        "        disarmed = cell\n",
        "tests/unit/test_answer_writing.py",
    ),
    (
        "a command that reads without CSV",
        "indexer/commands/doctor.py",
        "    as_csv: AsCsv = False,\n",
        "    as_csv: bool = False,\n",
        _DOCS,
    ),
    (
        "a form that a section leaves out",
        "docs/indexer.md",
        "`--table` (the default), `--json`, or `--csv` with one line for each check.",
        "`--json` prints JSON.",
        _DOCS,
    ),
    (
        "pay addresses of a deployment that is followed",
        "indexer/sync.py",
        "            keep_origin(session, cursor.id, self._deployment)\n",
        "            pass\n",
        _MONEY,
    ),
    (
        "pay addresses of another factory",
        "indexer/pay_addresses.py",
        "    if session.get(PayAddressOriginRow, deployment_id) != origin:\n",
        "    if session.get(PayAddressOriginRow, deployment_id) is None:\n",
        _MONEY,
    ),
)
