"""Spans and metrics for OpenTelemetry. Needs the extra `otel`, and an SDK that sends them somewhere.

Names are those of the semantic conventions for HTTP clients, version 1.44.0 (pages "Semantic conventions for HTTP
spans" and "Semantic conventions for HTTP metrics"), with one exception: `url.full`, which they require, would name
members, so `url.template` stands in its place. What they have no name for begins with `loyalty_async.`.

The instrumentation of httpx that OpenTelemetry's contributors offer sees the requests of this library, too, and records
their full URLs. Where it is on, keep it away from them: `OTEL_PYTHON_HTTPX_EXCLUDED_URLS`.
"""

from __future__ import annotations

from collections import Counter as Sum
from collections.abc import Iterable
from typing import TYPE_CHECKING
from weakref import WeakSet

import attrs

from loyalty_async.client import AltcraftClient, CapillaryClient
from loyalty_async.errors import NoEntriesError
from loyalty_async.models.hooks import RequestDetails

try:
    from opentelemetry import metrics, trace
except ImportError as _absent:
    raise ImportError("loyalty_async.otel needs an extra: pip install 'loyalty-async[otel]'") from _absent

if TYPE_CHECKING:
    from opentelemetry.util.types import AttributeValue

__all__ = ["Telemetry"]

_SCOPE = "loyalty_async"
_SCHEMA = "https://opentelemetry.io/schemas/1.44.0"
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""The conventions' boundaries for `http.client.request.duration`."""
_WELL = ("ok", NoEntriesError.__name__)
"""That a ledger has no entries in a span is an answer; the conventions leave it to those who know to say so."""
_NS = 1_000_000_000


class Telemetry:
    """A hook that records a span and metrics for each request; one for all clients of a process.

    Spans, `{method} {path template}` of kind CLIENT: one for each request, sent again or not, as a child of whatever
    span the task of the call is in. They last from the sending to the last byte of the answer, and begin and end when
    the request did, but are recorded after it: nothing travels to the server. A request that ends in an error or is
    cancelled has the status ERROR, and in `error.type` the name of the error's class or `cancelled`.

    Metrics: `http.client.request.duration`, whose count by `error.type` is that of the requests by outcome;
    `loyalty_async.retries`; `loyalty_async.paused`, the seconds by which answers put off all requests; and for the
    clients given to `observe` also `loyalty_async.in_flight` and `loyalty_async.waiting`, by lane.
    """

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        """Make the instruments.

        Args:
            tracer_provider: Where spans go; None takes the process's own.
            meter_provider: Where metrics go; None takes the process's own.
        """
        self._tracer = trace.get_tracer(_SCOPE, tracer_provider=tracer_provider, schema_url=_SCHEMA)
        meter = metrics.get_meter(_SCOPE, meter_provider=meter_provider, schema_url=_SCHEMA)
        self._clients: WeakSet[CapillaryClient | AltcraftClient] = WeakSet()
        self._duration = meter.create_histogram(
            "http.client.request.duration",
            "s",
            "Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_BUCKETS_S,
        )
        self._retries = meter.create_counter("loyalty_async.retries", "{request}", "Requests that were sent again.")
        self._paused = meter.create_counter("loyalty_async.paused", "s", "Time for which no request might be sent.")
        meter.create_observable_gauge(
            "loyalty_async.in_flight", [self._in_flight], "{request}", "Requests that are under way."
        )
        meter.create_observable_gauge(
            "loyalty_async.waiting", [self._waiting], "{request}", "Requests that wait for their turn."
        )

    def observe(self, client: CapillaryClient | AltcraftClient) -> None:
        """Record what a client has in flight and waiting, too, for as long as it exists.

        Clients of one server are added up. Give a client itself, not its views of other lanes: they share everything.
        """
        self._clients.add(client)

    def __call__(self, details: RequestDetails, /) -> None:
        """Record a request."""
        attributes = _attributes(details)
        self._record_span(details, attributes)
        self._duration.record(details.wire_s, attributes)
        if details.retry_in_s is not None:
            self._retries.add(1, attributes)
        if details.pause_s:
            self._paused.add(details.pause_s, attributes)

    def _record_span(self, details: RequestDetails, attributes: dict[str, AttributeValue]) -> None:
        span = self._tracer.start_span(
            f"{details.method} {details.endpoint}",
            kind=trace.SpanKind.CLIENT,
            attributes=attributes | _more_attributes(details),
            start_time=details.sent_at_ns,
        )
        if details.outcome not in _WELL:
            span.set_status(trace.StatusCode.ERROR)
        span.end(details.sent_at_ns + round(details.wire_s * _NS))

    def _in_flight(self, _: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
        sums = Sum[str]()
        for client in list(self._clients):
            stats = client.stats()
            sums[stats.server] += stats.in_flight
        return [metrics.Observation(number, {"server.address": server}) for server, number in sums.items()]

    def _waiting(self, _: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
        sums = Sum[tuple[str, str]]()
        for client in list(self._clients):
            stats = client.stats()
            for lane, number in attrs.asdict(stats.waiting).items():
                sums[stats.server, lane] += number
        return [
            metrics.Observation(number, {"server.address": server, "loyalty_async.lane": lane})
            for (server, lane), number in sums.items()
        ]


def _attributes(details: RequestDetails) -> dict[str, AttributeValue]:
    """Give what tells sorts of requests apart, for spans and metrics."""
    attributes: dict[str, AttributeValue] = {
        "http.request.method": details.method,
        "server.address": details.server,
        "server.port": details.port,
        "url.template": details.endpoint,
    }
    if details.status is not None:
        attributes["http.response.status_code"] = details.status
    if details.outcome not in _WELL:
        attributes["error.type"] = details.outcome
    return attributes


def _more_attributes(details: RequestDetails) -> dict[str, AttributeValue]:
    """Give what is each request's own, for spans only."""
    attributes: dict[str, AttributeValue] = {
        "loyalty_async.lane": details.lane,
        "loyalty_async.waited_s": details.waited_s,
        "loyalty_async.received_bytes": details.received_bytes,
    }
    if details.attempt > 1:
        attributes["http.request.resend_count"] = details.attempt - 1
    if details.codes:
        attributes["loyalty_async.codes"] = details.codes
    if details.retry_in_s is not None:
        attributes["loyalty_async.retry_in_s"] = details.retry_in_s
    if details.pause_s:
        attributes["loyalty_async.pause_s"] = details.pause_s
    return attributes
