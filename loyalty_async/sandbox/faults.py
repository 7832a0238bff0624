"""Scripted faults: which requests they hit, and what happens to those.

A fault is frozen and JSON-able, so that it can be set through the control endpoint:
`{"status": 429, "headers": {"Retry-After": "2"}, "every": 10, "times": null}`.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, Literal, get_args

import attrs

from loyalty_async.sandbox.answers import JSON, Reply, encode, error_body
from loyalty_async.sandbox.paths import LEDGER_INFO_PATH

Damage = Literal["html", "truncated", "empty", "wrong_types", "nan"]

_HTML: Final = "text/html"
_GATEWAY_PAGE: Final = b"<html><head><title>%d</title></head><body><center><h1>%d</h1></center></body></html>"
_MESSAGES: Final = {
    521: "Multiple actions running for the same customer, try later",
    4001: "Authorization status unavailable!",
    11002: "Customer has pending events, ledger may be incomplete. Please retry after some time",
}


def _whole(_fault: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{field.name} is a whole number of zero or more")


def _optional_whole(_fault: object, field: attrs.Attribute[Any], value: object) -> None:
    if value is not None:
        _whole(_fault, field, value)


def _positive(_fault: object, field: attrs.Attribute[Any], value: object) -> None:
    _whole(_fault, field, value)
    if value == 0:
        raise ValueError(f"{field.name} is at least 1")


def _amount(_fault: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < math.inf:
        raise ValueError(f"{field.name} is a number of zero or more")


def _share(_fault: object, field: attrs.Attribute[Any], value: object) -> None:
    _amount(_fault, field, value)
    if isinstance(value, int | float) and value > 1:
        raise ValueError(f"{field.name} is at most 1")


def _texts(_fault: object, field: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for item in value.items() for text in item):
        raise ValueError(f"{field.name} is an object of strings")


_optional_text = attrs.validators.optional(attrs.validators.instance_of(str))


@attrs.frozen(kw_only=True)
class Fault:
    """Let something go wrong for some requests.

    Which requests: those to `path` with the query parameters of `where`; of these not the first `skip`, then each
    `every`-th, each with `probability`, and `times` in all.

    What happens: first the delay. Then, instead of the right answer, the first of these that is set: an error envelope
    with `code`, the raw `body`, a gateway's HTML page with `status`. If none is set the request is answered (as if it
    had the parameters of `query`), and the answer gets the `warning`, the merge `patch` (RFC 7396) and the `damage`.
    What is done to JSON is not done to an answer in XML.

    Attributes:
        path: Beginning of the path; "/" for every request that is not the control's.
        where: Query parameters that the request must have, with these values.
        skip: How many matching requests to leave alone first.
        every: 1 for each matching request after that, 3 for the first, fourth, seventh, ...
        probability: Of those, with the sandbox's seeded generator.
        times: How often in all; None for ever.
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

    path: str = attrs.field(default=LEDGER_INFO_PATH, validator=attrs.validators.instance_of(str))
    where: Mapping[str, str] = attrs.field(factory=dict, validator=_texts)
    skip: int = attrs.field(default=0, validator=_whole)
    every: int = attrs.field(default=1, validator=_positive)
    probability: float = attrs.field(default=1.0, validator=_share)
    times: int | None = attrs.field(default=1, validator=_optional_whole)
    delay_s: float = attrs.field(default=0.0, validator=_amount)
    jitter_s: float = attrs.field(default=0.0, validator=_amount)
    status: int | None = attrs.field(default=None, validator=_optional_whole)
    headers: Mapping[str, str] = attrs.field(factory=dict, validator=_texts)
    code: int | None = attrs.field(default=None, validator=_optional_whole)
    message: str | None = attrs.field(default=None, validator=_optional_text)
    body: str | None = attrs.field(default=None, validator=_optional_text)
    query: Mapping[str, str] = attrs.field(factory=dict, validator=_texts)
    warning: int | None = attrs.field(default=None, validator=_optional_whole)
    patch: dict[str, Any] | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.instance_of(dict))
    )
    damage: Damage | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.in_(get_args(Damage)))
    )

    @classmethod
    def from_json(cls, fields: object) -> Fault:
        """Read a fault from decoded JSON.

        Raises:
            ValueError: A field is unknown, or has a value that it cannot have.
        """
        if not isinstance(fields, dict):
            raise ValueError("a fault is a JSON object")  # noqa: TRY004 - one kind of error for everything that a caller can send
        unknown = fields.keys() - attrs.fields_dict(cls).keys()
        if unknown:
            raise ValueError(f"a fault has no field {min(unknown)}")
        try:
            return cls(**fields)
        except (TypeError, ValueError) as error:
            raise ValueError(error.args[0]) from error

    def matches(self, path: str, query: Mapping[str, str]) -> bool:
        """Whether a request is of the kind that this fault hits."""
        return path.startswith(self.path) and all(query.get(name) == value for name, value in self.where.items())

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
        return self == Fault(**{name: getattr(self, name) for name in _AIM})


_AIM: Final = ("path", "where", "skip", "every", "probability", "times", "delay_s", "jitter_s")


@attrs.define
class _Counter:
    fault: Fault
    only_delays: bool
    seen: int = 0
    fired: int = 0

    def hit(self, rng: random.Random) -> bool:
        """Count a matching request, and say whether it is hit."""
        fault = self.fault
        seen, self.seen = self.seen - fault.skip, self.seen + 1
        if seen < 0 or seen % fault.every or (fault.times is not None and self.fired >= fault.times):
            return False
        if fault.probability < 1.0 and rng.random() >= fault.probability:
            return False
        self.fired += 1
        return True


class FaultScript:
    """The faults of a sandbox, in order: a request is hit by the first that applies, after those that only delay it."""

    def __init__(self, faults: Iterable[Fault] = (), *, seed: int = 0) -> None:
        self._rng = random.Random(seed)
        self._counters: list[_Counter] = []
        self.add(*faults)

    def add(self, *faults: Fault) -> None:
        """Put faults at the end of the script."""
        self._counters.extend(_Counter(fault, fault.only_delays) for fault in faults)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._counters.clear()

    def take(self, path: str, query: Mapping[str, str]) -> tuple[Fault | None, float]:
        """Count a request, and give the fault that hits it, if one does, with the seconds to wait."""
        delay_s = 0.0
        for counter in self._counters:
            fault = counter.fault
            if not fault.matches(path, query) or not counter.hit(self._rng):
                continue
            delay_s += fault.delay_s + (self._rng.uniform(0.0, fault.jitter_s) if fault.jitter_s else 0.0)
            if not counter.only_delays:
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
