"""A page says how many entries it holds, and nothing of what is in them."""

from loyalty_async.models.pages import LedgerPage, Paging, ServerWarning
from loyalty_async.wire.converter import make_converter
from loyalty_async.wire.documents import decode_json
from tests._support.full_answer import CANARY, full_answer
from tests.samples import as_printed, entries_of, samples

PAGING = Paging(page_number=0, page_size=10, total_entries=34, page_count=4)


def test_the_repr_of_a_page_counts_its_entries_instead_of_showing_them() -> None:
    for name in samples():
        page = make_converter().structure(decode_json(as_printed(name)), LedgerPage)
        assert f"entries=<{len(entries_of(as_printed(name)))}>" in repr(page)
        assert "LedgerEntry" not in repr(page)


def test_the_repr_of_a_page_shows_its_paging() -> None:
    assert "page_number=0, page_size=10, total_entries=34, page_count=4" in repr(LedgerPage(paging=PAGING))


def test_a_warnings_words_stay_out_of_its_repr_and_its_code_does_not() -> None:
    warning = ServerWarning(code=9018, message=f"currency of {CANARY} not found", status=False)
    assert "9018" in repr(warning)
    assert CANARY not in repr(warning)


def test_a_user_groups_page_has_no_owner() -> None:
    page = make_converter().structure(decode_json(as_printed("user_group")), LedgerPage)
    assert page.owner is None


def test_entries_stay_in_the_servers_order() -> None:
    for name in samples():
        page = make_converter().structure(decode_json(as_printed(name)), LedgerPage)
        printed = [entry["eventLogId"] for entry in entries_of(as_printed(name))]
        assert [entry.event_log_id for entry in page.entries] == printed


def test_the_details_of_a_warning_are_read() -> None:
    (warning,) = make_converter().structure(decode_json(full_answer()), LedgerPage).warnings
    assert (warning.code, warning.message, warning.status) == (9018, f"currency of {CANARY} not found", False)
