from __future__ import annotations

import pytest

from loyalty_async.sandbox.paths import LEDGER_BALANCE_PATH, LEDGER_INFO_PATH, LEDGER_INFO_SCOPED_PATH
from loyalty_async.sandbox.records import DEFAULT_ORGANISATION
from loyalty_async.sandbox.sandboxes import Sandbox
from loyalty_async.sandbox.settings import Settings
from tests.sandbox.calls import NOON, ask, codes, get, ids, open_world

OWN = DEFAULT_ORGANISATION.org_id
FIRST, SECOND, THIRD = DEFAULT_ORGANISATION.connected


@pytest.fixture
def sandbox() -> Sandbox:
    sandbox, member = open_world(order="oldest")
    for number, org_id in enumerate((None, OWN, FIRST, SECOND, THIRD)):
        sandbox.ledger.add_entry(member.user_id, created_at=NOON, event_log_id=number, org_id=org_id)
    return sandbox


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, [0, 1]),
        ({"data-scope": "SELF"}, [0, 1]),
        ({"data-scope": "OTHER", "data-scope-org": str(FIRST)}, [2]),
        ({"data-scope": "OTHER", "data-scope-org": f"{FIRST},{THIRD}"}, [2, 4]),
    ],
)
def test_a_data_scope_selects_organisations(sandbox: Sandbox, headers: dict[str, str], expected: list[int]) -> None:
    """In v2.1; SELF unless told."""
    assert ids(get(sandbox, LEDGER_INFO_SCOPED_PATH, headers)) == expected


def test_v2_knows_no_data_scope(sandbox: Sandbox) -> None:
    """It sees all, and looks at no header."""
    wrong = {"data-scope": "OTHER", "data-scope-org": "1"}
    assert ids(get(sandbox, LEDGER_INFO_PATH, wrong)) == [0, 1, 2, 3, 4]
    assert codes(get(sandbox, LEDGER_INFO_SCOPED_PATH, wrong)) == [310144]


def test_a_group_has_no_root_that_names_it() -> None:
    """Its rows name who made them, or nobody."""
    sandbox, member = open_world()
    other = sandbox.ledger.add_member(user_id=7002)
    group = sandbox.ledger.add_group([member.user_id, other.user_id], group_id=55, roles=["owner", "driver"])
    for actor in (*group.members, None):
        sandbox.ledger.add_entry(group.owner_id, created_at=NOON, event_log_id=9, points=1, actor=actor)
    answer = ask(sandbox, type="USERGROUP2", identifierValue="55")
    assert "customerDetails" not in answer
    assert ids(answer) == [9, 9, 9]
    assert [entry["customerId"] for entry in answer["ledgerEntries"]] == [-55, -55, -55]
    assert [entry["customerDetails"] for entry in answer["ledgerEntries"]] == [
        {
            "firstName": "Test",
            "lastName": "Member",
            "identifier": {"type": "mobile", "value": each.member.mobile, "role": each.role},
            "userId": str(each.member.user_id),
        }
        for each in group.members
    ] + [None]
    assert codes(ask(sandbox, type="FLEET", identifierValue="55")) == [8015]


@pytest.mark.parametrize(
    ("miscount", "total", "pages"), [(0, 5, 3), (1, 6, 3), (2, 7, 4), (-1, 4, 2), (-5, 0, 0), (-9, 0, 0)]
)
def test_a_server_may_miscount(sandbox: Sandbox, miscount: int, total: int, pages: int) -> None:
    """Total and page count agree with each other, and the entries are as they were."""
    sandbox.settings = Settings(require_auth=False, order="oldest", miscount=miscount)
    first, last = ask(sandbox, limit=2), ask(sandbox, limit=2, offset=2)
    assert (ids(first), ids(last)) == ([0, 1], [4])
    for answer in (first, last):
        assert answer["ledgerDetails"]["totalEntries"] == total
        assert answer["ledgerDetails"]["pageCount"] == pages
    assert codes(ask(sandbox, limit=2, offset=3)) == [11003]


def test_only_pages_are_miscounted(sandbox: Sandbox) -> None:
    """A balance counts right."""
    sandbox.settings = Settings(require_auth=False, miscount=7)
    assert get(sandbox, LEDGER_BALANCE_PATH)["ledgerDetails"]["totalEntries"] == 5


def test_concepts_come_if_they_are_asked_for(sandbox: Sandbox) -> None:
    """-1 for a till without one, and no name where there is none; pages with and without them do not mix."""
    for number, till in enumerate((*DEFAULT_ORGANISATION.tills, None), start=10):
        sandbox.ledger.add_entry(7001, created_at=NOON, event_log_id=number, till=till)
    plain = ask(sandbox, limit=20)["ledgerEntries"]
    told = ask(sandbox, limit=20, includeConceptDetails="true")["ledgerEntries"][5:]
    assert [(entry["conceptId"], entry.get("conceptName")) for entry in told] == [
        (8101, "Everyday"),
        (8102, "Card"),
        (8103, None),
        (8102, "Card"),
        (-1, None),
        (-1, None),
    ]
    assert all("conceptName" not in entry for entry in (*plain, told[2], told[4]))
    assert ask(sandbox, limit=20)["ledgerEntries"] == plain
