"""Scripted faults: what goes wrong for the requests that they hit.

In JSON: `{"status": 429, "headers": {"Retry-After": "2"}, "every": 10, "times": null}`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, Literal, get_args

import attrs

from loyalty_async.sandbox.answers import JSON, Reply, encode, error_body
from loyalty_async.sandbox.scripts import Aim, Script, amount, optional_whole, texts

Damage = Literal["html", "truncated", "empty", "wrong_types", "nan"]

_HTML: Final = "text/html"
_GATEWAY_PAGE: Final = b"<html><head><title>%d</title></head><body><center><h1>%d</h1></center></body></html>"
_MESSAGES: Final = {
    521: "Multiple actions running for the same customer, try later",
    4001: "Authorization status unavailable!",
    11002: "Customer has pending events, ledger may be incomplete. Please retry after some time",
}


_optional_text = attrs.validators.optional(attrs.validators.instance_of(str))


@attrs.frozen(kw_only=True)
class Fault(Aim):
    """Let something go wrong for some requests: those of its aim that no fault before it has hit.

    What happens: first the delay. Then, instead of the right answer, the first of these that is set: an error envelope
    with `code`, the raw `body`, a gateway's HTML page with `status`. If none is set the request is answered (as if it
    had the parameters of `query`), and the answer gets the `warning`, the merge `patch` (RFC 7396) and the `damage`.
    What is done to JSON is not done to an answer in XML.

    Attributes:
        delay_s: Seconds to wait before the answer.
        jitter_s: Up to so many seconds more, seeded.
        status: HTTP status of the answer.
        headers: Sent beside the usual ones, for instance Retry-After.
        code: A business error's code.
        message: Its message; there is one for each documented transient code.
        body: The raw body.
        query: Query parameters to put in the place of the request's.
        warning: Code of a warning on an otherwise right answer.
        patch: Merged into an otherwise right answer.
        damage: What is done to the bytes of an otherwise right answer.
    """

    delay_s: float = attrs.field(default=0.0, validator=amount)
    jitter_s: float = attrs.field(default=0.0, validator=amount)
    status: int | None = attrs.field(default=None, validator=optional_whole)
    headers: Mapping[str, str] = attrs.field(factory=dict, validator=texts)
    code: int | None = attrs.field(default=None, validator=optional_whole)
    message: str | None = attrs.field(default=None, validator=_optional_text)
    body: str | None = attrs.field(default=None, validator=_optional_text)
    query: Mapping[str, str] = attrs.field(factory=dict, validator=texts)
    warning: int | None = attrs.field(default=None, validator=optional_whole)
    patch: dict[str, Any] | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.instance_of(dict))
    )
    damage: Damage | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.in_(get_args(Damage)))
    )

    def replacement(self, business_error_status: int) -> Reply | None:
        """Give the answer that stands in place of the right one, if there is one."""
        if self.code is not None:
            message = self.message or _MESSAGES.get(self.code, "Something went wrong")
            status = business_error_status if self.status is None else self.status
            return Reply(status=status, body=error_body(self.code, message), headers=self.headers)
        status = 200 if self.status is None else self.status
        if self.body is not None:
            return Reply(status=status, body=self.body.encode(), headers=self.headers)
        if self.status is None or self.damage is not None:
            return None
        return Reply(status=status, body=_GATEWAY_PAGE % (status, status), content_type=_HTML, headers=self.headers)

    def spoil(self, reply: Reply) -> Reply:
        """Give what is sent in place of an answer that was right."""
        patch = dict(self.patch or {})
        if self.warning is not None:
            message = self.message or _MESSAGES.get(self.warning, "Something may be missing")
            patch["warnings"] = [{"status": False, "code": self.warning, "message": message}]
        if patch and reply.content_type == JSON:
            merged = _merged(json.loads(reply.body, parse_float=Decimal), patch)
            reply = attrs.evolve(reply, body=encode(merged).encode())
        status = reply.status if self.status is None else self.status
        reply = attrs.evolve(reply, status=status, headers={**reply.headers, **self.headers})
        return reply if self.damage is None else _damaged(reply, self.damage)

    @property
    def only_delays(self) -> bool:
        """Whether another fault may hit the same request."""
        return self == Fault(**{name: getattr(self, name) for name in _HARMLESS})


_HARMLESS: Final = (*attrs.fields_dict(Aim), "delay_s", "jitter_s")


class FaultScript(Script[Fault]):
    """The faults of a sandbox, in order: a request is hit by the first that applies, after those that only delay it."""

    def take(self, path: str, query: Mapping[str, str]) -> tuple[Fault | None, float]:
        """Count a request, and give the fault that hits it, if one does, with the seconds to wait."""
        delay_s = 0.0
        for fault in self._hits(path, query):
            delay_s += fault.delay_s + (self._rng.uniform(0.0, fault.jitter_s) if fault.jitter_s else 0.0)
            if not fault.only_delays:
                return fault, delay_s
        return None, delay_s


def _merged(target: object, patch: object) -> object:
    """Apply a JSON merge patch (RFC 7396)."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged


def _damaged(reply: Reply, damage: Damage) -> Reply:
    match damage:
        case "html":
            return attrs.evolve(reply, body=_GATEWAY_PAGE % (reply.status, reply.status), content_type=_HTML)
        case "truncated":
            return attrs.evolve(reply, body=reply.body[: len(reply.body) * 2 // 3])
        case "empty":
            return attrs.evolve(reply, body=b"")
        case "wrong_types":
            return _with_first_value(reply, {"wrong": True})
        case "nan":
            return _with_first_value(reply, Decimal("NaN"))


_FIRST_VALUES: Final = {
    "ledgerEntries": "netPointsOnEvent",
    "events": "eventLogId",
    "promisedPointsScheduleList": "points",
}


def _with_first_value(reply: Reply, value: object) -> Reply:
    """Put a value where the first entry's net is, the first event's id or the first points; else the total's place."""
    if reply.content_type != JSON:
        return reply
    page = json.loads(reply.body, parse_float=Decimal)
    rows = next((name for name in _FIRST_VALUES if page.get(name)), None)
    if rows is not None:
        page[rows][0][_FIRST_VALUES[rows]] = value
    elif "ledgerDetails" in page:
        page["ledgerDetails"]["totalEntries"] = value
    else:
        page["data"] = value
    return attrs.evolve(reply, body=encode(page).encode())
