"""Verdicts as documents, and back: for whoever keeps them, so that a run can go on where it was cut off.

A record holds no identifier: the member is told by its place among those given.
"""

from __future__ import annotations

from typing import Any

import attrs

from loyalty_async.errors import InvalidArgument, MalformedAnswerError
from loyalty_async.models.members import Member
from loyalty_async.reconcile.verdicts import MemberVerdict
from loyalty_async.wire.documents import decode_json, encode_json
from loyalty_async.wire.rows import read_model

__all__ = ["read_verdict", "write_verdict"]

_FIELDS = {field.name: field.type for field in attrs.fields(attrs.resolve_types(MemberVerdict))}
del _FIELDS["member"]


def write_verdict(verdict: MemberVerdict) -> bytes:
    """Write everything of a verdict but whose it is, as one line of JSON; every amount keeps its digits."""
    return encode_json({name: getattr(verdict, name) for name in _FIELDS})


def read_verdict(record: bytes, member: Member) -> MemberVerdict:
    """Read a verdict back.

    Args:
        record: As `write_verdict` made it.
        member: Whose it is.

    Raises:
        InvalidArgument: It is no such record.
    """
    try:
        document: Any = decode_json(record)
        values = {name: read_model(document[name], kind) for name, kind in _FIELDS.items()}
    except (LookupError, MalformedAnswerError, TypeError, ValueError) as problem:
        raise InvalidArgument(f"this is no record of a verdict: {type(problem).__name__}") from None
    return MemberVerdict(member=member, **values)
