"""What a command shows: a table for people, or JSON with every value exactly as it came."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from loyalty_async.cli.outputs import standard_output
from loyalty_async.wire.documents import encode_json

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["Output", "rendered", "show"]

Output = Literal["table", "json"]


def show(output: Output, document: object, draw: Callable[[], RenderableType]) -> None:
    """Write a document to the standard output.

    Args:
        output: How.
        document: What; its decimals become texts in JSON.
        draw: Makes the table, if one is wanted.
    """
    content = encode_json(document) + b"\n" if output == "json" else rendered(draw())
    with standard_output() as write:
        write(content)


def rendered(shown: RenderableType, *, to_output: bool = True) -> bytes:
    """Draw a table for the standard output, in colour if that is a terminal, or for a file."""
    from rich.console import Console

    console = Console(force_terminal=None if to_output else False)
    with console.capture() as captured:
        console.print(shown)
    return captured.get().encode(console.encoding, "replace")
