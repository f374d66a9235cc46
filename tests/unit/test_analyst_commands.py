"""`metrics` and `report` on a database of twelve weeks, and the notebook that finds their numbers again."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from comparing import plainly_equal
from indexed import indexer_of
from indexer_chain import RecordedChain, serve
from market_chain import MONDAY_S, WEEKS, market_chain
from rich.console import Console

from indexer.analytics.analysis import Analysis
from indexer.analytics.catalogue import BY_NAME
from indexer.analytics.cube import sql
from indexer.analytics.metric import METHODOLOGY, Rows
from indexer.analytics.verdict import VerdictWord
from indexer.analytics.weeks import week_of
from indexer.cli import main
from indexer.commands import metrics as metrics_module
from indexer.database import Database
from indexer.reporting.overview import read_overview, to_document
from indexer.reporting.pdf import BROWSERS
from indexer.reporting.sparkline import sparkline
from indexer.reporting.terminal import print_overview
from indexer.rpc import JsonRpc
from indexer.sync import Indexer

ROOT = Path(__file__).parents[2]
END_WEEK = week_of(MONDAY_S) + WEEKS

Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `market.db`."""
    folder, chain = tmp_path_factory.mktemp("market"), market_chain()
    with serve(chain) as url:
        indexer_of(chain, JsonRpc(url), folder / "market.db").sync_once()
    return folder


@pytest.fixture
def ask(market: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Runs a command on that database: exit code, output, errors."""
    monkeypatch.chdir(market)
    monkeypatch.setenv("VERITALLY_INDEXER_DATABASE_URL", f"sqlite:///{market}/market.db")
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            main(arguments)
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture(scope="module")
def loaded(market: Path) -> Analysis:
    return Analysis(Database(f"sqlite:///{market}/market.db"))


@pytest.fixture
def ask_loaded(ask: Ask, loaded: Analysis, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """The same without loading the weeks anew for each command."""
    monkeypatch.setattr(metrics_module, "open_analysis", lambda *_: loaded)
    return ask


def test_all_metrics_are_listed(ask: Ask) -> None:
    code, out, _ = ask("metrics", "--json")
    listed = json.loads(out)
    assert (code, listed["methodology"]) == (0, METHODOLOGY)
    assert [metric["name"] for metric in listed["metrics"]] == list(BY_NAME)
    assert all(metric["formula"] and metric["columns"] for metric in listed["metrics"])
    _, table, _ = ask("metrics")
    _, lines, _ = ask("metrics", "--csv")
    assert [row["name"] for row in csv.DictReader(io.StringIO(lines))] == list(BY_NAME)
    assert all(name in table for name in BY_NAME)


@pytest.mark.parametrize("name", BY_NAME)
def test_each_metric_is_the_same_in_all_forms(ask_loaded: Ask, name: str) -> None:
    code, out, error = ask_loaded("metrics", name, "--json")
    assert (code, error) == (0, "")
    found = json.loads(out)
    columns = [column.name for column in BY_NAME[name].columns]
    assert [column["name"] for column in found["columns"]] == columns
    assert found["metric"]["name"] == name
    assert (found["methodology"], found["chain_id"]) == (METHODOLOGY, 31337)
    assert found["window"] == {"from": "2025-10-27", "until": "2025-11-24", "weeks": 4}
    assert found["before"] == {"from": "2025-09-29", "until": "2025-10-27", "weeks": 4}
    lines = list(csv.DictReader(io.StringIO(ask_loaded("metrics", name, "--csv")[1])))
    assert len(lines) == len(found["rows"])
    assert all(list(line) == columns for line in lines)
    code, table, _ = ask_loaded("metrics", name)
    assert code == 0
    assert BY_NAME[name].question in table


@pytest.mark.parametrize("name", BY_NAME)
def test_sql_is_that_of_the_files(ask: Ask, name: str) -> None:
    code, out, _ = ask("metrics", name, "--sql")
    assert code == 0
    assert BY_NAME[name].sql
    for file in BY_NAME[name].sql:
        assert sql(file).strip() in out


def test_weeks_and_rows_are_chosen(ask: Ask) -> None:
    arguments = "--weeks", "2", "--until", "2025-10-27", "--rows", "strict", "--json"
    found = json.loads(ask("metrics", "count-share", *arguments)[1])
    assert found["window"] == {"from": "2025-10-13", "until": "2025-10-27", "weeks": 2}
    assert found["rows_counted"] == "strict"
    assert found["as_of"]["finality"] == "final"
    arguments = "--weeks", "12", "--rows", "strict", "--json"
    weekly = json.loads(ask("metrics", "weekly-count-share", *arguments)[1])
    both = [row for row in weekly["rows"] if row["week"] in ("2025-10-13", "2025-10-20")]
    assert sum(row["inferences"] for row in both) == sum(row["inferences"] for row in found["rows"]) > 0
    raw = json.loads(ask("metrics", "count-share", "--weeks", "2", "--until", "2025-10-27", "--json")[1])
    self_and_captive = 14 * 4
    assert sum(row["inferences"] for row in raw["rows"]) == self_and_captive + sum(
        row["inferences"] for row in found["rows"]
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["capped-shares"], "there is no metric capped-shares; the nearest is capped-share"),
        (["capped-share", "--json", "--csv"], "give only one of --table, --json, --csv and --sql"),
        (["--sql"], "--sql prints the SQL of one metric: name it"),
        (["capped-share", "--rows", "all"], "--rows: all is neither raw nor strict"),
        (["capped-share", "--until", "2025-10-28"], "--until: 2025-10-28 is no Monday; name a Monday as"),
        (["capped-share", "--until", "soon"], "name a Monday as YYYY-MM-DD"),
        (["capped-share", "--until", "2025-12-01"], "weeks are full and final before 2025-11-24 only"),
    ],
)
def test_what_cannot_be_asked_is_refused(ask: Ask, arguments: list[str], says: str) -> None:
    code, out, error = ask("metrics", *arguments)
    assert (code, out) == (2, "")
    assert error.startswith("veritally-indexer: ")
    assert says in error
    assert error.count("\n") == 1


def test_password_on_the_command_line_is_refused(ask: Ask) -> None:
    for command in (["metrics", "count-share"], ["report"]):
        code, _, error = ask(*command, "--database-url", "postgresql+psycopg://me:secret@host/db")
        assert code == 2
        assert "secret" not in error


def test_report_in_json_holds_every_number(ask: Ask) -> None:
    code, out, error = ask("report", "--json")
    assert (code, error) == (0, "")
    found = json.loads(out)
    assert found["verdict"] == "growing"
    assert 30 < found["n_eff"] < 40
    assert found["verdicts"]["raw"]["word"] == found["verdict"]
    assert found["n_eff"] == min(found["verdicts"]["raw"][f"n_eff_{when}"] for when in ("before", "now"))
    parts = found["verdicts"]["raw"]["parts"]
    assert sum(parts.values()) == pytest.approx(found["verdicts"]["raw"]["delta"], abs=1e-12)
    assert set(found["metrics"]) == set(BY_NAME)
    for rows in ("raw", "strict"):
        one = json.loads(ask("metrics", "capped-share", "--rows", rows, "--json")[1])
        assert found["metrics"]["capped-share"][rows] == one["rows"]
    assert (found["as_of"]["block"], found["as_of"]["time"]) == (89, "2025-11-24T00:00:00Z")


def test_report_in_csv_holds_every_number_on_a_line(ask: Ask) -> None:
    metrics = json.loads(ask("report", "--json")[1])["metrics"]
    lines = list(csv.DictReader(io.StringIO(ask("report", "--csv")[1])))
    expected = [
        (name, rows, str(index), column, value)
        for name, metric in metrics.items()
        for rows in ("strict", "raw")
        for index, row in enumerate(metric[rows])
        for column, value in row.items()
    ]
    found = [(*(line[name] for name in ("metric", "rows", "row", "column")), line["value"]) for line in lines]
    assert sorted(line[:4] for line in found) == sorted(line[:4] for line in expected)
    values = {line[:4]: line[4] for line in found}
    for *place, value in expected:
        written = values[tuple(place)]
        assert written == ("" if value is None else value if isinstance(value, str) else json.dumps(value))


def test_report_is_the_same_from_postgres(ask: Ask, postgres_url: str) -> None:
    chain = market_chain()
    with serve(chain) as url:
        indexer = Indexer(JsonRpc(url), Database(postgres_url), chain.deployment, 1000)
        indexer.open()
        indexer.sync_once()
    ours, theirs = (
        json.loads(ask("report", "--json", *where)[1]) for where in ([], ["--database-url", postgres_url])
    )
    assert plainly_equal(ours, theirs)


def test_report_fits_a_terminal(ask: Ask) -> None:
    code, out, error = ask("report")
    assert (code, error) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out
    about_the_verdict = out.split("guarantees growing?\n")[1].split("\n\n")[0].splitlines()
    assert len(about_the_verdict) >= 7
    assert all(line.startswith("  ") for line in about_the_verdict)


def test_report_shows_the_numbers(ask: Ask) -> None:
    out = ask("report")[1]
    found = json.loads(ask("report", "--json")[1])
    for row in found["metrics"]["count-share"]["raw"]:
        shown = f"{100 * row['share']:.1f} % ({100 * row['low']:.0f}-{100 * row['high']:.0f})"
        assert re.search(rf"^{row['tier']} +{row['inferences']:,} +{re.escape(shown)}", out, re.MULTILINE)
    verdict = found["verdicts"]["raw"]
    assert re.search(rf"^  raw +{verdict['word']}$", out, re.MULTILINE)
    text = " ".join(out.split())
    assert verdict["reason"] in text
    assert f"effective payers {verdict['n_eff_before']:.1f} before, {verdict['n_eff_now']:.1f} now" in text
    assert f"switching {100 * verdict['parts']['switching']:+.1f}" in text
    assert re.search(r"by week, capped: [▁▂▃▄▅▆▇█·]{12} ", text)


def test_colour_is_for_terminals_only(loaded: Analysis) -> None:
    text = io.StringIO()
    print_overview(read_overview(loaded), Console(file=text, force_terminal=True, color_system="truecolor"))
    assert re.search(r"\x1b\[1;32mgrowing\x1b", text.getvalue())


@pytest.fixture
def young(chain: RecordedChain, rpc: JsonRpc, path: Path) -> str:
    """The URL of a database of one day."""
    chain.final = len(chain.blocks) - 1
    indexer_of(chain, rpc, path).sync_once()
    return f"sqlite:///{path}"


def test_before_the_first_full_week_the_report_says_so(ask: Ask, young: str) -> None:
    code, out, error = ask("report", "--database-url", young)
    assert (code, error) == (0, "")
    text = " ".join(out.split())
    assert "No full week yet: the first shares appear when a block from 2025-12-01 on is final." in text
    assert "raw and strict not enough independent payers Only 0 of the 8 needed weeks" in text
    assert "asked for" not in text
    found = json.loads(ask("report", "--json", "--database-url", young)[1])
    assert (found["verdict"], found["n_eff"]) == ("not enough independent payers", None)


def test_without_a_final_block_there_is_no_report(
    ask: Ask, chain: RecordedChain, rpc: JsonRpc, path: Path
) -> None:
    indexer_of(chain, rpc, path).sync_once()
    for command in (["report"], ["metrics", "count-share"]):
        code, out, error = ask(*command, "--database-url", f"sqlite:///{path}")
        assert (code, out) == (3, "")
        assert "holds nothing final yet" in error


def test_verdicts_that_differ_are_both_shown(loaded: Analysis) -> None:
    overview = read_overview(loaded)
    other = replace(overview.verdicts[Rows.STRICT], word=VerdictWord.NO_CLEAR_CHANGE)
    differing = replace(overview, verdicts={Rows.RAW: overview.verdicts[Rows.RAW], Rows.STRICT: other})
    text = io.StringIO()
    print_overview(differing, Console(file=text, width=80))
    assert re.search(r"^  raw +growing$", text.getvalue(), re.MULTILINE)
    assert re.search(r"^  strict +no clear change$", text.getvalue(), re.MULTILINE)
    assert "The two differ" in text.getvalue()
    assert to_document(differing)["verdicts_differ"] is True


def test_page_is_one_file_without_the_network(ask: Ask, tmp_path: Path) -> None:
    code, out, error = ask("report", "--html", str(tmp_path / "report.html"))
    assert (code, out, error) == (0, "", "")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<style" in page
    assert "growing" in page
    targets = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert [target for target in targets if "//" in target or target.endswith(".css")] == []
    assert not re.search(r"<(script|link|iframe|object)\b[^>]*(src|href)=\"(?!data:)", page)


@pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="no Chromium")
def test_page_is_printed(ask: Ask, tmp_path: Path) -> None:
    code, out, error = ask("report", "--pdf", str(tmp_path / "report.pdf"), "--json")
    assert (code, error) == (0, "")
    assert json.loads(out)["verdict"] == "growing"
    printed = (tmp_path / "report.pdf").read_bytes()
    assert printed.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) >= 2


def test_without_a_browser_nothing_is_printed(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, out, error = ask("report", "--pdf", str(tmp_path / "report.pdf"))
    assert (code, out) == (3, "")
    assert "no Chromium is installed; install Chromium (on Debian: apt-get install chromium)" in error
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    code, _, error = ask("report", "--pdf", str(tmp_path / "report.pdf"))
    assert code == 3
    assert "did not print (CalledProcessError)" in error
    assert not (tmp_path / "report.pdf").exists()


def test_files_that_cannot_be_written_are_named(ask: Ask, tmp_path: Path) -> None:
    code, _, error = ask("report", "--html", str(tmp_path / "no" / "report.html"))
    assert code == 2
    assert "report.html: cannot be written: No such file or directory" in error


def test_sparkline() -> None:
    assert sparkline([0.0, 0.5, None, 1.0]) == "▁▅·█"
    assert sparkline([0.0, 0.0]) == "▁▁"
    assert sparkline([0.0, 1.0, 4.0]) == "▁▃█"
    assert sparkline([]) == ""
