"""What holds for every class of a ledger answer."""

import copy
import pickle
from decimal import Decimal
from typing import Any

import attrs
import pytest
from attrs.exceptions import FrozenInstanceError

from loyalty_async.models.ledger import EntryDetail, LedgerEntry
from loyalty_async.models.pages import LedgerPage
from loyalty_async.wire.converter import make_converter
from loyalty_async.wire.documents import decode_json
from tests._support.full_answer import CANARY, decoded, full_answer
from tests._support.ledger_json import FIELDS, models_in, with_unknown


def page() -> LedgerPage:
    """Return the full answer, with a field in every object that no class knows and that names a person."""
    document = with_unknown(decoded(), "new", {"mobile": CANARY, "list": [1]})
    return make_converter().structure(document, LedgerPage)


MODELS = list(models_in(page()))
NAMES = [type(model).__name__ for model in MODELS]
each_model = pytest.mark.parametrize("model", MODELS, ids=NAMES)


def test_the_models_looked_at_are_all_there_are_and_hold_something_unknown() -> None:
    assert {type(model) for model in MODELS} == FIELDS.keys()
    assert all(model.extra for model in MODELS)


@each_model
def test_nothing_in_a_repr_names_a_person(model: Any) -> None:
    shown = repr(model)
    assert type(model).__name__ in shown
    assert CANARY not in shown
    assert CANARY not in str(model)


def test_a_repr_still_says_what_an_entry_is() -> None:
    entry = page().entries[0]
    shown = repr(entry)
    assert "event_log_id=101" in shown
    assert "TransactionAdd" in shown
    assert "Decimal('20.10')" in shown


@each_model
def test_a_model_is_frozen(model: Any) -> None:
    for field in attrs.fields(type(model)):
        with pytest.raises(FrozenInstanceError):
            setattr(model, field.name, None)


@each_model
def test_a_model_has_no_room_for_attributes_that_are_not_its_own(model: Any) -> None:
    assert not hasattr(model, "__dict__")


@each_model
def test_a_model_is_hashable_although_its_extra_is_not(model: Any) -> None:
    (twin,) = (other for other in models_in(page()) if type(other) is type(model))
    assert twin is not model
    assert hash(twin) == hash(model)
    assert len({model, twin}) == 1


@each_model
def test_a_model_is_equal_to_another_of_the_same_values_only(model: Any) -> None:
    (twin,) = (other for other in models_in(page()) if type(other) is type(model))
    assert twin == model
    assert attrs.evolve(model, extra={}) != model
    for field in attrs.fields(type(model)):
        assert attrs.evolve(model, **{field.name: object()}) != model


@each_model
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])  # noqa: S301
def test_a_model_survives_copying_and_pickling(model: Any, again: Any) -> None:
    assert again(model) == model
    assert attrs.asdict(again(model)) == attrs.asdict(model)


@each_model
def test_a_model_is_made_by_keyword_only(model: Any) -> None:
    with pytest.raises(TypeError):
        type(model)(*(getattr(model, field.name) for field in attrs.fields(type(model))))


@each_model
def test_no_two_models_share_their_empty_extra(model: Any) -> None:
    required = {
        field.name: getattr(model, field.name) for field in attrs.fields(type(model)) if field.default is attrs.NOTHING
    }
    first, second = type(model)(**required), type(model)(**required)
    assert first.extra == second.extra == {}
    assert first.extra is not second.extra


def test_equal_rows_of_one_answer_are_equal_models_and_two_entries() -> None:
    document = decode_json(full_answer())
    document["ledgerEntries"] *= 2
    first, second = make_converter().structure(document, LedgerPage).entries
    assert first == second


def test_points_that_are_written_differently_are_equal_and_keep_their_writing() -> None:
    first, second = (EntryDetail(ledger_entry_type="CREDIT", points=Decimal(text)) for text in ("350.000", "350"))
    assert first == second
    assert hash(first) == hash(second)
    assert str(first.points) == "350.000"


def test_an_entry_without_details_has_empty_ones_and_not_none() -> None:
    created_at = page().entries[0].created_at
    entry = LedgerEntry(event_log_id=1, event_name="GenericEvent", created_at=created_at)
    assert entry.entry_details == ()
    assert entry.net_alternate_currencies_on_event == {}
