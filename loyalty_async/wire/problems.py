"""What does not fit the models, said as "reason @ path" and never with a value."""

from __future__ import annotations

from typing import Self

from loyalty_async.errors import MalformedAnswerError

__all__ = ["Misfit", "TextNeeded", "cut_off", "malformed"]


class Misfit(ValueError):  # noqa: N818 - never leaves `wire`
    """A value that does not fit, with its path from the outermost structure that has seen it so far."""

    def __init__(self, reason: str, *path: str | int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path: tuple[str | int, ...] = path

    @classmethod
    def inside(cls, problem: ValueError, step: str | int) -> Self:
        """Put one step in front of a problem's path."""
        if isinstance(problem, Misfit):
            return cls(problem.reason, step, *problem.path)
        return cls(str(problem), step)


class TextNeeded(Exception):  # noqa: N818 - never leaves `wire`
    """What is to be built needs a text that a form has not kept."""


def malformed(problem: ValueError) -> MalformedAnswerError:
    """Turn a misfit into the library's error."""
    path = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in getattr(problem, "path", ())
    ).lstrip(".")
    error = MalformedAnswerError(f"the answer is not what the API documents: {problem} @ {path or 'the whole answer'}")
    error.path = path
    return error


def cut_off(reason: str) -> MalformedAnswerError:
    """Make the error for what is no document at all: cut off on its way, or a gateway's page."""
    error = malformed(Misfit(reason))
    error.cut_off = True
    return error
