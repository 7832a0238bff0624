"""Every documented code, to its class and a sentence of ours.

Sources: the error tables of getCustomerLedgerInfo, getLedgerExplodeInfo and promisedPointsSchedule; the pages "Errors
and warnings", "Points ledger", "Status codes: customer", "Authorisation" and "Connect+ troubleshooting". The server's
own words may quote what was sent, so they never become part of an error's text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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

__all__ = ["ALTCRAFT_CODES", "CODES", "PENDING_CODES", "TRANSIENT_CODES", "Meanings", "meaning"]

TRANSIENT_CODES = frozenset({429, 461, 502, 503, 504, 517, 520, 521, 4001, 9004, 11002})
"""HTTP statuses and codes of conditions that pass: the wording of the pages, and Connect+'s own retry lists."""

PENDING_CODES = frozenset({11002, 9004})
"""The server has not booked everything yet, or could not fetch everything: as an error or as a warning."""

_REDIRECTS = range(300, 400)
_SERVER_ERRORS = range(500, 600)

_Meaning = tuple[type[ApiError], str]
Meanings = Mapping[int, _Meaning]
"""Codes to their class and sentence."""

CODES: Meanings = {
    400: (RequestRefusedError, "the input is invalid"),
    401: (AuthenticationError, "the credentials or the token were not accepted"),
    403: (PermissionDeniedError, "access is denied, or a mandatory field is missing"),
    404: (RequestRefusedError, "the resource was not found; check the base URL"),
    405: (RequestRefusedError, "the method is not allowed"),
    415: (RequestRefusedError, "the content type is not supported"),
    422: (RequestRefusedError, "a value cannot be processed"),
    429: (RateLimitedError, "the quota is used up"),
    461: (UnavailableError, "the search engine is busy"),
    500: (UnavailableError, "the server failed"),
    502: (UnavailableError, "the gateway got no good answer"),
    503: (UnavailableError, "the service is unavailable"),
    504: (UnavailableError, "the gateway timed out"),
    517: (RateLimitedError, "the quota for this user is used up"),
    520: (UnavailableError, "the server behind the gateway failed"),
    521: (UnavailableError, "another action is running for this customer, or the server is down"),
    885: (RequestRefusedError, "the program id is invalid"),
    1060: (RequestRefusedError, "the batch is larger than allowed"),
    1061: (RequestRefusedError, "the attribution lookup type header is missing"),
    1062: (RequestRefusedError, "the attribution lookup is invalid"),
    1064: (PermissionDeniedError, "the organisation id is invalid"),
    1212: (RequestRefusedError, "the entity type is invalid"),
    1213: (RequestRefusedError, "a parameter of the schedule is invalid"),
    1214: (RequestRefusedError, "the start date lies after the end date"),
    1215: (RequestRefusedError, "a date lies in the past"),
    1216: (RequestRefusedError, "a date is not in the format YYYY-MM-DD"),
    1217: (RequestRefusedError, "a date lies more than 100 years ahead"),
    1632: (MemberNotFoundError, "the user group was not found"),
    4000: (PermissionDeniedError, "the access group does not reach this resource"),
    4001: (UnavailableError, "the authorisation service is unavailable"),
    8001: (InvalidIdentifierError, "no source was given"),
    8002: (InvalidIdentifierError, "no identifier was given"),
    8003: (InvalidIdentifierError, "the source is invalid"),
    8011: (InvalidIdentifierError, "the account of the source is missing or invalid"),
    8012: (InvalidIdentifierError, "the account of the source is missing or invalid"),
    8013: (InvalidIdentifierError, "the identifier's name or value is invalid"),
    8015: (MemberNotFoundError, "no member has this identifier"),
    8016: (MemberNotFoundError, "no member has this identifier"),
    8065: (RequestRefusedError, "the lookup failed"),
    8069: (MemberNotFoundError, "the member was merged into another"),
    8089: (MemberNotFoundError, "the member is not in the loyalty programme"),
    8091: (RequestRefusedError, "the lookup failed"),
    8092: (RequestRefusedError, "the lookup failed"),
    8093: (RequestRefusedError, "the lookup failed"),
    8130: (InvalidIdentifierError, "the lookup parameters are invalid"),
    9003: (UnavailableError, "the ledger data could not be fetched, or there is none for this points type"),
    9004: (PendingEventsError, "the ledger data was fetched in part"),
    9005: (RequestRefusedError, "an alternate currency's name is invalid"),
    9018: (RequestRefusedError, "the alternate currency was not found"),
    9021: (RequestRefusedError, "an event id is invalid"),
    9022: (RequestRefusedError, "an event reference id is invalid"),
    11001: (RequestRefusedError, "this combination of parameters is not supported"),
    11002: (PendingEventsError, "the member has events that are not booked yet"),
    11003: (NoEntriesError, "there are no entries for these parameters"),
    11004: (RequestRefusedError, "the till id is invalid"),
    11005: (RequestRefusedError, "the program id is invalid"),
    11006: (LimitTooLargeError, "a page cannot hold more than 10 entries"),
    11007: (RequestRefusedError, "the ledger entry type is invalid"),
    11008: (RequestRefusedError, "the point category type is invalid"),
    11009: (RequestRefusedError, "the start date lies after the end date"),
    11010: (IntervalTooLongError, "the dates lie more than 90 days apart"),
    11011: (RequestRefusedError, "a date is not in the format YYYY-MM-DDTHH:MM:SS"),
    11012: (InvalidIdentifierError, "the user id is invalid"),
    11013: (InvalidIdentifierError, "the identifier's name, value or source is empty"),
    11014: (RequestRefusedError, "the event name is unknown, or there are more than 10 events"),
    11015: (ApiError, "the event's detail could not be prepared"),
    11016: (RequestRefusedError, "there is no detail for this event"),
    11017: (RequestRefusedError, "an event id is not numeric"),
    11018: (RequestRefusedError, "no user has these roles"),
    11019: (PermissionDeniedError, "the organisation does not record source values"),
    11021: (RequestRefusedError, "event ids and event references were both given"),
    11023: (RequestRefusedError, "either event ids, or an event name with references, must be given"),
    11024: (RequestRefusedError, "there is no detail for this event"),
    11025: (RequestRefusedError, "a till id is not numeric"),
    11026: (RequestRefusedError, "the store has no tills"),
    11027: (RequestRefusedError, "a till id is invalid"),
    11028: (RequestRefusedError, "only one of till id, till ids, store code and store id may be given"),
    11029: (LimitTooLargeError, "a page cannot hold more than 100 entries"),
    310141: (PermissionDeniedError, "this data scope is not supported here"),
    310144: (PermissionDeniedError, "the organisation in the headers is not connected"),
}

ALTCRAFT_CODES: Meanings = {
    **{code: CODES[code] for code in (404, 429, 500, 502, 503, 504)},
    400: (RequestRefusedError, "the request is incorrect"),
    401: (AuthenticationError, "the API token is missing or was not accepted"),
    402: (RateLimitedError, "the limit of the tariff is reached"),
    403: (PermissionDeniedError, "the token does not reach this resource"),
    440: (ApiError, "the server refused the request with a code that its documents do not explain"),
}
"""Altcraft, "API interaction"; its table is known in part."""


def meaning(codes: Sequence[int], status: int, meanings: Meanings = CODES) -> _Meaning:
    """Find the class and the sentence for an answer: its first known code, else its HTTP status, else neither."""
    for code in codes:
        if code in meanings:
            return meanings[code]
    if status in CODES:
        return CODES[status]
    if status in _SERVER_ERRORS:
        return UnavailableError, "the server failed"
    if status in _REDIRECTS:
        return RequestRefusedError, "the server redirects; check the base URL, redirects are not followed"
    return ApiError, "the server refused the request"
