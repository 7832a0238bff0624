"""A value is what the API documents, or it is refused."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_async.models.vocabulary import EventName
from loyalty_async.wire import scalars
from loyalty_async.wire.converter import make_converter
from loyalty_async.wire.documents import decode_json

SCALARS: dict[Callable[[object], object], list[object]] = {
    scalars.text: ["", "a", "ключ"],
    scalars.boolean: [True, False],
    scalars.integer: [0, -2860, 2**63, 10**30],
    scalars.integer_or_text: [0, -1, "", "x1"],
    scalars.decimal: ["350.000", 0, -5, Decimal("150.12515")],
}
OTHERS: list[object] = [None, "", "1", "true", "NaN", 0, 1, -1, True, False, 1.9, Decimal("1.9"), b"1", [], {}, ["1"]]


@pytest.mark.parametrize("accept", SCALARS)
def test_a_value_of_the_documented_kind_is_kept_as_it_is(accept: Callable[[object], object]) -> None:
    for value in SCALARS[accept]:
        accepted = accept(value)
        assert str(accepted) == str(value)


@pytest.mark.parametrize(
    ("accept", "fitting"),
    [
        (scalars.text, {str}),
        (scalars.boolean, {bool}),
        (scalars.integer, {int}),
        (scalars.integer_or_text, {int, str}),
        (scalars.open_enum(EventName), {str}),
    ],
)
def test_a_value_of_another_kind_is_refused(accept: Callable[[object], object], fitting: set[type]) -> None:
    for value in OTHERS:
        if type(value) not in fitting:
            with pytest.raises(ValueError, match="expected"):
                accept(value)


@pytest.mark.parametrize("value", [None, True, False, 1.9, float("nan"), b"1", [], {}, ["1"]])
def test_only_texts_and_numbers_are_decimals(value: object) -> None:
    with pytest.raises(ValueError, match="a decimal number was expected"):
        scalars.decimal(value)


@pytest.mark.parametrize("kind", [str, int, bool, Decimal, int | str])
def test_the_converter_uses_the_strict_scalars_and_not_its_library_own(kind: Any) -> None:
    converter = make_converter()._cattrs
    values: list[object] = [None, 1.9, [], {}, b"1"]
    for value in values:
        with pytest.raises(ValueError, match="expected"):
            converter.structure(value, kind)


NO_DECIMALS = [
    *("NaN", "nan", "sNaN", "Infinity", "-Infinity", "inf", "None"),
    *("1e5", "1E+3", "1_000", "1,5", "1,000.00", ".5", "5.", "--1", "+-1", "0x10", "1/2"),
]
PADDED = ["", " ", " 1", "1 ", "1\n", "\u0661\u0662\u0663", "\uff11", "1\x00"]
TOO_LONG = ["1" * 41, "0." + "1" * 41]


@pytest.mark.parametrize("written", [*NO_DECIMALS, *PADDED, *TOO_LONG])
def test_a_text_that_is_no_plain_decimal_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="a decimal number was expected"):
        scalars.decimal(written)


@given(st.from_regex(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?", fullmatch=True))
def test_a_plain_decimal_text_keeps_every_digit(written: str) -> None:
    assert scalars.decimal(written).as_tuple() == Decimal(written).as_tuple()


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=9))
def test_a_json_number_keeps_every_digit(number: Decimal) -> None:
    read = scalars.decimal(decode_json(f"{number:f}".encode()))
    assert read.as_tuple() == Decimal(f"{number:f}").as_tuple()


def test_a_json_number_keeps_its_trailing_zeros_and_its_exponent() -> None:
    numbers = [scalars.decimal(number) for number in decode_json(b"[200.0, 0.10, 2.50e3, 1E-7, -0.000, 5]")]
    assert [str(number) for number in numbers] == ["200.0", "0.10", "2.50E+3", "1E-7", "-0.000", "5"]


@pytest.mark.parametrize(
    "number",
    [b"1" * 41, b"-" + b"1" * 41, b"1e41", b"1e-41", b"1E400000000", b"1." + b"1" * 80, b"0." + b"0" * 41],
)
def test_a_number_that_is_too_long_to_compute_with_is_refused(number: bytes) -> None:
    with pytest.raises(ValueError, match="the number is too long"):
        scalars.decimal(decode_json(number))


@pytest.mark.parametrize("number", [b"9" * 36, b"-" + b"9" * 36, b"1e39", b"1e-40", b"0." + b"9" * 40])
def test_a_number_far_beyond_any_balance_is_still_accepted(number: bytes) -> None:
    assert scalars.decimal(decode_json(number)).as_tuple() == Decimal(number.decode()).as_tuple()


def test_a_known_word_becomes_a_member_and_an_unknown_one_stays_a_text() -> None:
    accept = scalars.open_enum(EventName)
    assert accept("PointsExpiry") is EventName.POINTS_EXPIRY
    assert type(accept("TomorrowsEvent")) is str
    assert accept("pointsexpiry") == "pointsexpiry"


@given(st.one_of(st.text(), st.integers(), st.floats(), st.binary(), st.lists(st.text())))
def test_no_reason_quotes_the_value(value: object) -> None:
    quoted = str(value).strip("[]'\"") or "?"
    for accept in SCALARS:
        try:
            accept(value)
        except ValueError as problem:
            reason = str(problem)
            assert reason in {
                "a text was expected",
                "true or false was expected",
                "an integer was expected",
                "an integer or a text was expected",
                "a decimal number was expected",
                "the number is too long",
            }, quoted


# ---- As classes use them ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [str, int, bool, bytes, Decimal, int | str, EventName | str])
def test_what_a_scalar_may_be_spared_comes_to_the_same(kind: Any) -> None:
    for optional in (kind, kind | None):
        scalar = scalars.scalar_of(optional)
        assert scalar is not None
        for value in ["", "x", "1.5", "PointsExpiry", 0, 1, True, b"1", Decimal("1.5"), [], {}]:
            if type(value) in (scalar.usual, *get_args(scalar.usual), scalar.news):
                assert told(scalar.make or _same, value) == told(scalar.accept, value)
            elif scalar.always:
                with pytest.raises(ValueError, match="expected"):
                    scalar.accept(value)


def told(read: Callable[[Any], object], value: object) -> object:
    try:
        return read(value)
    except ValueError as problem:
        return str(problem)


def _same(value: object) -> object:
    return value


@pytest.mark.parametrize("kind", [list, dict[str, str], tuple[str, ...], float, str | Decimal, EventName, None, Any])
def test_what_is_no_scalar_is_told(kind: Any) -> None:
    assert scalars.scalar_of(kind) is None


def test_so_many_decimals_are_remembered_and_no_more() -> None:
    decimals = scalars._Decimals(Decimal)
    for number in range(scalars._REMEMBERED + 10):
        assert decimals[f"{number}.0"] == number
    assert len(decimals) == scalars._REMEMBERED
    assert decimals["0.0"] is decimals["0.0"]
    assert str(decimals["0.00"]) == "0.00"


def test_what_is_refused_is_not_remembered() -> None:
    decimals = scalars._Decimals(scalars._amount)
    for _ in range(2):
        with pytest.raises(ValueError, match="a decimal number was expected"):
            decimals["NaN"]
    assert not decimals
