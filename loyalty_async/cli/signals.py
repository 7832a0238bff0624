"""Ctrl-C and SIGTERM: the first lets what is under way finish, the second does not, and the third asks nobody."""

from __future__ import annotations

import signal

import anyio

from loyalty_async.cli.outputs import complain
from loyalty_async.export import Export, Summary

__all__ = ["run_until_told"]


async def run_until_told(job: Export, grace_s: float) -> Summary | None:
    """Run an export until it is done, or until a signal stops it.

    Returns:
        How it ended; None if a second signal ended it at once.

    Raises:
        LoyaltyError: As `Export.run`.
    """
    summary: Summary | None = None
    error: Exception | None = None

    async def listen() -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            listening.set()
            async for _ in signals:
                if stopping.is_set():
                    break
                stopping.set()
                complain(f"finishing the members under way, at most {grace_s:g} s; once more stops at once")
                job.stop()
        # An output that hangs hangs in a thread, which nothing ends but the end of the process.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        complain("stopping at once; should the output hang, once more kills it, which does it no harm")
        tasks.cancel_scope.cancel()

    stopping, listening = anyio.Event(), anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen)
        await listening.wait()
        try:
            summary = await job.run()
        except Exception as raised:  # noqa: BLE001 - carried round the task group, which would wrap it in a group
            error = raised
        tasks.cancel_scope.cancel()
    if error is not None:
        raise error
    return summary
