from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from loyalty_async import Customer, LedgerEntry, Member, UserGroup
from loyalty_async.export.members import Listed
from loyalty_async.export.units import Recent, Spool, Unit, member_key

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def entry(event_log_id: int, hours: float, customer_id: int = 1) -> LedgerEntry:
    return LedgerEntry(
        event_log_id=event_log_id, event_name="X", created_at=NOON + hours * HOUR, customer_id=customer_id
    )


def unit(written_until: datetime | None, kept_from: datetime, recent: bytes = b"") -> Unit:
    return Unit(
        listed=Listed(Customer.by_id(1, source="INSTORE"), 1),
        key=b"",
        since=None,
        written_until=written_until,
        kept_from=kept_from,
        spool=Spool(10),
        recent=Recent.after(recent),
    )


def test_a_key_tells_members_apart_and_says_nothing_of_them() -> None:
    members: list[Member] = [
        Customer.by_id(1, source="INSTORE"),
        Customer.by_id(1, source="WEBSITE"),
        Customer.by_id(1, source="INSTORE", account_id=2),
        Customer.by_external_id(1, source="INSTORE"),
        UserGroup.by_id(1, source="INSTORE"),
        UserGroup.by_id(1, source="INSTORE", entity_type="FLEET"),
    ]
    keys = {member_key(member, b"secret") for member in members}
    assert len(keys) == len(members)
    assert {len(key) for key in keys} == {16}
    assert member_key(members[0], b"another") not in keys
    assert member_key(Customer.by_id("1", source="INSTORE"), b"secret") in keys


def test_lines_come_back_whole_from_memory_and_from_a_file(tmp_path: Path) -> None:
    spool = Spool(100, tmp_path)
    lines = [b"%d\n" % number for number in range(300_000)]
    for line in lines:
        spool.add(line)
    blocks = list(spool.blocks())
    assert b"".join(blocks) == b"".join(lines)
    assert len(blocks) > 1
    assert all(block.endswith(b"\n") for block in blocks)
    assert spool.size == sum(map(len, lines))
    assert list(tmp_path.iterdir()) == []  # The file has no name.
    spool.close()


def test_a_first_run_takes_everything_and_remembers_its_end() -> None:
    first = unit(None, NOON)
    entries = [entry(1, -2), entry(2, 0), entry(3, 1)]
    assert first.new(entries[:1]) == entries[:1]
    assert first.new(entries[1:]) == entries[1:]
    assert len(first.recent.kept) == 16


def test_a_next_run_takes_what_is_new_and_what_was_booked_late() -> None:
    first = unit(None, NOON)
    first.new([entry(1, -2), entry(2, 0), entry(3, 1)])
    later = unit(NOON + 2 * HOUR, NOON + 3 * HOUR, bytes(first.recent.kept))
    late, new = entry(9, 0.5), entry(10, 2)
    assert later.new([entry(2, 0), late, entry(3, 1), new]) == [late, new]
    assert later.recent.kept == b""


def test_equal_rows_are_counted() -> None:
    first = unit(None, NOON)
    first.new([entry(1, 0), entry(1, 0), entry(1, 0, customer_id=2)])
    later = unit(NOON + HOUR, NOON + HOUR, bytes(first.recent.kept))
    assert later.new([entry(1, 0)] * 3 + [entry(1, 0, customer_id=2)]) == [entry(1, 0)]
