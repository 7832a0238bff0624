"""A stand-in for Capillary's servers, to develop, test and demonstrate against.

It is stateful, deterministic and, where told, faulty; it shares no code with the client, so that the two cannot be
wrong together. Needs the extra `sandbox`.
"""

from loyalty_async.sandbox.app import create_app
from loyalty_async.sandbox.faults import LEDGER_INFO_PATH, Fault, FaultScript
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.records import (
    CARD_PROGRAM,
    DEFAULT_ORGANISATION,
    DEFAULT_PROGRAM,
    MAIN,
    PROMISED,
    TRIGGER_BASED,
    Detail,
    Entry,
    Member,
    Organisation,
    Program,
    Store,
    Till,
    Transaction,
)
from loyalty_async.sandbox.sandboxes import TOKEN_PATH, Sandbox, Stats
from loyalty_async.sandbox.seeds import make_ledger
from loyalty_async.sandbox.serve import open_sandbox, run_sandbox, serving
from loyalty_async.sandbox.settings import Settings

__all__ = [
    "CARD_PROGRAM",
    "DEFAULT_ORGANISATION",
    "DEFAULT_PROGRAM",
    "LEDGER_INFO_PATH",
    "MAIN",
    "PROMISED",
    "TOKEN_PATH",
    "TRIGGER_BASED",
    "Detail",
    "Entry",
    "Fault",
    "FaultScript",
    "Ledger",
    "Member",
    "Organisation",
    "Program",
    "Sandbox",
    "Settings",
    "Stats",
    "Store",
    "Till",
    "Transaction",
    "create_app",
    "make_ledger",
    "open_sandbox",
    "run_sandbox",
    "serving",
]
