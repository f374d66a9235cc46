"""What all commands share: the options before the command's name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer

from prover.config import Configuration, load_configuration
from prover.operations.logs import configure_logs


@dataclass(frozen=True)
class Invocation:
    """The options that stand before the name of a command."""

    config: Path | None
    options: dict[str, str]

    @classmethod
    def of(cls, config: Path | None, assignments: list[str]) -> Invocation:
        """From `--config FILE` and any number of `--set NAME=VALUE`.

        Raises:
            BadParameter: a setting has no value.
        """
        options = {}
        for text in assignments:
            name, equals, value = text.partition("=")
            if not equals:
                raise typer.BadParameter(f"{text!r}: write it as NAME=VALUE, for example port=9000")
            options[name.strip().lower()] = value
        return cls(config, options)


def configure(context: typer.Context, **options: object) -> Configuration:
    """The configuration of a command, whose own options count most. From here on log lines are redacted.

    Raises:
        SettingError: see `load_configuration`.
    """
    invocation: Invocation = context.obj
    given = {name: value for name, value in options.items() if value is not None}
    configuration = load_configuration(invocation.config, {**invocation.options, **given})
    configure_logs(configuration.settings)
    return configuration
