from __future__ import annotations

from io import BytesIO

import pytest

from loyalty_async import Customer, InvalidArgument, MemberListError, UserGroup
from loyalty_async.export.members import Listed, Listing, as_listing, read_members


def read(content: bytes) -> list[Listing]:
    return list(read_members(BytesIO(content)))


def told(content: bytes) -> list[tuple[int, str]]:
    return [(each.line, str(each)) for each in read(content) if isinstance(each, MemberListError)]


def test_csv_without_names_has_them_in_the_documented_order() -> None:
    assert read(b"mobile,917406401004\nemail,a@example.com,WEBSITE\nid,7,INSTORE,12\nid,8,INSTORE,,FLEET\n") == [
        Listed(Customer.by_mobile("917406401004", source="INSTORE"), 1),
        Listed(Customer.by_email("a@example.com", source="WEBSITE"), 2),
        Listed(Customer.by_id(7, source="INSTORE", account_id=12), 3),
        Listed(UserGroup.by_id(8, source="INSTORE", entity_type="FLEET"), 4),
    ]


def test_csv_with_names_may_order_them_and_have_others() -> None:
    assert read(b'note,identifier_value,identifier_name\n"Rao, A",007,externalId\n') == [
        Listed(Customer.by_external_id("007", source="INSTORE"), 2)
    ]


def test_json_lines_take_numbers_and_nulls() -> None:
    lines = b'{"identifier_name":"id","identifier_value":564,"source":null,"new":1}\n'
    assert read(lines) == [Listed(Customer.by_id(564, source="INSTORE"), 1)]


def test_a_mark_and_empty_lines_and_line_ends_of_windows_are_passed_over() -> None:
    assert read(b"\xef\xbb\xbfid,1\r\n\r\n  \nid,2") == [
        Listed(Customer.by_id(1, source="INSTORE"), 1),
        Listed(Customer.by_id(2, source="INSTORE"), 4),
    ]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"mobile", "has no identifier_value"),
        (b'mobile,"91', "is no CSV"),
        (b",917", "has no identifier_name"),
        (b"id,1,INSTORE,,,,x", "has 7 cells, where 5 are known"),
        ("email,zoë@example.com".encode("latin-1"), "is not UTF-8"),
        (b"id," + b"9" * 1_000_000, "is longer than 65,536 bytes"),
        (b"mobile,9\x001", "names no member: Customer.identifier_value must be a non-empty, printable text"),
    ],
    ids=lambda value: value[:12] if isinstance(value, bytes) else "",
)
def test_a_bad_line_is_told_by_its_number_and_nothing_else_is_lost(bad: bytes, reason: str) -> None:
    content = b"id,1\n" + bad + b"\nid,3\n"
    assert told(content) == [(2, f"line 2 of the members {reason}")]
    assert [each.line for each in read(content) if isinstance(each, Listed)] == [1, 3]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"{", "is no JSON"),
        (b"[]", "is no JSON object"),
        (b'{"identifier_name":"id"}', "has no identifier_value"),
        (b'{"identifier_name":"id","identifier_value":1.5}', "names no member: Customer.identifier_value must be"),
        (b'{"identifier_name":"id","identifier_value":"1","entity_type":7}', "names no member: UserGroup.entity_type"),
    ],
)
def test_a_bad_line_of_json_is_told_as_well(bad: bytes, reason: str) -> None:
    good = b'{"identifier_name":"id","identifier_value":"1"}\n'
    ((line, text),) = told(good + bad + b"\n" + good)
    assert line == 2
    assert text.startswith(f"line 2 of the members {reason}")


def test_no_text_of_an_error_holds_the_value() -> None:
    ((_, text),) = told(b"id,1\nmobile,\x07917406401004\n")
    assert "917406401004" not in text


def test_a_bad_line_is_kept_apart_from_the_text_for_who_must_mend_it() -> None:
    _, short, long = read(b"id,1\nmobile,\x079174\r\nid," + b"\xff" * 1_000_000 + b"\n")
    assert isinstance(short, MemberListError)
    assert isinstance(long, MemberListError)
    assert short.text == "mobile,\x079174"
    assert long.text == "id," + "\ufffd" * 997


@pytest.mark.parametrize("content", [b"", b"\n\n", b"identifier_name,identifier_value\n"])
def test_an_empty_list_is_an_error(content: bytes) -> None:
    with pytest.raises(InvalidArgument, match="the list of members is empty"):
        read(content)


def test_another_unicode_is_told_at_once() -> None:
    with pytest.raises(InvalidArgument, match="UTF-16"):
        read("id,1\n".encode("utf-16"))


def test_a_list_is_read_a_line_at_a_time() -> None:
    class Endless(BytesIO):
        def readline(self, _size: int | None = -1, /) -> bytes:
            return b"id,1\n"

    lines = read_members(Endless())
    assert [next(lines).line for _ in range(3)] == [1, 2, 3]


def test_an_iterable_of_a_caller_may_hold_members_and_listings() -> None:
    member = Customer.by_id(1, source="INSTORE")
    assert as_listing(member, 7) == Listed(member, 7)
    assert as_listing(Listed(member, 3), 7) == Listed(member, 3)
    stranger = as_listing("917406401004", 7)
    assert isinstance(stranger, MemberListError)
    assert str(stranger) == "line 7 of the members is no Customer or UserGroup"
