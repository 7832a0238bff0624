from typing import Any

import pytest

from loyalty_async import InvalidArgument, Profile


@pytest.mark.parametrize("value", ["", " ", "a\nb", True, None, 1.5])
def test_what_finds_nobody_is_refused_without_being_repeated(value: Any) -> None:
    with pytest.raises(InvalidArgument, match="must be a non-empty, printable text"):
        Profile.by_email(value)


def test_a_field_name_belongs_to_custom_fields_only() -> None:
    with pytest.raises(InvalidArgument):
        Profile.by_custom_field("", "x")
    with pytest.raises(InvalidArgument):
        Profile(matching="email", value="x", field_name="y")


def test_a_profile_does_not_show_who_it_is() -> None:
    assert "a@example.com" not in repr(Profile.by_email("a@example.com"))
