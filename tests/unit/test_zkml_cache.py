from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from prover.zkml.cache import MANIFEST_FILE, Step, exclusive, run_steps

TWO_SECONDS_ALONE = """
import sys, time
from pathlib import Path
from prover.zkml.cache import Step, exclusive, run_steps
folder = Path(sys.argv[1])
def make(target):
    time.sleep(1)
    (target / "out").write_text("made")
with exclusive(folder / "lock", lambda: print("waits")):
    run_steps(folder, [Step("out", (), ("out",), make)], print)
"""


class Workshop:
    """Three steps in a chain, the second of which ignores the details of its input."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.first = "1"
        self.made: list[str] = []

    def run(self) -> list[str]:
        self.made = []
        steps = [
            Step("first", (), ("a",), lambda target: self._write(target / "a", self.first)),
            Step("second", ("a",), ("b", "c"), self._second),
            Step("third", ("b",), ("d",), lambda target: self._write(target / "d", "end")),
        ]
        run_steps(self.folder, steps, lambda line: self.made.append(line.split(" … ")[0]))
        return self.made

    def _second(self, target: Path) -> None:
        self._write(target / "b", "same")
        self._write(target / "c", (self.folder / "a").read_text())

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.write_text(text)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def test_second_run_makes_nothing(workshop: Workshop) -> None:
    assert workshop.run() == ["first", "second", "third"]
    assert workshop.run() == []


@pytest.mark.parametrize(
    ("file", "remade"), [("a", ["first"]), ("b", ["second"]), ("c", ["second"]), ("d", ["third"])]
)
def test_damaged_file_is_made_again_and_no_other(workshop: Workshop, file: str, remade: list[str]) -> None:
    workshop.run()
    before = (workshop.folder / file).read_text()
    (workshop.folder / file).write_text("damaged")
    assert workshop.run() == remade
    assert (workshop.folder / file).read_text() == before


def test_missing_file_is_made_again(workshop: Workshop) -> None:
    workshop.run()
    (workshop.folder / "c").unlink()
    assert workshop.run() == ["second"]


def test_changed_result_remakes_what_depends_on_it(workshop: Workshop) -> None:
    workshop.run()
    workshop.first = "2"
    (workshop.folder / "a").unlink()
    assert workshop.run() == ["first", "second"]
    assert (workshop.folder / "c").read_text() == "2"


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"first": 1}', "\N{LATIN SMALL LETTER O WITH DIAERESIS}"]
)
def test_damaged_manifest_makes_all_again(workshop: Workshop, content: str) -> None:
    workshop.run()
    (workshop.folder / MANIFEST_FILE).write_text(content, encoding="latin-1")
    assert workshop.run() == ["first", "second", "third"]


def test_step_that_fails_leaves_nothing_behind(workshop: Workshop) -> None:
    def fail(target: Path) -> None:
        (target / "a").write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        run_steps(workshop.folder, [Step("first", (), ("a",), fail)], print)
    assert list(workshop.folder.iterdir()) == []


def test_leftovers_of_a_killed_process_are_removed(workshop: Workshop) -> None:
    (workshop.folder / "making-killed").mkdir()
    (workshop.folder / "making-killed" / "a").write_text("half")
    workshop.run()
    assert not (workshop.folder / "making-killed").exists()
    assert set(json.loads((workshop.folder / MANIFEST_FILE).read_text())) == {"first", "second", "third"}


def test_of_two_processes_one_works_and_one_waits(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TWO_SECONDS_ALONE, str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(process.communicate(timeout=30)[0] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert said[0].startswith("out … 1.")
    assert said[1] == "waits\n"


def test_lock_ends_with_the_context(tmp_path: Path) -> None:
    for _ in range(2):
        with exclusive(tmp_path / "lock", lambda: pytest.fail("the lock was kept")):
            pass
