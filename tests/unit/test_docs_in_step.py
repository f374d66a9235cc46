"""The documents and the three programs say the same: commands, options, settings, targets of make."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from indexer_command import Run
from typer.testing import CliRunner

from indexer.cli import app as indexer_app
from indexer.settings import IndexerSettings
from prover.cli import app as prover_app
from prover.model_cli import model
from prover.settings import ProverSettings
from veritally.cli import app as sdk_app

ROOT = Path(__file__).parents[2]
PAGES = {
    path.name: path.read_text(encoding="utf-8") for path in [*ROOT.glob("docs/*.md"), ROOT / "README.md"]
}
SOURCES = [
    path
    for folder in ("veritally", "prover", "indexer", "tools", "tests", "scripts", "deploy")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".py", ".sol", ".service", ".yaml", ".mjs") and path.name != Path(__file__).name
]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROGRAM = re.compile(r"^(?:\S*/)?(veritally(?:-prover|-indexer)?)$")
ENDS_A_COMMAND = {"|", ">", ">>", "2>", "#", "&&", "||", ";", "&", "<"}


def commands(group: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """All commands by program and words."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*before, name))
        else:
            yield (*before, name), command


GROUPS = {
    "veritally": typer.main.get_command(sdk_app),
    "veritally-prover": typer.main.get_command(prover_app),
    "veritally-indexer": typer.main.get_command(indexer_app),
}
COMMANDS = {
    (program, *words): command for program, group in GROUPS.items() for words, command in commands(group)
}
COMMANDS.pop(("veritally", "model"), None)  # stands there where no package that brings it is installed
COMMANDS |= {
    ("veritally", "model", *words): command for words, command in commands(typer.main.get_command(model))
}


def options_of(command: Any) -> set[str]:
    return {
        option
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("-")
    }


def shown_lines(text: str) -> Iterator[str]:
    """Lines that are to be typed, and code within sentences."""
    for kind, block in re.findall(r"```(\w*)\n(.*?)```", text, re.DOTALL):
        if kind in ("console", "bash"):
            joined = block.replace("\\\n", " ")
            marked = re.findall(r"^(?:\$ )(.+)$", joined, re.MULTILINE) if kind == "console" else None
            yield from joined.splitlines() if marked is None else marked
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def invocations(text: str) -> Iterator[list[str]]:
    """The words of each use of one of our programs, without what a shell makes of it."""
    for line in shown_lines(text):
        words = re.split(r"\s+", line.strip())
        starts = [
            number
            for number, word in enumerate(words)
            if PROGRAM.match(word) and not (number and words[number - 1].startswith("--"))
        ]
        for start in starts:
            end = next(
                (n for n, word in enumerate(words) if n > start and word in ENDS_A_COMMAND), len(words)
            )
            program = PROGRAM.match(words[start])
            assert program
            yield [program[1], *(word.rstrip(";,.:)") for word in words[start + 1 : end])]


SHOWN = [(page, words) for page, text in PAGES.items() for words in invocations(text)]


def command_of(words: list[str]) -> tuple[str, ...] | None:
    """The longest command that words begin with; options of a program stand before its command."""
    plain = [words[0], *(word for word in words[1:] if not word.startswith("-") and "=" not in word)]
    return next((tuple(plain[:n]) for n in range(len(plain), 1, -1) if tuple(plain[:n]) in COMMANDS), None)


def test_programs_are_shown() -> None:
    assert {words[0] for _, words in SHOWN} == set(GROUPS)
    assert len(SHOWN) > 100


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_options_that_a_page_names_exist(page: str) -> None:
    for found, words in SHOWN:
        if found != page or len(words) == 1 or not re.match(r"[a-z-]", words[1]):
            continue
        options = {word.split("=")[0] for word in words[1:] if re.match(r"--[a-z]", word)}
        command = command_of(words)
        if command is None:
            group = options <= options_of(GROUPS[words[0]]) | {"--help"}
            assert group, f"{page}: no command {' '.join(words)}"
            names = {name[: len(words)] for name in COMMANDS}
            assert words[1].startswith("-") or tuple(words) in names, f"{page}: no command {' '.join(words)}"
            continue
        known = options_of(COMMANDS[command]) | options_of(GROUPS[words[0]]) | {"--help"}
        assert options <= known, f"{page}: {' '.join(words)} has no {options - known}"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_and_option_is_in_the_documents(command: tuple[str, ...]) -> None:
    name = " ".join(command)
    pages = [text for text in PAGES.values() if re.search(rf"{name}(?![\w-])", text)]
    assert pages, f"no page names {name}"
    for option in options_of(COMMANDS[command]) - {"--help"}:
        assert any(re.search(rf"(?<![\w-]){option}(?![\w-])", text) for text in pages), (
            f"{option} is on no page with {name}"
        )


def test_variables_that_the_pages_name_exist() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES) + MAKEFILE
    settings = {f"VERITALLY_INDEXER_{name.upper()}" for name in IndexerSettings.model_fields}
    settings |= {f"VERITALLY_PROVER_{name.upper()}" for name in ProverSettings.model_fields}
    for page, text in PAGES.items():
        for variable in re.findall(r"\bVERITALLY_[A-Z_0-9]*[A-Z0-9]\b", text):
            if f"{variable}_*" in text or f"{variable}_`" in text:
                continue  # a prefix
            assert variable in settings or re.search(rf"\b{variable}\b", code), f"{page}: {variable}"


def test_every_setting_is_in_the_documents() -> None:
    every = "\n".join(PAGES.values())
    for prefix, settings in (("INDEXER", IndexerSettings), ("PROVER", ProverSettings)):
        for name in settings.model_fields:
            assert f"VERITALLY_{prefix}_{name.upper()}" in every


@pytest.mark.parametrize("page", ["index.md", "indexer.md", "operate.md", "prover.md"])
def test_keys_of_config_files_that_a_page_shows_exist(page: str) -> None:
    known = IndexerSettings.model_fields.keys() | ProverSettings.model_fields.keys()
    for block in re.findall(r"```toml\n(.*?)```", PAGES[page], re.DOTALL):
        top = {key for key, value in tomllib.loads(block).items() if not isinstance(value, (dict, list))}
        assert top <= known, top - known


@pytest.mark.parametrize("page", PAGES)
def test_targets_of_make_that_a_page_names_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    for line in shown_lines(PAGES[page]):
        for target in re.findall(r"^make ([a-z-]+)", line):
            assert target in targets, f"{page}: make {target}"


@pytest.mark.parametrize("page", PAGES)
def test_files_that_a_page_links_to_exist(page: str) -> None:
    folder = ROOT if page == "README.md" else ROOT / "docs"
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", PAGES[page]):
        if "://" not in target and not target.startswith("mailto:"):
            assert (folder / target).exists(), target


NOT_HERE = {"run", "serve", "chaos", "import"}
"""Commands that do not end by themselves, or ask another network."""
MAY_FAIL = {"doctor", "status"}
"""Commands whose exit code is about the chain, which is another one here."""


@pytest.mark.parametrize("page", ["index.md", "indexer.md", "scale.md", "verify.md"])
def test_commands_of_the_indexer_run_as_shown(page: str, run: Run, chain: Any) -> None:
    chain.final = len(chain.blocks) - 1
    lines = re.findall(r"^\$ veritally-indexer (.+)$", PAGES[page], re.MULTILINE)
    assert run("sync", "--once")[0] == 0
    ran = 0
    for line in dict.fromkeys(lines):
        words = shlex.split(re.split(r" [#>|] ?", line)[0])
        if words[0] in NOT_HERE:
            continue
        code, _, error = run(*words)
        assert "Traceback" not in error
        assert code == 0 or words[0] in MAY_FAIL, (line, error)
        ran += 1
    assert ran


def test_documents_of_enclaves_are_read_as_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"^\$ veritally (attestation (?:inspect|verify) .+)$", PAGES["tee.md"], re.MULTILINE)
    offline = [line for line in blocks if "--onchain" not in line]
    assert len(offline) >= 4
    for line in offline:
        result = CliRunner().invoke(sdk_app, shlex.split(line))
        shown = PAGES["tee.md"].split(f"$ veritally {line}\n")[1].split("```")[0]
        first = shown.splitlines()[0].split("…")[0].strip()
        assert first in f"{result.output}veritally: {result.exception}", (line, first)
