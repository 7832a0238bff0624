"""Members are named by an identifier that never shows."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.errors import InvalidArgument
from loyalty_async.models.members import Customer, Member, UserGroup
from loyalty_async.models.vocabulary import EntityType, Source
from tests._support.full_answer import CANARY

MAKERS: dict[str, Callable[..., Member]] = {
    "Customer.by_id": Customer.by_id,
    "Customer.by_mobile": Customer.by_mobile,
    "Customer.by_email": Customer.by_email,
    "Customer.by_external_id": Customer.by_external_id,
    "UserGroup.by_id": UserGroup.by_id,
    "UserGroup.by_external_id": UserGroup.by_external_id,
    "UserGroup.by_primary_user": UserGroup.by_primary_user,
}
each_maker = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@pytest.mark.parametrize(
    ("maker", "name"),
    [
        ("Customer.by_id", "id"),
        ("Customer.by_mobile", "mobile"),
        ("Customer.by_email", "email"),
        ("Customer.by_external_id", "externalId"),
        ("UserGroup.by_id", "id"),
        ("UserGroup.by_external_id", "externalId"),
        ("UserGroup.by_primary_user", "primaryUserId"),
    ],
)
def test_a_maker_names_the_identifier_as_the_documents_do(maker: str, name: str) -> None:
    assert MAKERS[maker]("0042", source="INSTORE").identifier_name == name


def test_a_group_can_be_named_by_the_tables_word_for_its_id() -> None:
    assert UserGroup.by_id(1, source="INSTORE", identifier_name="groupId").identifier_name == "groupId"


@each_maker
def test_leading_zeros_of_an_identifier_count(make: Callable[..., Member]) -> None:
    assert make("000000043488", source="INSTORE").identifier_value == "000000043488"


@pytest.mark.parametrize("make", [make for name, make in MAKERS.items() if name != "Customer.by_email"])
def test_an_integer_is_as_good_as_its_text(make: Callable[..., Member]) -> None:
    assert make(98662653, source="INSTORE") == make("98662653", source="INSTORE")


@each_maker
@pytest.mark.parametrize("value", ["", " ", "\t", "1\n2", "1\x00", "12\u200b34", None, True, 1.5, b"12", [], {}])
def test_an_identifier_must_be_a_printable_text(make: Callable[..., Member], value: Any) -> None:
    with pytest.raises(InvalidArgument):
        make(value, source="INSTORE")


@each_maker
@pytest.mark.parametrize("source", ["", " ", None, 7, "IN\nSTORE"])
def test_a_source_must_be_a_printable_text(make: Callable[..., Member], source: Any) -> None:
    with pytest.raises(InvalidArgument, match="source"):
        make("1", source=source)


@pytest.mark.parametrize("account", ["", " ", True, 1.5, "a\n", []])
def test_an_account_must_be_a_printable_text_or_an_integer(account: Any) -> None:
    with pytest.raises(InvalidArgument):
        Customer.by_id(1, source="WEB_ENGAGE", account_id=account)


@pytest.mark.parametrize("value", [f"{CANARY}\n", f"{CANARY}\x00"])
@each_maker
def test_a_refusal_does_not_quote_the_identifier(make: Callable[..., Member], value: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        make(value, source="INSTORE")
    assert CANARY not in f"{raised.value}{raised.value!r}"


@each_maker
def test_neither_repr_nor_str_shows_the_identifier(make: Callable[..., Member]) -> None:
    member = make(CANARY, source="INSTORE")
    assert CANARY not in f"{member!r}{member}"
    assert "INSTORE" in repr(member)


def test_an_account_does_not_show_either() -> None:
    assert CANARY not in repr(Customer.by_id(1, source="INSTORE", account_id=CANARY))


@each_maker
def test_a_member_is_frozen_hashable_and_picklable(make: Callable[..., Member]) -> None:
    member = make("42", source=Source.INSTORE)
    with pytest.raises(FrozenInstanceError):
        member.identifier_value = "43"  # type: ignore[misc]
    again = [copy.deepcopy(member), pickle.loads(pickle.dumps(member)), make("42", source="INSTORE")]  # noqa: S301
    assert {member, *again} == {member}


def test_members_differ_by_kind_identifier_source_and_account() -> None:
    members = {
        Customer.by_id(1, source="INSTORE"),
        Customer.by_id(2, source="INSTORE"),
        Customer.by_external_id(1, source="INSTORE"),
        Customer.by_id(1, source="LINE"),
        Customer.by_id(1, source="INSTORE", account_id=1),
        UserGroup.by_id(1, source="INSTORE"),
        UserGroup.by_id(1, source="INSTORE", entity_type=EntityType.FLEET),
    }
    assert len(members) == 7


def test_a_source_of_tomorrow_is_accepted() -> None:
    assert Customer.by_id(1, source="MOON").source == "MOON"


@given(st.integers(), st.sampled_from(["+", "", "00"]))
def test_any_integer_and_any_way_of_writing_it_is_kept(number: int, prefix: str) -> None:
    assert Customer.by_mobile(f"{prefix}{number}", source="INSTORE").identifier_value == f"{prefix}{number}"
