"""What a run has come to so far, on disk: a run that was cut off, even by SIGKILL, goes on where it was.

A line for each member, written before the next is taken from the stream; a last line that was cut off does not count.
It holds no identifier, but the member as the report shows it.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from pathlib import Path
from typing import IO

import attrs

from loyalty_async.errors import InvalidArgument, MalformedAnswerError
from loyalty_async.models.members import Customer
from loyalty_async.reconcile.records import read_verdict, write_verdict
from loyalty_async.reconcile.verdicts import MemberVerdict
from loyalty_async.wire.documents import decode_json, encode_json

__all__ = ["Journal", "Places"]


@attrs.define
class Places(Container[int]):
    """Numbers from 1 on, nearly without gaps: kept as how far there are none, and what lies beyond."""

    _until: int = 0
    _beyond: set[int] = attrs.field(factory=set)

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and (0 < number <= self._until or number in self._beyond)

    def __len__(self) -> int:
        return self._until + len(self._beyond)

    def add(self, number: int) -> None:
        """Note a number."""
        self._beyond.add(number)
        while self._until + 1 in self._beyond:
            self._until += 1
            self._beyond.remove(self._until)


@attrs.define
class Journal:
    """The journal of one run.

    Attributes:
        path: Where it is.
        question: What was asked, as a document: a journal of another question is refused.
        done: The places of the members that it knows.
    """

    path: Path
    question: dict[str, str]
    done: Places = attrs.field(init=False, factory=Places)
    _file: IO[bytes] | None = attrs.field(init=False, default=None, repr=False)

    def earlier(self) -> Iterator[tuple[MemberVerdict, str]]:
        """Give what an earlier run came to, with the members as shown; open the journal to go on.

        Each verdict's member is a stand-in: whose it is, only the input says.

        Raises:
            InvalidArgument: It is of another question.
        """
        whole = 0
        if self.path.exists():
            with self.path.open("rb") as lines:
                for line in lines:
                    if not line.endswith(b"\n"):
                        break
                    if whole == 0:
                        self._check(line)
                    else:
                        yield self._read(line)
                    whole += len(line)
        self._open(whole)

    def add(self, verdict: MemberVerdict, shown: str) -> None:
        """Note a member; it is with the operating system when this returns."""
        if self._file is not None:
            self._file.write(encode_json(shown) + b"\t" + write_verdict(verdict) + b"\n")
            self._file.flush()
            self.done.add(verdict.number)

    def close(self) -> None:
        """Leave the journal to a later run."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def finish(self) -> None:
        """Remove the journal: there is nothing to go on with."""
        self.close()
        self.path.unlink(missing_ok=True)

    def _open(self, whole: int) -> None:
        self._file = os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        self._file.truncate(whole)
        self._file.seek(whole)
        if not whole:
            self._file.write(encode_json(self.question) + b"\n")
            self._file.flush()

    def _check(self, line: bytes) -> None:
        try:
            question = decode_json(line)
        except MalformedAnswerError:
            question = None
        if question != self.question:
            raise InvalidArgument(
                "the folder holds an unfinished run with other arguments: give the same ones, or another folder"
            )

    def _read(self, line: bytes) -> tuple[MemberVerdict, str]:
        shown, _, record = line.partition(b"\t")
        name = str(decode_json(shown))
        stand_in = Customer(identifier_name="shown", identifier_value=name, source="ALL")
        verdict = read_verdict(record, stand_in)
        self.done.add(verdict.number)
        return verdict, name
