"""`export --check` names what is damaged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from exported import LAKE, chain_of_all_events, files_of
from indexer_chain import RecordedChain
from indexer_command import Run, sentence


@pytest.fixture
def chain() -> RecordedChain:
    chain = chain_of_all_events()
    chain.final = 9
    return chain


@pytest.fixture
def lake(run: Run) -> Path:
    run("sync", "--once")
    run("export", "--to", "lake", "--blocks-per-file", "4")
    return LAKE


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("damage", "problem"),
    [(_flip, "has another SHA-256"), (_cut, " bytes, not "), (Path.unlink, "is missing")],
)
def test_damaged_files_are_named(run: Run, lake: Path, damage: Callable[[Path], None], problem: str) -> None:
    first, second, _ = files_of("inference")
    damage(second)
    code, out, err = run("export", "--check", "lake")
    assert (code, out) == (1, "")
    assert problem in sentence(err)
    assert str(second.relative_to(lake)) in err
    assert str(first.relative_to(lake)) not in err


def test_a_whole_export(run: Run, lake: Path) -> None:
    code, out, err = run("export", "--check", "lake")
    assert (code, err) == (0, "")
    (deployment,) = json.loads((lake / "manifest.json").read_text())["deployments"]
    assert f"{sum(f['rows'] for r in deployment['ranges'] for f in r['files'])} rows up to block 9 " in out
    assert out.endswith(f"export digest {deployment['ranges'][-1]['export_digest']}\n")


def _edited(lake: Path, edit: Callable[[list[dict[str, object]]], None]) -> None:
    manifest = json.loads((lake / "manifest.json").read_text())
    edit(manifest["deployments"][0]["ranges"])
    (lake / "manifest.json").write_text(json.dumps(manifest))


def test_content_that_is_not_the_manifests(run: Run, lake: Path) -> None:
    def edit(ranges: list[dict[str, object]]) -> None:
        ranges[1]["files"][0]["content_sha256"] = "00" * 32

    _edited(lake, edit)
    code, _, err = run("export", "--check", "lake")
    assert code == 1
    assert "has another content than the manifest says" in sentence(err)
    assert "the manifest's export_digest of blocks 4 to 7 does not fit" in err


def test_a_range_that_was_taken_out_of_the_manifest(run: Run, lake: Path) -> None:
    _edited(lake, lambda ranges: ranges.pop(1))
    code, _, err = run("export", "--check", "lake")
    assert code == 1
    assert "the manifest's export_digest of blocks 8 to 9 does not fit" in sentence(err)


def test_no_export(run: Run) -> None:
    code, _, err = run("export", "--check", "nowhere")
    assert code == 3
    assert "nowhere holds no export" in sentence(err)
