from __future__ import annotations

import pytest

from loyalty_async.sandbox.records import DEFAULT_ORGANISATION
from loyalty_async.sandbox.refusals import Refusal
from loyalty_async.sandbox.scopes import read_scope
from loyalty_async.sandbox.settings import Settings

OWN = DEFAULT_ORGANISATION.org_id
FIRST, SECOND, THIRD = DEFAULT_ORGANISATION.connected


def read(scope: str | None, org: str | None = None, **settings: bool) -> frozenset[int | None]:
    given = {"data-scope": scope, "data-scope-org": org}
    headers = {name: value for name, value in given.items() if value is not None}
    return read_scope(headers, DEFAULT_ORGANISATION, Settings(**settings))  # type: ignore[arg-type]


@pytest.mark.parametrize("scope", [None, "SELF"])
def test_self_is_the_organisation_and_what_names_none(scope: str | None) -> None:
    """An organisation's id is neither needed nor looked at."""
    assert read(scope) == read(scope, "5") == {None, OWN}


def test_others_are_named() -> None:
    """One or two, with or without a space, in either spelling of the header."""
    assert read("OTHER", str(FIRST)) == {FIRST}
    assert read("OTHER", f"{FIRST}, {THIRD}") == {FIRST, THIRD}
    headers = {"data-scope": "OTHER", "data-scope-orgs": str(SECOND)}
    assert read_scope(headers, DEFAULT_ORGANISATION, Settings()) == {SECOND}


def test_all_is_both_where_it_is_supported() -> None:
    """A switch: the documents say that some APIs refuse it."""
    assert read("ALL", str(FIRST), refuses_scope_all=False) == {None, OWN, FIRST}


@pytest.mark.parametrize(
    ("scope", "org", "settings", "code"),
    [
        ("ALL", str(FIRST), {}, 310141),
        ("ALL", None, {"refuses_scope_all": False}, 310144),
        ("OTHER", None, {}, 310144),
        ("OTHER", "", {}, 310144),
        ("OTHER", "5", {}, 310144),
        ("OTHER", f"{FIRST},5", {}, 310144),
        ("OTHER", f"{FIRST},x", {}, 310144),
        ("OTHER", f"{FIRST},{SECOND},{THIRD}", {}, 310144),
        ("OTHER", str(OWN), {}, 310144),
        ("self", None, {}, 310144),
    ],
)
def test_what_is_not_set_properly_is_refused(scope: str, org: str | None, settings: dict[str, bool], code: int) -> None:
    """Unknown organisations, too many, none, or no such scope."""
    with pytest.raises(Refusal) as refused:
        read(scope, org, **settings)
    assert refused.value.code == code
