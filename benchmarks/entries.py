"""Made-up ledger entries, of the shape that the documents show: three details, a bill and an event each."""

from datetime import datetime
from typing import Final

__all__ = ["entry"]

_ENTRY: Final = (
    '{"eventLogId":%d,"eventName":"TransactionAdd","customerId":98,"ledgerCreatedDate":"%s.0",'
    '"customerDetails":{"userId":0},"entryDetails":[{"ledgerEntryType":"CREDIT","points":"20.000",'
    '"pointsCategory":"Main","programName":"Default","programId":973},{"ledgerEntryType":"CREDIT","points":"46.69",'
    '"pointsCategory":"DelayedAccrualPointCategory","programName":"Default","programId":973},'
    '{"ledgerEntryType":"DEBIT","points":"1.002","pointsCategory":"Main","programName":"Default","programId":973}],'
    '"netPointsOnEvent":"65.688","transactionDetails":{"transactionId":%d,"transactionNumber":"N-%d","date":"%s.0",'
    '"amount":2000.5,"grossBillAmount":2150.12515,"source":"instore"},"store":"A store","storeCode":"s.1",'
    '"tillCode":"t.1","eventDetails":{"eventDate":"%s.0"},"sourceProgramId":973,"sourceProgramName":"Default",'
    '"orgId":null}'
)


def entry(place: int, date: datetime) -> str:
    """Write one entry as the server does.

    Args:
        place: Which one of its ledger, from 0.
        date: When it was made, by the server's clock, to the second.
    """
    clock = str(date.replace(tzinfo=None))
    return _ENTRY % (place, clock, place, place, clock, clock)
