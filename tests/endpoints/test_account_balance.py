import json
from typing import Any

import pytest

from loyalty_async import ApiError, AuthenticationError, InvalidArgument, MalformedAnswerError, Profile
from tests.endpoints.asked import Asked

pytestmark = pytest.mark.anyio

GOOD = {"error": 0, "error_text": "", "data": {"total_balance": "1.00", "active_balance": "0.50"}}


@pytest.mark.parametrize(
    ("member", "named"),
    [
        (Profile.by_email("a@example.com"), {"matching": "email", "email": "a@example.com"}),
        (Profile.by_phone("+1234567890"), {"matching": "phone", "phone": "+1234567890"}),
        (Profile.by_profile_id("p1"), {"matching": "profile_id", "profile_id": "p1"}),
        (
            Profile.by_custom_field("user_id", 123456),
            {"matching": "custom", "field_name": "user_id", "field_value": 123456},
        ),
    ],
)
@pytest.mark.parametrize(
    ("currency", "chosen"), [(None, {}), (1, {"points_currency_iid": 1}), ("starts", {"points_currency_eid": "starts"})]
)
async def test_members_and_currencies_have_their_documented_names(
    member: Profile, named: dict[str, Any], currency: Any, chosen: dict[str, Any]
) -> None:
    asked = Asked(GOOD)
    await asked.altcraft(lambda client: client.accounts.balance(program_id=123, member=member, currency=currency))
    assert json.loads(asked.requests[0].content) == {"token": "abc", "loyalty_program_id": 123, **named, **chosen}
    assert "Authorization" not in asked.requests[0].headers


async def test_a_bearer_token_goes_into_the_header_and_nowhere_else() -> None:
    asked = Asked(GOOD)
    member = Profile.by_email("a@example.com")
    await asked.altcraft(lambda client: client.accounts.balance(program_id=1, member=member), bearer=True)
    assert asked.requests[0].headers["Authorization"] == "Bearer abc"
    assert b"abc" not in asked.requests[0].content


@pytest.mark.parametrize(
    ("document", "kind", "codes"),
    [
        ({"error": 401, "error_text": "token abc of a@example.com"}, AuthenticationError, (401,)),
        ({"error": "440", "error_text": "?"}, ApiError, (440,)),
        ({"error_text": "no code"}, MalformedAnswerError, ()),
        ({"error": 0}, MalformedAnswerError, ()),
        ({"error": 0, "data": {"total_balance": "1.00"}}, MalformedAnswerError, ()),
        ({"error": 0, "data": {"total_balance": 1.9, "active_balance": "NaN"}}, MalformedAnswerError, ()),
        ([], MalformedAnswerError, ()),
    ],
)
async def test_what_is_no_balance_is_an_error_that_quotes_nothing(
    document: Any, kind: type[Exception], codes: tuple[int, ...]
) -> None:
    asked = Asked(document)
    member = Profile.by_email("a@example.com")
    with pytest.raises(kind) as caught:
        await asked.altcraft(lambda client: client.accounts.balance(program_id=1, member=member))
    assert (type(caught.value), getattr(caught.value, "codes", ())) == (kind, codes)
    assert getattr(caught.value, "member", None) is member
    assert "abc" not in str(caught.value)
    assert "a@example.com" not in f"{caught.value}{caught.value!r}{member!r}"


@pytest.mark.parametrize(
    "arguments",
    [{"program_id": "1"}, {"program_id": True}, {"member": "a@example.com"}, {"currency": ""}, {"currency": 1.5}],
)
async def test_what_cannot_be_asked_is_refused_before_anything_is_sent(arguments: dict[str, Any]) -> None:
    asked = Asked(GOOD)
    good = {"program_id": 1, "member": Profile.by_email("a@example.com")}
    with pytest.raises(InvalidArgument):
        await asked.altcraft(lambda client: client.accounts.balance(**{**good, **arguments}))
    assert asked.requests == []
