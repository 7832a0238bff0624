"""Telling the user's hooks what became of a request."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from inspect import iscoroutinefunction

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.hooks import Hook, RequestDetails

__all__ = ["Hooks"]


class Hooks:
    """Whoever wants to know of every request."""

    def __init__(self, hooks: object = ()) -> None:
        """Take them as they are.

        Args:
            hooks: A sequence of functions of one argument.

        Raises:
            InvalidArgument: One of them cannot be called, or would have to be awaited.
        """
        if not isinstance(hooks, Sequence) or not all(callable(hook) for hook in hooks):
            raise InvalidArgument("hooks must be a sequence of functions of one argument, such as [print]")
        if any(iscoroutinefunction(hook) or iscoroutinefunction(type(hook).__call__) for hook in hooks):
            raise InvalidArgument("a hook is called, not awaited: hooks cannot be `async def`")
        self._hooks: tuple[Hook, ...] = tuple(hooks)
        self._failed: set[int] = set()

    def __len__(self) -> int:
        return len(self._hooks)

    def tell(self, details: RequestDetails) -> None:
        """Call all hooks.

        An error of one is not the call's, which got what it asked for; nor may it vanish, and this library logs nothing
        that is worth a look. So the first error of each becomes a warning, which tests turn into an error. It names the
        kind of the error only: its text may hold anything.
        """
        for place, hook in enumerate(self._hooks):
            try:
                hook(details)
            except Exception as error:  # noqa: BLE001 - whatever it is
                if place not in self._failed:
                    self._failed.add(place)
                    name = getattr(hook, "__qualname__", type(hook).__qualname__)
                    said = f"the hook {name} fails ({type(error).__name__}); this is said once, and it is called on"
                    warnings.warn(said, RuntimeWarning, stacklevel=2)
