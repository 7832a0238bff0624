from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.models.members import Customer
from loyalty_async.reconcile import masked, named


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("917406401004", "•••1004"),
        ("564000001", "•••001"),
        ("12", "•••"),
        ("mia@example.com", "m•••@e•••.com"),
        ("mia@localhost", "m•••@l•••"),
        ("@odd", "•••d"),
    ],
)
def test_enough_is_shown_to_recognise_and_too_little_to_call(value: str, shown: str) -> None:
    assert masked(value) == shown


@given(st.text(alphabet="0123456789", min_size=1, max_size=20))
def test_at_least_two_thirds_of_a_number_are_hidden(value: str) -> None:
    assert len(masked(value).removeprefix("•••")) <= min(4, len(value) / 3)


def test_a_member_is_named_in_full_only_if_so_asked() -> None:
    member = Customer.by_mobile("917406401004", source="INSTORE")
    assert (named(member), named(member, unmasked=True)) == ("mobile=•••1004", "mobile=917406401004")
