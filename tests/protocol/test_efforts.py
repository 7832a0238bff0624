"""What a walk takes is added up."""

from loyalty_async.protocol.efforts import Effort


def test_nothing_was_needed_at_first() -> None:
    assert Effort() == Effort(requests=0, retries=0, waited_s=0.0)


def test_two_walks_share_nothing() -> None:
    one, other = Effort(), Effort()
    one.requests += 1
    one.waited_s += 0.5
    assert (one, other) == (Effort(1, 0, 0.5), Effort())
