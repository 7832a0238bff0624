"""How hypothesis runs: reproducibly in CI, at random elsewhere, and as long as one likes on request."""

import os

from hypothesis import HealthCheck, Phase, settings

EXAMPLES_VARIABLE = "LOYALTY_EXAMPLES"
DEFAULT_EXAMPLES = 100  # hypothesis's own default


def register_profiles() -> None:
    """Register the profiles `dev`, `ci` and `planted`, and load that of the first two that fits where the tests run.

    A test that gives `max_examples` itself is not reached by LOYALTY_EXAMPLES; use `examples` instead. Many examples
    need more time than a test is given: add `-o timeout=0 -o faulthandler_timeout=0`.
    """
    # No deadline: an example's real time says nothing about code that is tested in virtual time.
    settings.register_profile("dev", deadline=None, max_examples=examples(DEFAULT_EXAMPLES))
    settings.register_profile(
        "ci",
        parent=settings.get_profile("dev"),
        derandomize=True,  # A submission must not fail by chance.
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],  # Judges the machine, which in CI is shared.
    )
    settings.register_profile(
        "planted",
        parent=settings.get_profile("ci"),
        phases=[Phase.explicit, Phase.generate],  # That it fails is enough: to shrink the example takes a minute.
    )
    settings.load_profile("ci" if os.environ.get("CI") == "true" else "dev")


def examples(usual: int) -> int:
    """Return how many examples a property test runs: *usual*, or what LOYALTY_EXAMPLES asks for if that is more."""
    return max(usual, int(os.environ.get(EXAMPLES_VARIABLE, "0")))
