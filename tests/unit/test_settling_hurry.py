from __future__ import annotations

from prover.settling.hurry import Hurry


def test_the_end_of_one_does_not_end_the_other() -> None:
    hurry = Hurry()
    assert not hurry.is_wanted
    with hurry:
        with hurry:
            assert hurry.is_wanted
        assert hurry.is_wanted
    assert not hurry.is_wanted
