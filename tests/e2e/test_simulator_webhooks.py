# SPDX-License-Identifier: Apache-2.0
"""What the provider's stand-in tells a subscriber."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time
import types

from simulator_support import Simulator


class Subscriber:
    """Takes notifications; answers the first `refusals` of them with 500."""

    def __init__(self, refusals=0):
        self.refusals = refusals
        self.taken = []
        subscriber = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                subscriber.taken.append(types.SimpleNamespace(
                    body=body, event=json.loads(body), headers=self.headers))
                self.send_response(500 if len(subscriber.taken) <= subscriber.refusals else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def wait(self, count, seconds=10):
        end = time.monotonic() + seconds
        while len(self.taken) < count:
            assert time.monotonic() < end, f"{len(self.taken)} of {count} came"
            time.sleep(0.01)
        return self.taken


def order(key, **more):
    return {"source_id": "cnon:card-nonce-ok", "idempotency_key": key,
            "amount_money": {"amount": 500, "currency": "USD"}, "autocomplete": False, **more}


def test_signed_notifications_come_in_order(tmp_path):
    with Subscriber() as subscriber:
        simulator = Simulator(tmp_path, webhook_url=subscriber.url,
                              webhook_signature_key="s3cret").start()
        payment = simulator.call("POST", "/v2/payments", order("a"))[1]["payment"]
        subscriber.wait(1)
        simulator.call("POST", f"/v2/payments/{payment['id']}/complete")
        subscriber.wait(2)
        simulator.call("POST", "/v2/refunds", {
            "idempotency_key": "r", "payment_id": payment["id"],
            "amount_money": {"amount": 500, "currency": "USD"}})
        hooks = subscriber.wait(3)
        assert simulator.stop() == 0
    assert [hook.event["type"] for hook in hooks] == [
        "payment.created", "payment.updated", "refund.created"]
    assert [hook.event["data"]["object"].get("payment", {}).get("status") for hook in hooks] == [
        "APPROVED", "COMPLETED", None]
    assert len({hook.event["event_id"] for hook in hooks}) == 3
    for hook in hooks:
        digest = hmac.new(b"s3cret", subscriber.url.encode() + hook.body, hashlib.sha256).digest()
        assert hook.headers["x-square-hmacsha256-signature"] == base64.b64encode(digest).decode()


def test_a_refused_notification_comes_again_as_the_same_event(tmp_path):
    with Subscriber(refusals=2) as subscriber:
        simulator = Simulator(tmp_path, webhook_url=subscriber.url, webhook_retry_ms=20).start()
        simulator.call("POST", "/v2/payments", order("a"))
        subscriber.wait(3)
        simulator.call("POST", "/v2/payments", order("b"))
        hooks = subscriber.wait(4)  # what follows is another event: the first one was taken, and does not come again
        assert simulator.stop() == 0
    assert len(hooks) == 4
    assert len({hook.event["event_id"] for hook in hooks[:3]}) == 1
    assert hooks[3].event["event_id"] != hooks[0].event["event_id"]
    assert [hook.headers.get("square-retry-number") for hook in hooks] == [None, "1", "2", None]
