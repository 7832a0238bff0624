from __future__ import annotations

import pytest

from tests.cli.conftest import Run

SECRETS = ("hunter2", "917406401004")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("ledger", "give --member or --group"),
        ("ledger --member", "--member is missing, or has no value; see loyalty-async ledger --help"),
        ("explode --event-id", "--event-id is missing, or has no value; see loyalty-async explode --help"),
        ("account-balance --by email=917406401004", "--program-id is missing"),
        ("account-balance --program-id 1 --by id=1 --token hunter2", "there is no option --token"),
        ("balance --member id=1 --password hunter2", "there is no option --password"),
        ("ledger --member id=1 --secret hunter2", "there is no option --secret"),
        ("ledger --member id=1 --secret=hunter2", "there is no option --secret"),
        ("ledger --membre mobile=917406401004 --member id=1", "there is no option --membre"),
        ("ledger --member id=1 -phunter2", "there is no"),
        ("ledger --member id=1 --917406401004", "there is no such option"),
        ("ledger 917406401004 --member id=1", "there is a word too many"),
        ("ledger --member id=1 --member id=917406401004", "--member was given twice"),
        ("ledger --member id=1 --program-id hunter2", "--program-id must be a whole number"),
        ("ledger --member id=1 --format hunter2", "--format must be one of jsonl, table"),
        ("sandbox --years hunter2", "--years must be a number"),
        ("917406401004", "there is no such command; see loyalty-async --help"),
        ("--secret hunter2", "there is no"),
    ],
)
def test_a_wrong_command_line_is_told_without_what_was_typed(typed: str, said: str, run: Run) -> None:
    finished = run(*typed.split())
    assert finished.code == 2
    assert finished.out == ""
    assert finished.err.count("\n") == 1
    assert said in finished.err
    assert not any(secret in finished.err for secret in SECRETS)
