from __future__ import annotations

from loyalty_async.models.stats import Traffic
from loyalty_async.transport.meters import Meter


def test_what_ended_is_counted_by_endpoint_and_outcome() -> None:
    meter = Meter()
    for path, outcome, received in [("/b", "ok", 5), ("/a", "ok", 7), ("/b", "cancelled", 0), ("/b", "ok", 6)]:
        meter.end(path, outcome, received)
    assert meter.traffic() == (
        Traffic(endpoint="/a", outcome="ok", requests=1, received_bytes=7),
        Traffic(endpoint="/b", outcome="cancelled", requests=1, received_bytes=0),
        Traffic(endpoint="/b", outcome="ok", requests=2, received_bytes=11),
    )
