"""What operators are told, refused or spared: name, file, text that enforces it, its change, tests."""

from __future__ import annotations

_CONFIG = "prover/config.py"
_FILE = "prover/config_file.py"
_LOGS = "prover/operations/logs.py"
_MACHINE = "prover/operations/checks_machine.py"
_CHAIN = "prover/operations/checks_chain.py"
_STATE = "prover/operations/state_folder.py"

_CONFIG_TESTS = "tests/unit/test_prover_config.py"
_LOG_TESTS = "tests/unit/test_prover_logs.py"
_DOCTOR_TESTS = "tests/integration/test_prover_doctor.py"
_STATE_TESTS = "tests/unit/test_prover_state_folder.py"
_OPERATING_TESTS = "tests/integration/test_prover_operating.py"

CHECKS = (
    (
        "a setting that does not exist",
        _CONFIG,
        "for name in sorted(set(names) - set(known)):",
        "for name in ():",
        _CONFIG_TESTS,
    ),
    (
        "a key on the command line",
        _CONFIG,
        "for name in sorted(SECRETS & given.keys()):",
        "for name in ():",
        _CONFIG_TESTS,
    ),
    ("a key that is shown as a setting", _CONFIG, "if name in SECRETS:", "if False:", _CONFIG_TESTS),
    (
        "options that count least",
        _CONFIG,
        "return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=from_file)",
        "return InitSettingsSource(settings_cls, init_kwargs=from_file), env_settings, init_settings",
        _CONFIG_TESTS,
    ),
    ("a key that is overwritten", _FILE, "os.O_EXCL", "os.O_TRUNC", _CONFIG_TESTS),
    ("a new key that others may read", _FILE, "os.O_EXCL, 0o600)", "os.O_EXCL, 0o644)", _CONFIG_TESTS),
    (
        "an amount that is none",
        "prover/settings.py",
        "if not (amount.is_finite() and amount > 0):",
        "if False:",
        _CONFIG_TESTS,
    ),
    (
        "a key in a log line",
        _LOGS,
        "value = value.replace(secret, _MASK)",
        "pass",
        _LOG_TESTS,
    ),
    (
        "a key in a field of a log line",
        _LOGS,
        "if isinstance(value, dict):",
        "if isinstance(value, dict | list | tuple) and 'event' not in value:\n            return value\n"
        "        if isinstance(value, dict):",
        _LOG_TESTS,
    ),
    (
        "a password as a driver writes it",
        _LOGS,
        "frozenset(found | {unquote(piece) for piece in found})",
        "frozenset(found)",
        _LOG_TESTS,
    ),
    (
        "a key file that others may read",
        _MACHINE,
        "ok = mode == _OWNER_ONLY or mode == 0o400 or handed_over",
        "ok = True",
        _DOCTOR_TESTS,
    ),
    (
        "a state folder that others may enter, found before the start",
        _MACHINE,
        "private = not mode & 0o077 and os.access(folder, os.W_OK)",
        "private = True",
        _DOCTOR_TESTS,
    ),
    (
        "tables of a newer program",
        _MACHINE,
        "if current in (None, NEWEST) else",
        "if True else",
        _DOCTOR_TESTS,
    ),
    ("a node of another chain", _CHAIN, "if served == chain_id else", "if True else", _DOCTOR_TESTS),
    (
        "a clock that is behind the chain",
        _CHAIN,
        "if ahead_s < -LARGEST_SKEW_S:",
        "if False:",
        _DOCTOR_TESTS,
    ),
    (
        "contracts that are not there",
        _CHAIN,
        'yield Check("contracts", not missing,',
        'yield Check("contracts", True,',
        _DOCTOR_TESTS,
    ),
    (
        "a scheme that nothing collects",
        _CHAIN,
        'yield Check(f"scheme {scheme}", not missing,',
        'yield Check(f"scheme {scheme}", True,',
        _DOCTOR_TESTS,
    ),
    ("a stopped route", _CHAIN, 'if status == "active" else', "if True else", _DOCTOR_TESTS),
    ("an SRS file that is missing", _CHAIN, "there = settings.srs.is_file()", "there = True", _DOCTOR_TESTS),
    (
        "an account without gas money",
        _CHAIN,
        "enough = balance_wei >= needed_wei",
        "enough = True",
        _DOCTOR_TESTS,
    ),
    (
        "a fee ceiling below the fees",
        _CHAIN,
        "high = fee_wei > settings.max_fee_wei",
        "high = False",
        _DOCTOR_TESTS,
    ),
    (
        "new work while the service is drained",
        "prover/operations/control.py",
        "return not self.is_draining and self._pipeline.failure is None",
        "return not self.stopped.is_set() and self._pipeline.failure is None",
        _OPERATING_TESTS,
    ),
    (
        "work that this process can never settle",
        "prover/operations/control.py",
        "return not self.is_draining and self._pipeline.failure is None",
        "return not self.is_draining",
        "tests/unit/test_prover_control.py",
    ),
    ("two services in one folder", _STATE, "if _answers(path):", "if False:", _STATE_TESTS),
    ("a folder that others may enter", _STATE, "if mode & 0o077:", "if False:", _STATE_TESTS),
    ("a socket that others may open", _STATE, "os.umask(0o177)", "os.umask(0)", _STATE_TESTS),
    (
        "a lost node that nobody is told of",
        "prover/operations/monitor.py",
        "            problems.append(str(error))\n            return None\n\n\ndef",
        "            return None\n\n\ndef",
        _OPERATING_TESTS,
    ),
)
"""The entries that tools/refusals.py registers."""
