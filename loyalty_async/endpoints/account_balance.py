"""`POST /api/v1.1/loyalty/account/balance`: what is in an Altcraft points account.

Source: Altcraft, "Get points account balance".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.accounts import AccountBalance, Profile
from loyalty_async.protocol.requests import Call
from loyalty_async.transport.session import Session
from loyalty_async.wire.altcraft import Dialect, balance_request
from loyalty_async.wire.converter import Converter

__all__ = ["AccountEndpoint"]

_PATH = "/api/v1.1/loyalty/account/balance"


@attrs.frozen(eq=False)
class AccountEndpoint:
    """Reads accounts; reached as `client.accounts`."""

    _session: Callable[[], Session] = attrs.field(repr=False)
    _converter: Converter = attrs.field(repr=False)
    _dialect: Dialect = attrs.field(repr=False)
    _credentials: Mapping[str, str] = attrs.field(repr=False)

    async def balance(self, *, program_id: int, member: Profile, currency: int | str | None = None) -> AccountBalance:
        """Get the balance of a member's account.

        Args:
            program_id: The loyalty program.
            member: Whose account, such as `Profile.by_email("user@example.com")`.
            currency: The points currency: an integer is its internal id, a text its external one; None for the
                program's own.

        Returns:
            All points and those that can be spent, exactly as the server wrote them.

        Raises:
            InvalidArgument: An argument; nothing was sent.
            LoyaltyError: The call failed; `codes` holds the server's `error`.
        """
        _check(program_id, member, currency)
        document = {**self._credentials, **balance_request(program_id, member, currency)}
        call = Call(
            method="POST",
            path=_PATH,
            headers=self._dialect.headers,
            body=self._dialect.encode(document),
            member=member,
            endpoint="accounts",
        )
        return await self._session().call(call, self._build)

    def _build(self, document: Any) -> AccountBalance:
        return self._converter.structure_field(document, "data", AccountBalance)


def _check(program_id: object, member: object, currency: object) -> None:
    if isinstance(program_id, bool) or not isinstance(program_id, int):
        raise InvalidArgument("program_id must be an integer")
    if not isinstance(member, Profile):
        raise InvalidArgument("member must be a Profile, such as Profile.by_email(…)")
    text = isinstance(currency, str) and currency.strip() and currency.isprintable()
    if not (currency is None or text or (isinstance(currency, int) and not isinstance(currency, bool))):
        raise InvalidArgument("currency must be an integer (internal id), a text (external id) or None")
