# SPDX-License-Identifier: Apache-2.0
"""The rule for readers outside (examples/seatlog_rule.py) says the same as ours (runtime/term/), record by record.

    test_term_rule.py LIBRARY    runtime/term as a shared library
"""
import ctypes
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[4] / "examples"))
import seatlog_rule

SEEDS = 400
RECORDS = 120
PASSED, HISTORY, CLAIM, JOINS, DELIVERS, STALE, REREAD, FORGOTTEN = range(8)
STALE_NAMES = ("foreign", "again", "hole", "mismatch")


class Term(ctypes.Structure):
    _fields_ = [("offset", ctypes.c_int64), ("nonce", ctypes.c_uint64)]


class Label(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int), ("term", Term), ("prev", ctypes.c_int64), ("next", ctypes.c_int64),
                ("index", ctypes.c_uint32), ("last", ctypes.c_bool)]


class Position(ctypes.Structure):
    _fields_ = [("next_offset", ctypes.c_int64), ("term", Term), ("cursor", ctypes.c_int64)]

    def plain(self):
        term = None if self.term.offset < 0 else f"{self.term.offset}-{self.term.nonce:016x}"
        return (self.next_offset, term, self.cursor)


class Reader(ctypes.Structure):
    _fields_ = [("position", Position), ("next_offset", ctypes.c_int64), ("held", ctypes.c_uint32),
                ("fresh", ctypes.c_bool), ("deaf", ctypes.c_bool), ("doubted_offset", ctypes.c_int64),
                ("doubted_term", Term), ("stale", ctypes.c_int64 * len(STALE_NAMES))]


class Ours:
    """runtime/term behind the interface of seatlog_rule.Partition."""

    library = None

    def __init__(self, position=None):
        self.reader = Reader()
        start = position or Position(0, Term(-1, 0), 0)
        self.library.term_reader_init(ctypes.byref(self.reader), ctypes.byref(start))
        self.held = []

    def take(self, offset, labels, record):
        """(verdict, what counts)"""
        label = self.label(labels)
        verdict = self.library.term_reader_feed(ctypes.byref(self.reader), ctypes.c_int64(offset), ctypes.byref(label),
                                                ctypes.c_int64(record + 1))
        if verdict == JOINS:
            self.held.append(record)
        elif verdict in (CLAIM, REREAD) or self.reader.deaf:
            self.held = []
        elif verdict == DELIVERS:
            records, self.held = [*self.held, record], []
            return verdict, records
        return verdict, [record] if verdict == HISTORY else []

    def label(self, labels):
        if not labels:
            return Label(kind=0)
        if len(labels) > 1:
            return Label(kind=3)
        return self.library.term_label_parse(labels[0], ctypes.c_size_t(len(labels[0])))


def record_of(draw, terms, offset):
    """The labels of one more record: mostly what continues, often what almost does."""
    kind = draw.random()
    if kind < 0.08:
        terms.append((offset, f"{draw.getrandbits(64):016x}", draw.choice([0, terms[-1][2], terms[-1][2]])))
        return [b"claim " + terms[-1][1].encode()]
    if kind < 0.12:
        return draw.choice([[], [b""], [b"claim "], [b"claim 0", b"claim 1"], [b"17-00c0ffee00c0ffee 4 4 0 1"],
                            [b"01-00c0ffee00c0ffee 4 5 0 1"], [b"1-00c0ffee00c0ffee 4 9223372036854775808 0 1"],
                            [b"1-00c0ffee00c0ffee 4 5 1000001 0"], [b"1-00c0ffee00c0ffee 4 5 0 1\n"]])
    claimed, nonce, cursor = terms[-1] if kind < 0.9 else draw.choice(terms)
    if kind > 0.97:
        nonce = f"{draw.getrandbits(64):016x}"
    index = draw.choice([0, 0, 0, 1, 1, 2])
    before = cursor + draw.choice([0] * 12 + [-1, 1, 2])
    last = draw.random() < 0.6
    if last and before == cursor:
        terms[-1] = (*terms[-1][:2], cursor + 1)
    return [f"{max(claimed, 0)}-{nonce} {max(before, 0)} {max(before, 0) + 1} {index} {int(last)}".encode()]


def log_of(draw):
    log, offset = [], 0
    terms = [(-1, "0" * 16, 0)]
    for _ in range(draw.randrange(10)):
        log.append((offset, []))
        offset += draw.choice([1, 1, 2])
    for _ in range(RECORDS):
        if terms[-1][0] < 0:
            terms[-1] = (-1, "0" * 16, draw.randrange(12))
        log.append((offset, record_of(draw, terms, offset)))
        offset += 1 if draw.random() < 0.99 else 2
    return log


class Rules(unittest.TestCase):
    def test_both_say_the_same_of_every_record(self):
        """They hop over records, go back, and restart from what they kept."""
        seen = set()
        for seed in range(SEEDS):
            draw = random.Random(seed)
            log = log_of(draw)
            ours = Ours()
            theirs = seatlog_rule.Partition(lambda record: record)
            at = 0
            while at < len(log):
                offset, labels = log[at]
                at += 1 if draw.random() < 0.97 else draw.choice([2, -3])
                at = max(at, 0)
                verdict, wanted = ours.take(offset, labels, offset)
                seen.add(verdict)
                try:
                    found = theirs.take(offset, labels, offset)
                except seatlog_rule.Forgotten:
                    self.assertEqual(verdict, FORGOTTEN, f"seed {seed}, offset {offset}")
                    break
                self.assertEqual(found, None if verdict == REREAD else wanted, f"seed {seed}, offset {offset}")
                self.same(ours.reader, theirs, f"seed {seed}, offset {offset}")
                if draw.random() < 0.05:
                    end = offset + 1 + draw.choice([0, 0, 1])
                    again = self.ended(ours.reader, end)
                    self.assertEqual(again, theirs.end(end))
                    self.same(ours.reader, theirs, f"seed {seed}, end {end}")
                    if again:
                        ours.held, verdict = [], REREAD
                if verdict == REREAD:
                    at = next(i for i, record in enumerate(log) if record[0] >= theirs.next_offset)
                if draw.random() < 0.02:
                    ours = Ours(ours.reader.position)
                    theirs = seatlog_rule.Partition(lambda record: record, theirs.position)
        self.assertEqual(seen, set(range(8)))

    def ended(self, reader, offset):
        return Ours.library.term_reader_end(ctypes.byref(reader), ctypes.c_int64(offset))

    def same(self, reader, theirs, where):
        self.assertEqual(reader.position.plain(), theirs.position, where)
        self.assertEqual((reader.next_offset, reader.held, reader.fresh, reader.deaf),
                         (theirs.next_offset, len(theirs.held), theirs.fresh, theirs.deaf), where)
        self.assertEqual(dict(zip(STALE_NAMES, reader.stale, strict=True)),
                         {name: theirs.stale[name] for name in STALE_NAMES}, where)


if __name__ == "__main__":
    Ours.library = ctypes.CDLL(sys.argv.pop(1))
    Ours.library.term_label_parse.restype = Label
    Ours.library.term_reader_end.restype = ctypes.c_bool
    unittest.main(verbosity=1)
