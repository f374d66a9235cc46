"""Errors of language models behind an upstream. What an upstream says is shown only where a client needs it.

ProverError
├── UpstreamConfigError
├── ModelCardError
└── RequestRefusedError: the client gets status, code and message; its payment was not used
    ├── ChatRequestError
    ├── MaximumTooLowError
    ├── UpstreamRefusedError
    ├── UpstreamBusyError
    ├── UpstreamTimeoutError
    └── UpstreamFailedError
"""

from __future__ import annotations

from pathlib import Path

from prover.errors import ProverError, RequestRefusedError


class UpstreamConfigError(ProverError):
    """The file of a language model cannot be used."""

    exit_code = 2

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"language model {path}: {problem}; docs/llm.md has an example")
        self.path = path


class ModelCardError(ProverError):
    """A model card cannot be used."""

    exit_code = 2

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"model card {path}: {problem}; docs/llm.md has an example")
        self.path = path


class ChatRequestError(RequestRefusedError):
    """A request that the model does not take."""

    def __init__(self, problem: str) -> None:
        super().__init__(422, "unusable_input", problem)


class MaximumTooLowError(RequestRefusedError):
    """What the payer signed for does not pay for one token of an answer."""

    def __init__(self, maximum_base_units: int, input_tokens: int) -> None:
        super().__init__(
            422,
            "maximum_too_low",
            f"{maximum_base_units} base units do not pay for up to {input_tokens} tokens of input and one of "
            "output; sign for the amount of the offer",
        )


class UpstreamRefusedError(RequestRefusedError):
    """The upstream refused the request as it is."""

    def __init__(self, problem: str) -> None:
        super().__init__(422, "unusable_input", f"the model refused the request: {problem}")


class UpstreamBusyError(RequestRefusedError):
    """The upstream takes no more requests now."""

    def __init__(self) -> None:
        super().__init__(503, "busy", "the model is busy; send the request again later")


class UpstreamTimeoutError(RequestRefusedError):
    """The upstream said nothing for too long."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__(
            504, "upstream_timeout", f"the model gave nothing for {timeout_s:g} s; send the request again"
        )


class UpstreamFailedError(RequestRefusedError):
    """The upstream cannot be reached, or gave something else than an answer."""

    def __init__(self, problem: str) -> None:
        super().__init__(502, "upstream_failed", f"the model gave no answer: {problem}")
