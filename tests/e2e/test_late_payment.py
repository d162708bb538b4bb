# SPDX-License-Identifier: Apache-2.0
"""
What the bank said becomes known only after the hold has run out. Paying moves the end of a hold to a minute from
then at the least where seats are held for a minute; both stories are told at the same time, and take that long.

The broker is stopped dead for so long: nobody can say anything on the log.
"""

import os
import signal
import time

from clients import Buyer, eventually, reservation_uuid

GRACE_SECONDS = 60


def test_what_is_known_too_late_is_seated_again_or_not_charged(stack, new_show, provider, log):
    event_id = new_show(hold_seconds=60)
    lucky, unlucky = Buyer.signup(stack, "lucky"), Buyer.signup(stack, "unlucky")
    known, unknown = lucky.reserve(event_id, ["0"]), unlucky.reserve(event_id, ["1"])

    provider.behave(faults=[{"operation": "CreatePayment", "kind": "slow", "latency_ms": 4000, "count": 1}])
    lucky.book(known, wait=0, expect=202)
    eventually(lambda: lucky.reservation(known).json()["state"] == "paying", "the bank is asked")
    time.sleep(0.5)
    provider.behave(faults=[{"operation": operation, "kind": "drop", "acts": True, "count": 0}
                            for operation in ("CreatePayment", "CancelPaymentByIdempotencyKey")])
    unlucky.book(unknown, wait=0, expect=202)
    eventually(lambda: unlucky.reservation(unknown).json()["state"] == "paying", "the bank is asked")
    time.sleep(0.5)
    frozen = stack.pids("java")
    assert frozen
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(GRACE_SECONDS + 5)
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)

    lucky.until_state(known, "sold", timeout=120)
    secured = next(e for e in log.events(event_id) if e.kind == "Secured")
    assert secured["reseated"], "the hold had run out, and the seat was still free"
    unlucky.until_state(unknown, "released", timeout=120)
    # The provider's books come first: it has cancelled, but as long as its answer is lost nobody here knows. So the
    # log says nothing yet, and must not. Only what is on the log counts for a buyer and for an auditor.
    eventually(lambda: {p["status"] for p in provider.payments_of(reservation_uuid(unknown["reservation_id"]))}
               == {"CANCELED"}, "cancelled at the provider", timeout=120)
    assert declines(log, event_id) == []
    provider.behave()
    eventually(lambda: declines(log, event_id), "the log says that nothing was charged", timeout=120)
    assert declines(log, event_id) == ["PROVIDER_UNREACHABLE"]


def declines(log, event_id):
    return [e["code"] for e in log.events(event_id) if e.kind == "PaymentDeclined"]
