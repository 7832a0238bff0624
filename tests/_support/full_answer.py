"""One answer with every documented field in it, no two values alike, and canaries where a person could be named."""

import json
from decimal import Decimal
from typing import Any

CANARY = "917406401004"
"""Stands in every value that may name a person or a bill."""

_DOCUMENT = f"""
{{
  "customerDetails": {{
    "firstName": "first-{CANARY}", "lastName": "last-{CANARY}", "userId": {CANARY}0, "externalId": "ext-{CANARY}",
    "entityType": "CUSTOMER"
  }},
  "ledgerDetails": {{"pageNumber": 0, "pageSize": 10, "totalEntries": 1, "pageCount": 1}},
  "ledgerEntries": [
    {{
      "eventLogId": 101,
      "eventName": "TransactionAdd",
      "customerId": {CANARY}1,
      "ledgerCreatedDate": "2024-05-04 07:16:34.25",
      "ledgerCreatedDateISO": "2024-05-04T07:16:34Z",
      "customerDetails": {{
        "firstName": "member-{CANARY}", "lastName": "surname-{CANARY}",
        "identifier": {{"type": "mobile", "value": "+{CANARY}", "role": "PRIMARY"}},
        "role": "SECONDARY", "userId": {CANARY}2
      }},
      "entryDetails": [
        {{
          "ledgerEntryType": "CREDIT", "points": "20.10", "pointsCategory": "Main", "programName": "Default Program",
          "programId": 469, "alternateCurrencyName": "Stars"
        }}
      ],
      "netPointsOnEvent": "20.100",
      "netAlternateCurrenciesOnEvent": {{"Stars": "20.1", "Coins": "-3.0"}},
      "transactionDetails": {{
        "transactionId": {CANARY}3, "transactionNumber": "bill-{CANARY}",
        "date": "2024-05-04 12:44:00.0", "dateISO": "2024-05-04T12:44:00Z",
        "amount": 200.0, "grossBillAmount": 210.12515, "source": "instore"
      }},
      "store": "store-{CANARY}",
      "storeCode": "code-{CANARY}",
      "tillCode": "till-{CANARY}",
      "eventDetails": {{
        "eventDisplayName": "ThankYouSanta", "displayName": "ThankYou", "promotionName": "Summer",
        "promotionDescription": "described-{CANARY}", "promotionIdentifier": "promotion-{CANARY}",
        "promotionId": 1120363, "reason": "because-{CANARY}",
        "eventDate": "2024-05-04 11:57:37.0", "eventDateISO": "2024-05-04T11:57:37Z"
      }},
      "sourceProgramId": 973,
      "sourceProgramName": "DocDemoDefaultProgram",
      "orgId": 50170,
      "conceptId": -1,
      "conceptName": "Concept"
    }}
  ],
  "warnings": [{{"code": 9018, "message": "currency of {CANARY} not found", "status": false}}]
}}
"""


def full_answer() -> bytes:
    """Return the answer as a server would send it."""
    return _DOCUMENT.encode()


def decoded() -> Any:
    """Return the answer as plain Python values."""
    return json.loads(_DOCUMENT, parse_float=Decimal)
