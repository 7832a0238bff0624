"""The API's words."""

import attrs
import pytest

import loyalty_async
from loyalty_async.models.ledger import LedgerEntry
from loyalty_async.models.pages import LedgerPage
from loyalty_async.wire.names import _IRREGULAR, wire_name
from tests._support.ledger_json import FIELDS


@pytest.mark.parametrize("model", FIELDS)
def test_every_attribute_of_a_ledger_model_has_the_documents_name(model: type) -> None:
    assert {key: wire_name(attribute, model) for key, attribute in FIELDS[model].items()} == {
        key: key for key in FIELDS[model]
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("source", "source"),
        ("till_ids", "tillIds"),
        ("include_till_concept_events", "includeTillConceptEvents"),
        ("alternate_currency_names", "alternateCurrencyNames"),
    ],
)
def test_a_parameter_is_its_python_name_in_camel_case(name: str, expected: str) -> None:
    assert wire_name(name) == expected


def test_a_name_is_irregular_in_its_own_class_only() -> None:
    assert wire_name("created_at", LedgerEntry) == "ledgerCreatedDate"
    assert wire_name("created_at", LedgerPage) == "createdAt"
    assert wire_name("entries") == "entries"


@pytest.mark.parametrize(("model", "field"), _IRREGULAR)
def test_an_irregular_name_is_that_of_a_field_of_a_model(model: str, field: str) -> None:
    assert field in attrs.fields_dict(getattr(loyalty_async, model))
