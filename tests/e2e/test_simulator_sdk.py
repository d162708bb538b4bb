# SPDX-License-Identifier: Apache-2.0
"""The provider's official SDK, pointed at the simulator, must not notice."""

import uuid

import pytest
import square
import square.core.api_error
from square.utils.webhooks_helper import verify_signature

from simulator_support import TOKEN, Simulator


@pytest.fixture
def simulator(tmp_path):
    simulator = Simulator(tmp_path / "books").start()
    yield simulator
    assert simulator.stop() == 0


@pytest.fixture
def client(simulator):
    return square.Square(token=TOKEN, base_url=simulator.url)


def authorize(client, source="cnon:card-nonce-ok", amount=2500, **more):
    return client.payments.create(
        source_id=source, idempotency_key=str(uuid.uuid4()),
        amount_money={"amount": amount, "currency": "USD"}, autocomplete=False, **more).payment


def refused(call, *arguments, **named):
    with pytest.raises(square.core.api_error.ApiError) as caught:
        call(*arguments, **named)
    return caught.value.status_code, caught.value.body["errors"][0]


def test_a_payment_is_authorized_then_captured(client):
    payment = authorize(client, reference_id="r-1", delay_duration="PT1H", delay_action="CANCEL",
                        note="two seats")
    assert payment.status == "APPROVED"
    assert payment.approved_money.amount == 2500
    assert payment.card_details.status == "AUTHORIZED"
    assert payment.card_details.card.card_brand == "VISA"
    assert payment.card_details.card.last4 == "1111"
    assert payment.receipt_url is None
    assert (payment.reference_id, payment.delay_duration) == ("r-1", "PT1H")

    done = client.payments.complete(payment.id, version_token=payment.version_token).payment
    assert done.status == "COMPLETED"
    assert done.card_details.status == "CAPTURED"
    assert done.card_details.card_payment_timeline.captured_at is not None
    assert done.receipt_url and done.receipt_number
    assert client.payments.get(payment.id).payment == done

    status, error = refused(client.payments.cancel, payment.id)
    assert (status, error["code"]) == (400, "DELAYED_TRANSACTION_CAPTURED")


def test_capture_with_an_old_version_is_refused(client):
    payment = authorize(client)
    status, error = refused(client.payments.complete, payment.id, version_token="another")
    assert (status, error["field"]) == (409, "version_token")
    assert client.payments.get(payment.id).payment.status == "APPROVED"


def test_a_payment_that_was_voided_cannot_be_captured(client):
    payment = authorize(client)
    gone = client.payments.cancel(payment.id).payment
    assert (gone.status, gone.card_details.status) == ("CANCELED", "VOIDED")
    status, error = refused(client.payments.complete, payment.id)
    assert (status, error["code"]) == (400, "DELAYED_TRANSACTION_CANCELED")


def test_cancel_by_key_finds_the_payment_or_nothing(client):
    key = str(uuid.uuid4())
    client.payments.cancel_by_idempotency_key(idempotency_key=key)
    payment = client.payments.create(
        source_id="cnon:card-nonce-ok", idempotency_key=key,
        amount_money={"amount": 100, "currency": "EUR"}, autocomplete=False).payment
    client.payments.cancel_by_idempotency_key(idempotency_key=key)
    assert client.payments.get(payment.id).payment.status == "CANCELED"


@pytest.mark.parametrize("source, code", [
    ("cnon:card-nonce-declined", "GENERIC_DECLINE"),
    ("cnon:card-nonce-rejected-cvv", "CVV_FAILURE"),
    ("cnon:card-nonce-rejected-postalcode", "ADDRESS_VERIFICATION_FAILURE"),
    ("cnon:card-nonce-rejected-expiration", "INVALID_EXPIRATION"),
    ("cnon:card-nonce-already-used", "CARD_TOKEN_USED"),
])
def test_a_decline_has_its_code_and_a_failed_payment(client, simulator, source, code):
    with pytest.raises(square.core.api_error.ApiError) as caught:
        authorize(client, source)
    assert caught.value.status_code == 402
    assert caught.value.body["errors"][0]["category"] == "PAYMENT_METHOD_ERROR"
    assert caught.value.body["errors"][0]["code"] == code
    payment = caught.value.body["payment"]
    assert payment["status"] == payment["card_details"]["status"] == "FAILED"
    assert payment["card_details"]["errors"][0]["code"] == code
    simulator.behave(decline_status=400)
    assert refused(authorize, client, source)[0] == 400


def test_a_key_is_answered_once_and_for_all(client, simulator):
    order = {"source_id": "cnon:card-nonce-ok", "idempotency_key": str(uuid.uuid4()),
             "amount_money": {"amount": 700, "currency": "USD"}}
    first = client.payments.create(**order)
    assert client.payments.create(**order) == first
    status, error = refused(client.payments.create,
                            **{**order, "amount_money": {"amount": 701, "currency": "USD"}})
    assert (status, error["code"]) == (400, "IDEMPOTENCY_KEY_REUSED")
    assert len(simulator.payments()) == 1


def test_a_payment_is_refunded_in_parts(client):
    payment = authorize(client, amount=1000)
    client.payments.complete(payment.id)

    def refund(amount):
        return client.refunds.refund_payment(
            idempotency_key=str(uuid.uuid4()), payment_id=payment.id,
            amount_money={"amount": amount, "currency": "USD"}, reason="show cancelled").refund

    first, second = refund(400), refund(600)
    assert (first.status, first.payment_id, first.reason) == (
        "COMPLETED", payment.id, "show cancelled")
    status, error = refused(refund, 1)
    assert (status, error["category"], error["code"]) == (
        400, "REFUND_ERROR", "REFUND_AMOUNT_INVALID")
    now = client.payments.get(payment.id).payment
    assert now.refunded_money.amount == 1000
    assert now.refund_ids == [first.id, second.id]
    assert client.refunds.get(second.id).refund == second
    assert [each.id for each in client.refunds.list()] == [second.id, first.id]


def test_a_refund_is_settled_later(client, simulator):
    simulator.behave(refund_settle_ms=3600_000, refund_outcome="REJECTED")
    payment = authorize(client, amount=1000)
    client.payments.complete(payment.id)
    refund = client.refunds.refund_payment(
        idempotency_key="k", payment_id=payment.id,
        amount_money={"amount": 1000, "currency": "USD"}).refund
    assert refund.status == "PENDING"
    status, error = refused(client.refunds.refund_payment, idempotency_key="l",
                            payment_id=payment.id, amount_money={"amount": 1, "currency": "USD"})
    assert (status, error["code"]) == (400, "REFUND_ALREADY_PENDING")
    simulator.call("POST", f"/admin/refunds/{refund.id}/settle")
    assert client.refunds.get(refund.id).refund.status == "REJECTED"
    assert client.payments.get(payment.id).payment.refunded_money.amount == 0


def test_an_authorized_payment_cannot_be_refunded(client):
    payment = authorize(client, amount=1000)
    status, error = refused(client.refunds.refund_payment, idempotency_key="k",
                            payment_id=payment.id,
                            amount_money={"amount": 1000, "currency": "USD"})
    assert (status, error["code"]) == (400, "REFUND_ERROR_PAYMENT_NEEDS_COMPLETION")


def test_listing_pages_through_everything(client):
    made = [authorize(client, amount=100 + n).id for n in range(7)]
    assert [each.id for each in client.payments.list(limit=3)] == made[::-1]
    assert [each.id for each in client.payments.list(limit=3, sort_order="ASC")] == made
    assert [each.id for each in client.payments.list(total=104)] == [made[4]]
    third = client.payments.get(made[2]).payment.created_at
    later = [each.id for each in client.payments.list(begin_time=third, sort_order="ASC")]
    assert later == [one for one in made
                     if client.payments.get(one).payment.created_at >= third]
    status, error = refused(lambda: list(client.payments.list(cursor="nonsense")))
    assert (status, error["code"]) == (400, "INVALID_CURSOR")


def test_a_wrong_token_is_refused(simulator):
    stranger = square.Square(token="another", base_url=simulator.url)
    status, error = refused(authorize, stranger)
    assert (status, error["category"], error["code"]) == (
        401, "AUTHENTICATION_ERROR", "UNAUTHORIZED")


def test_what_is_not_there_is_not_found(client):
    for call in client.payments.get, client.payments.complete, client.payments.cancel, \
            client.refunds.get:
        status, error = refused(call, "nothing")
        assert (status, error["code"]) == (404, "NOT_FOUND")


def test_the_sdk_accepts_a_webhook_signature(tmp_path):
    """The SDK's own verification, on what test_simulator_webhooks' subscriber would receive."""
    from test_simulator_webhooks import Subscriber
    with Subscriber() as subscriber:
        simulator = Simulator(tmp_path / "hooked", webhook_url=subscriber.url,
                              webhook_signature_key="secret key").start()
        client = square.Square(token=TOKEN, base_url=simulator.url)
        payment = authorize(client)
        hook = subscriber.wait(1)[0]
        simulator.stop()
    assert hook.event["data"]["id"] == payment.id
    assert verify_signature(request_body=hook.body.decode(),
                            signature_header=hook.headers["x-square-hmacsha256-signature"],
                            signature_key="secret key", notification_url=subscriber.url)
