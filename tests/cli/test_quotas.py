from __future__ import annotations

import pytest

from loyalty_async import InvalidArgument, RateLimit
from loyalty_async.cli.quotas import Quota
from loyalty_async.cli.settings import Settings

NOTHING = Settings({})
REDIS = "redis://:hunter2@127.0.0.1:6379/0"


def test_a_quota_is_kept_only_if_it_was_told() -> None:
    assert Quota().rate_limit(NOTHING) is None
    assert Quota().rate_limit(Settings({"LOYALTY_QUOTA_STORE": REDIS})) is None
    assert Quota(quota=600).rate_limit(NOTHING) == RateLimit(600, per=60.0)


def test_a_quota_is_shared_by_the_store_of_the_environment_whose_password_nobody_sees() -> None:
    quota = Quota(quota=600)
    assert quota.rate_limit(Settings({"LOYALTY_QUOTA_STORE": REDIS})) == RateLimit(600, per=60.0, store=REDIS)
    assert "hunter2" not in repr(Quota(quota=1, quota_store=REDIS))
    with pytest.raises(InvalidArgument, match=r"^LOYALTY_QUOTA_STORE must be the URL of a Redis"):
        quota.rate_limit(Settings({"LOYALTY_QUOTA_STORE": "hunter2"}))
