# SPDX-License-Identifier: Apache-2.0
"""Holds the buyers' notes against the log: what each was answered must be there, forever."""

import base64
import collections
import uuid


def reservation_octets(public_id):
    return base64.urlsafe_b64decode(public_id + "=")[16:]


class Judge:
    def __init__(self, events):
        self.by_reservation = collections.defaultdict(list)
        self.doubled = []
        self.seats = {}  # (show, seat) -> reservation that has it now
        for event in events:
            self.take(event)

    def take(self, event):
        value = event.value
        if "reservation_id" in value:
            self.by_reservation[value["reservation_id"]].append(event)
        show = value["head"]["show_id"]
        if event.kind == "Reserved" or (event.kind == "Secured" and value["reseated"]):
            for seat in value["seats"]:
                if (show, seat) in self.seats:
                    self.doubled.append(f"seat {seat} of {uuid.UUID(bytes=show)} is given twice")
                self.seats[show, seat] = value["reservation_id"]
        elif event.kind == "Released":
            self.free(show, value["seats"])
        elif event.kind == "HoldsExpired":
            for hold in value["holds"]:
                self.by_reservation[hold["reservation_id"]].append(event)
                self.free(show, hold["seats"])
        elif event.kind in ("OrderCancelled", "CaptureFailed"):
            self.free(show, [place["seat"] for place in value["places"]])

    def free(self, show, seats):
        for seat in seats:
            self.seats.pop((show, seat), None)

    def kinds(self, reservation):
        return [event.kind for event in self.by_reservation[reservation_octets(reservation)]]

    def count_doubled(self):
        for reservation, events in self.by_reservation.items():
            kinds = collections.Counter(event.kind for event in events)
            for kind in ("Reserved", "Sold", "OrderCancelled", "Refunded"):
                if kinds[kind] > 1:
                    self.doubled.append(f"{kind} {kinds[kind]} times for {uuid.UUID(bytes=reservation)}")
        return self.doubled

    def lost(self, notes):
        """Every answer that the log does not bear out, as a sentence."""
        found = []
        for note in notes:
            wanted = self.wanted(note)
            if wanted and not wanted & set(self.kinds(note.reservation)):
                found.append(f"{note.what} was answered {note.status} for {note.reservation}, and the log has "
                             f"{self.kinds(note.reservation)}")
        return found

    @staticmethod
    def wanted(note):
        """One of these events must be on the log for such an answer."""
        if note.reservation is None:
            return set()
        if note.what == "reserve" and note.status in (200, 201):
            return {"Reserved"}
        if note.what == "reserve" and note.status == 409:
            return {"Refused"}
        if note.what == "book" and note.status == 200:
            return {"Sold"}
        if note.what == "book" and note.status == 402:
            return {"PaymentDeclined"}
        if note.what == "release" and note.status == 200:
            return {"Released", "HoldsExpired", "CaptureFailed"}
        if note.what == "cancel" and note.status == 200:
            return {"OrderCancelled", "CancelRemembered"}
        return set()
