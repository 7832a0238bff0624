"""The paths that the two vendors' documents give."""

from __future__ import annotations

from typing import Final

TOKEN_PATH: Final = "/v3/oauth/token/generate"  # noqa: S105 - a path
LEDGER_INFO_PATH: Final = "/v2/pointsLedger/getCustomerLedgerInfo"
LEDGER_INFO_SCOPED_PATH: Final = "/v2.1/pointsLedger/getCustomerLedgerInfo"
LEDGER_BALANCE_PATH: Final = "/v2/pointsLedger/getCustomerLedgerBalance"
EXPLODE_PATH: Final = "/v2/pointsLedger/getLedgerExplodeInfo"
EXPLODE_SCOPED_PATH: Final = "/v2.1/pointsLedger/getLedgerExplodeInfo"
SCHEDULE_LOOKUP_PATH: Final = "/v2/customers/lookup/promisedPointsSchedule"
SCHEDULE_PATH: Final = "/v2/customers/{user_id}/promisedPointsSchedule"
ACCOUNT_BALANCE_PATH: Final = "/api/v1.1/loyalty/account/balance"
