"""Whether the server has booked all that an answer should hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from loyalty_async.models.pages import ServerWarning
from loyalty_async.protocol.codes import PENDING_CODES

__all__ = ["booked"]


class Warned(Protocol):
    """An answer that may come with warnings."""

    @property
    def warnings(self) -> Sequence[ServerWarning]:
        """What the server wants known."""


def booked(answer: Warned) -> bool:
    """Tell whether the server has no warning that events are pending; else the answer is worth asking for again."""
    return not any(warning.code in PENDING_CODES for warning in answer.warnings)
