"""Telling the user's hooks what became of a request."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from inspect import iscoroutinefunction

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.hooks import Hook, RequestDetails

__all__ = ["check_hooks", "tell"]


def check_hooks(hooks: object) -> tuple[Hook, ...]:
    """Refuse what cannot be called, or would have to be awaited.

    Raises:
        InvalidArgument: One of the hooks is such.
    """
    if not isinstance(hooks, Sequence) or not all(callable(hook) for hook in hooks):
        raise InvalidArgument("hooks must be a sequence of functions of one argument, such as [print]")
    if any(iscoroutinefunction(hook) or iscoroutinefunction(type(hook).__call__) for hook in hooks):
        raise InvalidArgument("a hook is called, not awaited: hooks cannot be `async def`")
    return tuple(hooks)


def tell(hooks: Sequence[Hook], details: RequestDetails) -> None:
    """Call all hooks.

    An error of one is not the call's, which got what it asked for; nor may it vanish, and this library logs nothing
    that is worth a look. So it becomes a warning, which Python shows once for each sort, and tests turn into an error.
    """
    for hook in hooks:
        try:
            hook(details)
        except Exception as error:  # noqa: BLE001 - whatever it is
            name = getattr(hook, "__qualname__", type(hook).__qualname__)
            warnings.warn(f"the hook {name} failed: {error!r}", RuntimeWarning, stacklevel=2)
