"""A stand-in for Capillary's and Altcraft's servers, to develop, test and demonstrate against.

It is stateful, deterministic and, where told, faulty and on the move; it shares no code with the client, so that the
two cannot be wrong together. Needs the extra `sandbox`.
"""

from loyalty_async.sandbox.app import create_app
from loyalty_async.sandbox.faults import Fault, FaultScript
from loyalty_async.sandbox.ledger import Ledger
from loyalty_async.sandbox.moves import Move, Moved, MoveScript
from loyalty_async.sandbox.paths import (
    ACCOUNT_BALANCE_PATH,
    EXPLODE_PATH,
    EXPLODE_SCOPED_PATH,
    LEDGER_BALANCE_PATH,
    LEDGER_INFO_PATH,
    LEDGER_INFO_SCOPED_PATH,
    SCHEDULE_LOOKUP_PATH,
    SCHEDULE_PATH,
    TOKEN_PATH,
)
from loyalty_async.sandbox.records import (
    CARD_PROGRAM,
    DEFAULT_ORGANISATION,
    DEFAULT_PROGRAM,
    MAIN,
    PROMISED,
    TRIGGER_BASED,
    Concept,
    Detail,
    Entry,
    Group,
    GroupMember,
    Member,
    Organisation,
    Program,
    Store,
    Till,
    Transaction,
)
from loyalty_async.sandbox.sandboxes import Sandbox, Stats
from loyalty_async.sandbox.seeds import make_ledger
from loyalty_async.sandbox.serve import open_sandbox, run_sandbox, serving
from loyalty_async.sandbox.settings import Settings

__all__ = [
    "ACCOUNT_BALANCE_PATH",
    "CARD_PROGRAM",
    "DEFAULT_ORGANISATION",
    "DEFAULT_PROGRAM",
    "EXPLODE_PATH",
    "EXPLODE_SCOPED_PATH",
    "LEDGER_BALANCE_PATH",
    "LEDGER_INFO_PATH",
    "LEDGER_INFO_SCOPED_PATH",
    "MAIN",
    "PROMISED",
    "SCHEDULE_LOOKUP_PATH",
    "SCHEDULE_PATH",
    "TOKEN_PATH",
    "TRIGGER_BASED",
    "Concept",
    "Detail",
    "Entry",
    "Fault",
    "FaultScript",
    "Group",
    "GroupMember",
    "Ledger",
    "Member",
    "Move",
    "MoveScript",
    "Moved",
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
