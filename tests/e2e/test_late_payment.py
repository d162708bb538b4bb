# SPDX-License-Identifier: Apache-2.0
"""
The bank answers after the hold has run out. Paying moves the end of a hold to five minutes from then at the
least, so these two stories take that long; they are told at the same time, each in a thread of its own.
"""

import concurrent.futures

from clients import Buyer, eventually, reservation_uuid

GRACE_SECONDS = 300
LATE_MS = (GRACE_SECONDS + 12) * 1000


def test_a_late_authorization_is_seated_again_or_let_go(stack, new_show, provider, log):
    free_show, taken_show = new_show(hold_seconds=60), new_show(hold_seconds=60)
    lucky, unlucky, quick = (Buyer.signup(stack, name) for name in ("lucky", "unlucky", "quick"))
    provider.behave(faults=[{"operation": "CreatePayment", "kind": "slow", "latency_ms": LATE_MS, "count": 2}])
    first, second = lucky.reserve(free_show, ["0"]), unlucky.reserve(taken_show, ["0"])
    lucky.book(first, wait=0, expect=202)
    unlucky.book(second, wait=0, expect=202)

    def seated_again():
        return lucky.until_state(first, "released", "secured", "sold", timeout=GRACE_SECONDS + 60)

    def let_go():
        unlucky.until_state(second, "released", timeout=GRACE_SECONDS + 60)
        quick.reserve(taken_show, ["0"])
        return eventually(lambda: unlucky.reservation(second).json().get("void_reason"), "let go", timeout=120)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        again, gone = pool.submit(seated_again), pool.submit(let_go)
        again.result()
        assert gone.result() == "seats_taken"
    lucky.until_state(first, "sold", timeout=120)
    secured = next(e for e in log.events(free_show) if e.kind == "Secured")
    assert secured["reseated"]
    payment, = provider.payments_of(reservation_uuid(second["reservation_id"]))
    eventually(lambda: provider.payments_of(reservation_uuid(second["reservation_id"]))[0]["status"] == "CANCELED",
               "not charged")
    assert payment["amount_money"]["amount"] == second["total_minor"]
