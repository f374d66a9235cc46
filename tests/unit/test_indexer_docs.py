"""Documentation, help, commands, settings and metrics of the indexer say the same."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from indexer_chain import RecordedChain
from indexer_command import Run
from prometheus_client import Counter
from prometheus_client.metrics import MetricWrapperBase

from indexer import metrics
from indexer.cli import app
from indexer.database import Database
from indexer.recorded.tables import RecordedSourceRow
from indexer.settings import CONFIG_VARIABLE, IndexerSettings, option_of, variable_of

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs" / "indexer.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
UNIT = (ROOT / "deploy" / "systemd" / "veritally-indexer.service").read_text(encoding="utf-8")
SETTINGS = list(IndexerSettings.model_fields)


def commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """All commands by full name."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


COMMANDS = dict(commands(typer.main.get_command(app)))
GROUPS = {name.split()[0] for name in COMMANDS if " " in name}


def options_of(command: Any) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts if option.startswith("-")}


def shown_default(setting: str) -> str:
    """The default as documentation and help write it."""
    default = getattr(IndexerSettings(), setting)
    if setting == "database_url":
        return str(default.get_secret_value())
    if isinstance(default, tuple):
        return str(default[0])
    if isinstance(default, float):
        return f"{default:g}"
    return "closed" if default is None else str(default)


def test_each_command_has_a_section_and_no_other() -> None:
    sections = re.findall(r"^### `veritally-indexer ([^`]+)`$", REFERENCE, re.MULTILINE)
    assert sorted(sections) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_that_works(name: str) -> None:
    found = re.search(r"^Example: veritally-indexer (.+)$", COMMANDS[name].help or "", re.MULTILINE)
    assert found
    words = shlex.split(found[1])
    assert " ".join(words).startswith(name)
    COMMANDS[name].make_context(name, words[len(name.split()) :]).close()


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_is_documented_and_has_help(name: str) -> None:
    for parameter in COMMANDS[name].params:
        assert getattr(parameter, "help", None) or parameter.name == "help", parameter.name
    for option in options_of(COMMANDS[name]) - {"--help"}:
        assert re.search(rf"{option}\b", REFERENCE), option


NOT_READING = {"run", "serve", "sync", "export", "chaos", "config init"}
"""Commands that do something instead of showing what there is. Every other command reads."""
READING = sorted(COMMANDS.keys() - NOT_READING)
FORMS = ("--table", "--json", "--csv")
NEEDED = {
    "import opengradient": ["--chain-id", "1"],
    "import x402": ["--chain-id", "1", "--asset", "0x", "--pay-to", "0x"],
}
"""What a command cannot do without."""


SOURCE = {
    "id": 1,
    "chain_id": 10_740,
    "kind": "opengradient",
    "contract": bytes(20),
    "payee": b"",
    "first_block": 1,
    "next_block": 1,
    "other_logs": 0,
}
"""What `import show` sums up; the other imports write as it does."""


def test_there_are_commands_that_read() -> None:
    assert set(COMMANDS) > NOT_READING
    assert {"tallies", "report", "metrics", "status", "doctor", "verify", "config show"} < set(READING)


@pytest.mark.parametrize("name", READING)
def test_each_command_that_reads_has_all_forms(name: str, run: Run) -> None:
    assert set(FORMS) <= options_of(COMMANDS[name])
    section = REFERENCE.split(f"### `veritally-indexer {name}`\n")[1].split("\n### ")[0]
    for form in FORMS:
        assert re.search(rf"{form}\b", section), (name, form)
    for one, other in itertools.combinations(FORMS, 2):
        code, out, error = run(*name.split(), *NEEDED.get(name, []), one, other)
        assert (code, out) == (2, "")
        assert re.search(r"give only one of --table, --json(,| and) --csv", error)


@pytest.mark.parametrize("name", [n for n in READING if not n.startswith("import ") or n == "import show"])
def test_each_form_is_what_its_option_says(name: str, run: Run, chain: RecordedChain) -> None:
    chain.final = len(chain.blocks) - 1
    assert run("sync", "--once")[0] == 0
    with Database("sqlite:///veritally-indexer.db").writing() as session:
        session.add(RecordedSourceRow(**SOURCE))
    texts = [run(*name.split(), *form)[1] for form in ([], *zip(FORMS, strict=True))]
    as_text, as_table, as_json, as_csv = texts
    assert re.sub(r"\d", "", as_text) == re.sub(r"\d", "", as_table)
    assert json.loads(as_json)
    header, *lines = csv.reader(io.StringIO(as_csv))
    assert len(header) > 2
    assert lines
    assert {len(line) for line in lines} == {len(header)}


def test_every_setting_is_in_the_table_with_option_and_default() -> None:
    row = r"^\| `(VERITALLY_INDEXER_\w+)` \| `(--[a-z-]+)` \| `?([^|`]+)`? \| .+ \|$"
    rows = re.findall(row, REFERENCE, re.MULTILINE)
    assert rows == [(variable_of(name), option_of(name), shown_default(name)) for name in SETTINGS]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_states_the_defaults(name: str) -> None:
    for parameter in COMMANDS[name].params:
        stated = re.search(r"\[default: (.+)\]", getattr(parameter, "help", None) or "")
        for setting in SETTINGS:
            if stated and option_of(setting) in parameter.opts:
                assert stated[1] == shown_default(setting)


def test_every_metric_is_documented_and_no_other() -> None:
    ours = [metric for metric in vars(metrics).values() if isinstance(metric, MetricWrapperBase)]
    names = {m.describe()[0].name + ("_total" if isinstance(m, Counter) else "") for m in ours}
    section = REFERENCE.split("### Metrics and probes")[1].split("\n### ")[0]
    assert set(re.findall(r"`(indexer_\w+)`", section)) == names


@pytest.mark.parametrize("text", [GUIDE, REFERENCE, UNIT], ids=["guide", "reference", "unit"])
def test_commands_that_are_shown_exist(text: str) -> None:
    shown = re.findall(r"(?:\$ |`|ExecStart=\S*/)veritally-indexer ([^\n`;|]+)", text)
    assert shown
    for line in shown:
        words = re.split(r" [#>] ", line)[0].split()
        name = " ".join(words[:2]) if words[0] in GROUPS else words[0]
        assert name in COMMANDS, line
        assert {word for word in words if word.startswith("--")} <= options_of(COMMANDS[name]), line


def test_unit_names_settings_that_exist() -> None:
    variables = re.findall(r"^Environment=(\w+)=", UNIT, re.MULTILINE)
    assert variables
    assert set(variables) <= {CONFIG_VARIABLE, *map(variable_of, SETTINGS)}


@pytest.mark.parametrize("text", [GUIDE, REFERENCE], ids=["guide", "reference"])
def test_links_lead_somewhere(text: str) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]+))?\)", text):
        page = text if not target else (ROOT / "docs" / target).read_text(encoding="utf-8")
        headings = re.findall(r"^##+ (.+)$", page, re.MULTILINE)
        anchors = {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert not anchor or anchor in anchors, (target, anchor)
