"""Which organisations of a connected group an answer may draw on.

Source: Capillary, "Connected orgs: data scopes".
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from loyalty_async.errors import InvalidArgument

__all__ = ["DataScope"]

_MOST_ORGANISATIONS = 2
"""The page's limit for `DATA-SCOPE-ORG`."""


def _as_tuple(org_ids: Iterable[int]) -> tuple[int, ...]:
    try:
        return tuple(map(int, org_ids))
    except (TypeError, ValueError):
        raise InvalidArgument("org_ids must be a list of integers") from None


@attrs.frozen
class DataScope:
    """A data scope; giving one turns a call into its v2.1 form.

    Attributes:
        scope: SELF, OTHER or ALL.
        org_ids: The other organisations, at most two; none for SELF.
    """

    scope: str = "SELF"
    org_ids: tuple[int, ...] = attrs.field(default=(), converter=_as_tuple)

    def __attrs_post_init__(self) -> None:
        if self.scope not in ("SELF", "OTHER", "ALL"):
            raise InvalidArgument("a data scope is SELF, OTHER or ALL")
        if len(self.org_ids) > _MOST_ORGANISATIONS:
            raise InvalidArgument(f"a data scope names at most {_MOST_ORGANISATIONS} organisations")
        if (self.scope == "SELF") == bool(self.org_ids):
            raise InvalidArgument("OTHER and ALL need the ids of the organisations, SELF takes none")

    def headers(self) -> dict[str, str]:
        """Write it as headers."""
        organisations = {"DATA-SCOPE-ORG": ",".join(map(str, self.org_ids))} if self.org_ids else {}
        return {"DATA-SCOPE": self.scope, **organisations}
