"""How many requests a command may send, and with whom it shares them."""

from __future__ import annotations

from typing import Annotated

import attrs
from cyclopts import Group, Parameter

from loyalty_async.cli.settings import Settings
from loyalty_async.errors import InvalidArgument
from loyalty_async.models.rate_limits import RateLimit

__all__ = ["Quota"]


@Parameter(name="*", group=Group("Quota", sort_key=4))
@attrs.frozen(kw_only=True)
class Quota:
    """How many requests a minute, and where that is counted if others send some of them."""

    quota: Annotated[
        int | None, Parameter(help="Requests a minute that you may send: unless told, as many as the server takes.")
    ] = None
    quota_store: Annotated[
        str | None, Parameter(help="Redis that shares --quota with other processes. [LOYALTY_QUOTA_STORE]")
    ] = attrs.field(default=None, repr=False)

    def rate_limit(self, settings: Settings) -> RateLimit | None:
        """Give the quota that the client keeps; none unless one was told.

        Raises:
            InvalidArgument: A number that cannot be, or a store that is none.
        """
        if self.quota is not None and self.quota < 1:
            raise InvalidArgument("--quota must be at least 1")
        store = settings.find("quota_store", self.quota_store)
        if self.quota_store and "@" in self.quota_store:
            # Every user of a machine can see the options in its list of processes.
            raise InvalidArgument("--quota-store must hold no password: keep it in LOYALTY_QUOTA_STORE")
        if self.quota is None:
            if self.quota_store:
                raise InvalidArgument("--quota-store needs --quota: what is there to share?")
            return None
        try:
            return RateLimit(self.quota, per=60.0, store=store.value if store else None)
        except InvalidArgument:
            raise InvalidArgument(
                f"{store.place if store else '--quota'} must be the URL of a Redis, such as redis://127.0.0.1:6379/0"
            ) from None
