# SPDX-License-Identifier: Apache-2.0
"""Which records of seatlog.events count: the reader's rule, for one partition. Needs nothing but Python.

    partition = Partition(command_offset, position)                  # as it was kept; without one: the beginning
    records = partition.take(offset, labels, record)                 # every record that comes, in order
    if records is None: …                                            # read again, from partition.next_offset on
    for record in records: …                                         # these count: a command's events, whole
    keep(partition.position)                                         # together with what was done with them

`labels` are the values of all headers called seatlog-log. `record` may be anything: it comes back when it counts.
"""
import collections
import re

HEADER = "seatlog-log"

NUMBER = rb"(0|[1-9][0-9]*)"
CLAIM = re.compile(rb"claim ([0-9a-f]{16})")
EVENT = re.compile(rb"((?:0|[1-9][0-9]*)-[0-9a-f]{16}) " + NUMBER + b" " + NUMBER + b" " + NUMBER + b" ([01])")
NUMBER_MAX = 2**63 - 1
INDEX_MAX = 1_000_000


class Forgotten(Exception):
    """The log has lost records that counted: whoever acted on them must be told."""


def claimed_at(term):
    """The offset of a term's claim; -1 where there is none."""
    return -1 if term is None else int(term.partition("-")[0])


def parse(labels):
    """("claim", nonce), ("event", term, prev, next, index, last), ("none",) or ("malformed",)."""
    if not labels:
        return ("none",)
    text = labels[0] if len(labels) == 1 and labels[0] is not None else b""
    if claim := CLAIM.fullmatch(text):
        return ("claim", claim[1].decode())
    if event := EVENT.fullmatch(text):
        term, (before, after, index) = event[1].decode(), map(int, event.group(2, 3, 4))
        if before < after <= NUMBER_MAX and index <= INDEX_MAX and claimed_at(term) <= NUMBER_MAX:
            return ("event", term, before, after, index, event[5] == b"1")
    return ("malformed",)


class Partition:
    """A reader of one partition. It stands between two commands: `position` is (next offset, term, cursor), where the
    term is None before the first claim. `command_offset(record)`: of an event from before the first claim, its
    head.command_offset; it is not asked from then on."""

    def __init__(self, command_offset, position=(0, None, 0)):
        self.offset, self.term, self.cursor = position
        self.command_offset = command_offset
        self.next_offset = self.offset  # everything below was seen
        self.held = []  # events of the command under way
        self.fresh = self.term is not None and self.offset == claimed_at(self.term) + 1  # nothing of the term counted
        self.deaf = False  # something is missing on the log: nothing counts until the next claim
        self.doubted = (-1, None)  # what was read again already
        self.stale = collections.Counter()

    @property
    def position(self):
        return (self.offset, self.term, self.cursor)

    def take(self, offset, labels, record):
        """The records that count by now, often none; None: the consumer may have skipped something, and reads again
        from next_offset on."""
        if offset < self.next_offset:
            return []
        if self.term is not None and offset > self.next_offset and self._doubts(offset):
            return None  # offsets have no gaps from the first claim on
        self.next_offset = offset + 1
        kind, *label = parse(labels)
        if kind == "claim":
            return self._claimed(offset, label[0])
        if kind == "none" and self.term is None:
            return self._history(offset, record)
        if kind != "event" or label[0] != self.term:
            return self._foreign(offset, label[0] if kind == "event" else None)
        return self._of_the_term(offset, record, *label[1:])

    def end(self, offset):
        """The partition ends at this offset by now: whether the consumer has skipped what stands last, and reads again
        from next_offset on."""
        return self.term is not None and offset > self.next_offset and self._doubts(offset)

    def _claimed(self, offset, nonce):
        self.offset, self.term = offset + 1, f"{offset}-{nonce}"
        self.held, self.fresh, self.deaf, self.doubted = [], True, False, (-1, self.doubted[1])
        return []

    def _history(self, offset, record):
        """Before the first claim the broker's transactions say what counts."""
        self.offset = offset + 1
        self.cursor = max(self.cursor, self.command_offset(record) + 1)
        return [record]

    def _of_the_term(self, offset, record, before, after, index, last):
        wanted, found = (self.cursor, len(self.held)), (before, index)
        if not self.deaf and found == wanted:
            self.held.append(record)
            if not last:
                return []
            records, self.held = self.held, []
            self.offset, self.cursor, self.fresh = offset + 1, after, False
            return records
        if self.deaf or found > wanted:
            return self._hole(offset)
        if self.fresh and before < self.cursor:
            if self._doubts(offset):
                return None
            raise Forgotten(f"offset {offset} continues command {before}, but {self.cursor} have counted")
        return self._skip("again")

    def _hole(self, offset):
        if not self.deaf and self._doubts(offset):
            return None
        self.deaf, self.held = True, []
        return self._skip("mismatch" if self.fresh else "hole")

    def _foreign(self, offset, term):
        """Of another term. If that has begun after ours, we have missed its claim."""
        if term not in (None, self.doubted[1]) and claimed_at(self.term) < claimed_at(term) < offset:
            self.doubted = (self.doubted[0], term)
            if self._doubts(offset):
                return None
        return self._skip("foreign")

    def _skip(self, kind):
        self.stale[kind] += 1
        return []

    def _doubts(self, offset):
        """Whatever may be there all the same is read again, once, and nothing up to there a second time."""
        if offset <= self.doubted[0]:
            return False
        self.doubted = (offset, self.doubted[1])
        self.next_offset, self.held = self.offset, []
        return True
