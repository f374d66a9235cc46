"""Where settings come from: options, then the environment, then the config file, then the defaults."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource

from prover.errors import SettingError
from prover.settings import PREFIX, ProverSettings

CONFIG_FILE = Path("veritally-prover.toml")
"""Read when it is there and no other file is named."""
CONFIG_VARIABLE = PREFIX + "CONFIG"
SECRETS = frozenset({"rpc_url", "fallback_rpc_urls", "database_url"})
"""Settings whose values may hold keys or passwords."""
_PATHS = frozenset(
    name for name, field in ProverSettings.model_fields.items() if "Path" in str(field.annotation)
)


class Source(StrEnum):
    """Where the value of a setting comes from."""

    OPTION = "option"
    ENVIRONMENT = "environment"
    FILE = "file"
    DEFAULT = "default"


@dataclass(frozen=True)
class Configuration:
    """The settings that count, and where each of them comes from."""

    settings: ProverSettings
    file: Path | None
    sources: Mapping[str, Source]

    def shown(self) -> list[tuple[str, str, Source]]:
        """Name, value and source of every setting. What may hold a key or password is masked."""
        return [
            (name, self._shown_value(name), self.sources[name]) for name in type(self.settings).model_fields
        ]

    def _shown_value(self, name: str) -> str:
        value = getattr(self.settings, name)
        if name in SECRETS:
            return "***" if value and self.sources[name] is not Source.DEFAULT else _text(value)
        return _text(value)


def load_configuration(
    file: Path | None = None, options: Mapping[str, object] | None = None
) -> Configuration:
    """The settings of this process.

    Args:
        file: Config file; by default the one that the environment names, or the usual one if it is there.
        options: Settings by name, from the command line.

    Raises:
        SettingError: the file cannot be used, a name is none of ours, or a value is not usable.
    """
    given = dict(options or {})
    _require_known(given, "option ")
    for name in sorted(SECRETS & given.keys()):
        problem = "may hold a key, which the command line would show to others"
        raise SettingError(f"option {name}", f"{problem}; use the config file or {PREFIX}{name.upper()}")
    path = file or _default_file()
    from_file = _read_file(path) if path else {}
    settings = _validate(given, from_file, path)
    return Configuration(settings, path, _sources(given, from_file))


def load_settings() -> ProverSettings:
    """The settings from the environment and the config file, without options.

    Raises:
        SettingError: as `load_configuration`.
    """
    return load_configuration().settings


def _default_file() -> Path | None:
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named)
    return CONFIG_FILE if CONFIG_FILE.is_file() else None


def _read_file(path: Path) -> dict[str, Any]:
    """What a config file sets. Its relative paths begin at its folder."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(str(path), f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise SettingError(str(path), "is not text") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingError(str(path), f"is no TOML: {error}") from None
    _require_known(values, f"{path}: ")
    folder = path.absolute().parent
    return {name: _placed(folder, value) if name in _PATHS else value for name, value in values.items()}


def _placed(folder: Path, value: Any) -> Any:
    if isinstance(value, str):
        return folder / Path(value).expanduser()
    return [_placed(folder, item) for item in value] if isinstance(value, list) else value


def _validate(given: Mapping[str, object], from_file: dict[str, Any], path: Path | None) -> ProverSettings:
    named = {name.removeprefix(PREFIX).lower() for name in os.environ if name.startswith(PREFIX)}
    _require_known(named - {"config"}, PREFIX, upper=True)

    class Layered(ProverSettings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            del dotenv_settings, file_secret_settings
            return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=from_file)

    try:
        return Layered.model_validate(given)
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        name = str(problem["loc"][0])
        raise SettingError(_place(name, given, from_file, path), problem["msg"]) from None


def _place(name: str, given: Mapping[str, object], from_file: Mapping[str, Any], path: Path | None) -> str:
    """How a message names a setting: by what the operator wrote."""
    source = _source(name, given, from_file)
    variable = PREFIX + name.upper()
    return {Source.OPTION: f"option {name}", Source.FILE: f"{path}: {name}"}.get(source, variable)


def _sources(given: Mapping[str, object], from_file: Mapping[str, Any]) -> dict[str, Source]:
    return {name: _source(name, given, from_file) for name in ProverSettings.model_fields}


def _source(name: str, given: Mapping[str, object], from_file: Mapping[str, Any]) -> Source:
    if name in given:
        return Source.OPTION
    if PREFIX + name.upper() in os.environ:
        return Source.ENVIRONMENT
    return Source.FILE if name in from_file else Source.DEFAULT


def _require_known(names: Iterable[str], place: str, *, upper: bool = False) -> None:
    """Raises SettingError for a name that is none of ours, with the one that was probably meant."""
    known = list(ProverSettings.model_fields)
    for name in sorted(set(names) - set(known)):
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"; did you mean {nearest[0].upper() if upper else nearest[0]}?" if nearest else ""
        raise SettingError(f"{place}{name.upper() if upper else name}", f"there is no such setting{hint}")


def _text(value: object) -> str:
    if value is None:
        return "-"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
