"""An SDK of OpenTelemetry that keeps everything in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

from loyalty_async.otel import Telemetry

_SCOPE = "loyalty_async"


class Recorder:
    """Records what a hook of its own tells.

    Attributes:
        hook: To be given to clients.
        tracer: Makes spans of an application around their calls.
    """

    def __init__(self) -> None:
        self._exporter, self._reader = InMemorySpanExporter(), InMemoryMetricReader()
        tracers = TracerProvider(shutdown_on_exit=False)
        tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        meters = MeterProvider([self._reader], shutdown_on_exit=False)
        self.hook: Telemetry = Telemetry(tracer_provider=tracers, meter_provider=meters)
        self.tracer: Tracer = tracers.get_tracer("application")

    def spans(self) -> list[ReadableSpan]:
        """Give the spans of the client, in the order in which they were recorded."""
        return [span for span in self._exporter.get_finished_spans() if _scope(span) == _SCOPE]

    def points(self) -> dict[str, list[Any]]:
        """Give the data points of each metric."""
        data = self._reader.get_metrics_data()
        scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics] if data else []
        return {metric.name: list(metric.data.data_points) for scope in scopes for metric in scope.metrics}

    def values(self, metric: str, *by: str) -> dict[Any, Any]:
        """Give the values of a metric, or of a histogram the counts, by attributes."""
        return {
            tuple(point.attributes.get(name) for name in by): getattr(point, "count", getattr(point, "value", None))
            for point in self.points().get(metric, [])
        }

    def written(self) -> list[str]:
        """Write all that leaves the process."""
        spans = [span.to_json() for span in self._exporter.get_finished_spans()]
        data = self._reader.get_metrics_data()
        return [*spans, data.to_json()] if data else spans


def attributes(span: ReadableSpan) -> Mapping[str, Any]:
    """Give the attributes of a span."""
    assert span.attributes is not None
    return span.attributes


def seconds(span: ReadableSpan) -> float:
    """Give how long a span lasted."""
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.end_time - span.start_time) / 1e9


def _scope(span: ReadableSpan) -> str:
    assert span.instrumentation_scope is not None
    return span.instrumentation_scope.name
