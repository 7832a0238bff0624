"""How to walk a ledger: the options that decide order, end, proof and beginning."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

import attrs
from cyclopts import Group, Parameter

from loyalty_async.errors import InvalidArgument

__all__ = ["Walking"]


@Parameter(name="*", group=Group("Reading", sort_key=2))
@attrs.frozen(kw_only=True)
class Walking:
    """How a ledger is walked."""

    order: Annotated[Literal["asc", "desc"], Parameter(help="Oldest or newest first.")] = "asc"
    max_items: Annotated[int | None, Parameter(help="How many entries at most; all unless told.")] = None
    resume: Annotated[
        str | None, Parameter(help="Go on where an earlier run stopped: it printed what to give here.")
    ] = None
    proof: Annotated[
        Literal["settled", "atomic"],
        Parameter(help="Trust that what is long past does not change, or trust no clock, for more requests."),
    ] = "settled"
    settle: Annotated[float, Parameter(help="Minutes after which the past is long past.")] = 60.0
    ahead: Annotated[int, Parameter(help="How many spans of time to read ahead.")] = 4

    def arguments(self) -> dict[str, Any]:
        """Give what `client.ledger.entries` takes.

        Raises:
            InvalidArgument: A number that cannot be.
        """
        if self.max_items is not None and self.max_items < 1:
            raise InvalidArgument("--max-items must be at least 1")
        if self.ahead < 0:
            raise InvalidArgument("--ahead must be at least 0")
        try:
            settle = timedelta(minutes=self.settle)
        except (OverflowError, ValueError):
            raise InvalidArgument("--settle must be a number of minutes") from None
        if settle < timedelta(0):
            raise InvalidArgument("--settle must be at least 0")
        return {
            "order": self.order,
            "max_items": self.max_items,
            "resume": self.resume,
            "proof": self.proof,
            "settle": settle,
        }
