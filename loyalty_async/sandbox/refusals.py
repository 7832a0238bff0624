"""What an endpoint says no with."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 - it is an answer, not a failure
    """Refuse a request with a business code; `status` is None where the settings decide."""

    def __init__(self, code: int, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def invalid_input() -> Refusal:
    """Make the refusal of a parameter that cannot be read ("request level", page "Errors and warnings")."""
    return Refusal(400, "Input is invalid, Please check request parameters or input xml/json", 400)


def unsupported_combination(hint: str = "") -> Refusal:
    """Make the refusal of parameters that do not go together."""
    return Refusal(11001, "Combination of parameters is not supported" + hint)


def nothing_there() -> Refusal:
    """Make the refusal of a page that has no entry."""
    message = "There are no ledger entries present for the given parameters."
    return Refusal(11003, f"{message} Try removing parameters to widen the search")
