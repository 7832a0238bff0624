"""Every code of the documents has a class."""

import pytest

from loyalty_async.errors import (
    ApiError,
    AuthenticationError,
    IntervalTooLongError,
    InvalidIdentifierError,
    LimitTooLargeError,
    MemberNotFoundError,
    NoEntriesError,
    PendingEventsError,
    PermissionDeniedError,
    RateLimitedError,
    RequestRefusedError,
    UnavailableError,
)
from loyalty_async.protocol.codes import CODES, PENDING_CODES, TRANSIENT_CODES, meaning

SEED_002: dict[int, type[ApiError]] = {
    11012: InvalidIdentifierError,
    8013: InvalidIdentifierError,
    11029: LimitTooLargeError,
    11003: NoEntriesError,
    11007: RequestRefusedError,
    11008: RequestRefusedError,
    9003: UnavailableError,
    11028: RequestRefusedError,
    11027: RequestRefusedError,
    11025: RequestRefusedError,
    11026: RequestRefusedError,
}
"""getCustomerLedgerInfo, "API error codes"."""

REQUEST_LEVEL: dict[int, type[ApiError]] = {
    400: RequestRefusedError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: RequestRefusedError,
    405: RequestRefusedError,
    415: RequestRefusedError,
    429: RateLimitedError,
    461: UnavailableError,
    500: UnavailableError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
    517: RateLimitedError,
    520: UnavailableError,
    521: UnavailableError,
    1060: RequestRefusedError,
    1061: RequestRefusedError,
    1062: RequestRefusedError,
    1064: PermissionDeniedError,
    4000: PermissionDeniedError,
    4001: UnavailableError,
    310141: PermissionDeniedError,
    310144: PermissionDeniedError,
}
""""Errors and warnings", "Authorisation", "Connect+ troubleshooting", "Connected orgs: data scopes"."""

POINTS_LEDGER: dict[int, type[ApiError]] = {
    11001: RequestRefusedError,
    11002: PendingEventsError,
    11004: RequestRefusedError,
    11005: RequestRefusedError,
    11006: LimitTooLargeError,
    11009: RequestRefusedError,
    11010: IntervalTooLongError,
    11011: RequestRefusedError,
    11013: InvalidIdentifierError,
    11014: RequestRefusedError,
    11015: ApiError,
    11016: RequestRefusedError,
    11017: RequestRefusedError,
    11018: RequestRefusedError,
    11019: PermissionDeniedError,
    11021: RequestRefusedError,
    11023: RequestRefusedError,
    11024: RequestRefusedError,
    9004: PendingEventsError,
    9005: RequestRefusedError,
    9018: RequestRefusedError,
    9021: RequestRefusedError,
    9022: RequestRefusedError,
}
""""Points ledger", and the explode pages."""

MEMBERS: dict[int, type[ApiError]] = {
    8001: InvalidIdentifierError,
    8002: InvalidIdentifierError,
    8003: InvalidIdentifierError,
    8011: InvalidIdentifierError,
    8012: InvalidIdentifierError,
    8015: MemberNotFoundError,
    8016: MemberNotFoundError,
    8065: RequestRefusedError,
    8069: MemberNotFoundError,
    8089: MemberNotFoundError,
    8091: RequestRefusedError,
    8092: RequestRefusedError,
    8093: RequestRefusedError,
    8130: InvalidIdentifierError,
    885: RequestRefusedError,
    1212: RequestRefusedError,
    1213: RequestRefusedError,
    1214: RequestRefusedError,
    1215: RequestRefusedError,
    1216: RequestRefusedError,
    1217: RequestRefusedError,
    1632: MemberNotFoundError,
}
""""Status codes: customer", "Points expiry schedule"."""

DOCUMENTED = {**SEED_002, **REQUEST_LEVEL, **POINTS_LEDGER, **MEMBERS}


@pytest.mark.parametrize(("code", "kind"), DOCUMENTED.items())
@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_documented_code_has_its_class_at_any_http_status(code: int, kind: type[ApiError], status: int) -> None:
    found, sentence = meaning((code,), status)
    assert found is kind
    assert sentence


def test_no_code_is_mapped_without_a_document() -> None:
    assert set(CODES) - set(DOCUMENTED) <= {422}


def test_sentences_are_ours_plain_and_without_numbers_of_requests() -> None:
    for _, sentence in CODES.values():
        assert sentence[0].islower()
        assert not sentence.endswith(".")
        assert "%" not in sentence
        assert "{" not in sentence


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, RequestRefusedError),
        (429, RateLimitedError),
        (504, UnavailableError),
        (599, UnavailableError),
        (301, RequestRefusedError),
        (308, RequestRefusedError),
        (200, ApiError),
        (418, ApiError),
    ],
)
@pytest.mark.parametrize("codes", [(), (123456,), (201,)])
def test_without_a_known_code_the_http_status_decides(
    codes: tuple[int, ...], status: int, kind: type[ApiError]
) -> None:
    assert meaning(codes, status)[0] is kind


def test_a_code_counts_more_than_the_http_status() -> None:
    assert meaning((8015,), 500)[0] is MemberNotFoundError


def test_the_first_known_code_of_several_counts() -> None:
    assert meaning((123456, 11003, 8015), 400)[0] is NoEntriesError


@pytest.mark.parametrize("code", [429, 461, 502, 503, 504, 520, 521, 4001, 11002])
def test_what_the_documents_call_passing_is_transient(code: int) -> None:
    assert code in TRANSIENT_CODES


@pytest.mark.parametrize("code", sorted(SEED_002.keys() | {401, 403, 404, 4000, 8015, 11010}))
def test_what_will_be_refused_again_is_not_transient(code: int) -> None:
    assert code not in TRANSIENT_CODES


def test_pending_events_are_transient() -> None:
    assert {11002, 9004} == PENDING_CODES
    assert PENDING_CODES <= TRANSIENT_CODES
