"""Read one customer's ledger of the last 90 days, and print the spans and metrics that come of it.

pip install 'loyalty-async[otel]' opentelemetry-sdk
LOYALTY_BASE_URL=… LOYALTY_KEY=… LOYALTY_SECRET=… python examples/telemetry.py 917406401004
"""

import os
import sys
from datetime import UTC, datetime, timedelta

import anyio
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter

from loyalty_async import CapillaryClient, Customer, OAuth
from loyalty_async.otel import Telemetry


def line(span: ReadableSpan) -> str:
    """Write a span in one line."""
    seconds = ((span.end_time or 0) - (span.start_time or 0)) / 1e9
    return f"{span.name}  {seconds:.3f} s  {span.status.status_code.name}\n"


def set_up() -> None:
    """Send everything to the console; a service would send it to its collector."""
    tracers = TracerProvider()
    tracers.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter(formatter=line)))
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(ConsoleMetricExporter())]))


async def main(mobile: str) -> None:
    """Read in a span of our own; the requests become its children."""
    auth = OAuth(key=os.environ["LOYALTY_KEY"], secret=os.environ["LOYALTY_SECRET"])
    telemetry = Telemetry()
    async with CapillaryClient(os.environ["LOYALTY_BASE_URL"], auth=auth, hooks=[telemetry]) as client:
        telemetry.observe(client)
        with trace.get_tracer("example").start_as_current_span("read a ledger"):
            member = Customer.by_mobile(mobile, source="INSTORE")
            await client.ledger.entries(member, since=datetime.now(UTC) - timedelta(days=90)).collect()


if __name__ == "__main__":
    set_up()
    anyio.run(main, sys.argv[1])
