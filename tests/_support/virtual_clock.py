"""Time that jumps instead of passing, for asyncio; trio brings its own (`trio.testing.MockClock`)."""

import asyncio
import selectors


class JumpingSelector(selectors.DefaultSelector):
    """Never waits for a timer: a wait with nothing ready moves the clock by its length instead.

    It jumps as soon as no file is ready, whatever threads and peers are about to do; so does trio's autojump. A test
    that waits for a socket or a thread while a timer runs therefore needs the real clock.
    """

    now: float = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:  # There is no timer to jump to: only a thread or a signal could end this wait.
            return super().select(None)
        # A negative timeout is asyncio's "due already"; time must not go backwards for it.
        self.now += max(0.0, timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock starts at zero and moves only when every task waits for it.

    Give the class to anyio as the `loop_factory` of the asyncio backend. The clock does not run with the real one at
    all, so that a test can compare instants exactly.
    """

    def __init__(self) -> None:
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now
