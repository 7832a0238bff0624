"""Altcraft's `loyalty/account/balance`: the same members and points, asked for in another vendor's words (seed 004).

A points account is one program in one currency. The internal id 1 and the external id "points" name the points
themselves, which are also meant without a currency; the alternate currencies follow, by their names.
What is active is in the category Main; the total has promised and trigger-based points as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import attrs

from loyalty_async.sandbox.altcraft import IN_JSON, Dialect, Document, bad_request, dialect_of
from loyalty_async.sandbox.answers import Reply, printed
from loyalty_async.sandbox.balances import balances_at
from loyalty_async.sandbox.calls import Call, World
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.parameters import is_number
from loyalty_async.sandbox.records import MAIN, Member, Program, total
from loyalty_async.sandbox.refusals import Refusal
from loyalty_async.sandbox.settings import Settings

POINTS: Final = "points"
_CUSTOM_FIELDS: Final[Mapping[str, str]] = {"user_id": "id", "external_id": "externalId"}
_OK: Final = 200


@attrs.frozen(kw_only=True)
class Account:
    """What an account holds; the total has points that cannot be spent yet."""

    total: Decimal
    active: Decimal


def answer_account(world: World, call: Call) -> Reply:
    """Answer in the dialect of the request, errors too."""
    dialect = dialect_of(call.headers.get("content-type", ""))
    try:
        if dialect is None:
            raise bad_request("the content type is not supported")
        document = dialect.read(call.body)
        _check_token(document, call.headers, world.settings)
        account = _read_account(document, world.ledger, world.settings)
    except Refusal as refusal:
        status = refusal.code if world.settings.altcraft_error_status == "equal" else _OK
        error = {"error": refusal.code, "error_text": refusal.message}
        return _written(dialect or IN_JSON, error, status)
    balance = {"total_balance": printed(account.total), "active_balance": printed(account.active)}
    return _written(dialect, {"error": 0, "error_text": "Successful operation", "data": balance}, _OK)


def find_profile(call: Call, ledger: Ledger) -> Member | None:
    """Find whose account is asked for; None if there is no such member.

    Raises:
        Refusal: The request cannot be read.
    """
    dialect = dialect_of(call.headers.get("content-type", ""))
    return None if dialect is None else _find_member(dialect.read(call.body), ledger)


def account_of(ledger: Ledger, member: Member, program: Program, currency: str | None = None) -> Account:
    """Say what a member's account holds now."""
    balances = balances_at(ledger.book(member.owner_id))
    held = [
        (category, points)
        for (of, category, name), points in balances.items()
        if (of.program_id, name) == (program.program_id, currency)
    ]
    return Account(
        total=total(points for _, points in held),
        active=total(points for category, points in held if category == MAIN),
    )


def _read_account(document: Document, ledger: Ledger, settings: Settings) -> Account:
    program_id = _integer(document, "loyalty_program_id")
    currencies = _currencies(document)
    member = _find_member(document, ledger)
    program = next((each for each in ledger.organisation.programs if each.program_id == program_id), None)
    known = (POINTS, *ledger.organisation.currencies)
    named = [_currency(currency, known) for currency in currencies]
    if member is None or program is None or None in named:
        raise Refusal(settings.altcraft_unknown_code, "Not found")
    if len(set(named)) > 1:
        raise bad_request("the currency's two ids differ")
    name = named[0] if named else POINTS
    return account_of(ledger, member, program, None if name == POINTS else name)


def _check_token(document: Document, headers: Mapping[str, str], settings: Settings) -> None:
    """Let a call through if its token, in the body or in a Bearer header, is right."""
    if not settings.require_auth:
        return
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    token = bearer if scheme.lower() == "bearer" else document.get("token")
    if not isinstance(token, str) or token not in settings.altcraft_tokens:
        raise Refusal(401, "API token required")
    if token in settings.altcraft_over_tariff:
        raise Refusal(402, "Tariff limit reached")
    if token in settings.forbidden:
        raise Refusal(403, "No access")


def _find_member(document: Document, ledger: Ledger) -> Member | None:
    matching = document.get("matching")
    match matching:
        case "email":
            return ledger.find("email", _text(document, "email"))
        case "phone":
            return ledger.find("mobile", _text(document, "phone").removeprefix("+"))
        case "profile_id":
            return ledger.find("id", _text(document, "profile_id"))
        case "custom":
            name, value = _text(document, "field_name"), _text(document, "field_value")
            return ledger.find(_CUSTOM_FIELDS[name], value) if name in _CUSTOM_FIELDS else None
        case _:
            raise bad_request("matching is email, phone, profile_id or custom")


def _currencies(document: Document) -> list[int | str]:
    """Read the currency's internal and external id, as far as they are there."""
    given: list[int | str] = []
    if "points_currency_iid" in document:
        given.append(_integer(document, "points_currency_iid"))
    if "points_currency_eid" in document:
        given.append(_text(document, "points_currency_eid"))
    return given


def _currency(currency: int | str, known: tuple[str, ...]) -> str | None:
    if isinstance(currency, str):
        return currency if currency in known else None
    return known[currency - 1] if 0 < currency <= len(known) else None


def _integer(document: Document, name: str) -> int:
    """Read a whole number; in XML it is a text."""
    text = str(document.get(name))
    if isinstance(document.get(name), bool) or not is_number(text):
        raise bad_request(f"{name} must be an integer")
    return int(text)


def _text(document: Document, name: str) -> str:
    """Read a text; a custom field's value may be a number."""
    value = document.get(name)
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise bad_request(f"{name} is required")
    return str(value)


def _written(dialect: Dialect, document: Mapping[str, object], status: int) -> Reply:
    return Reply(status=status, body=dialect.write(document), content_type=dialect.content_type)
