# SPDX-License-Identifier: Apache-2.0
"""Two hundred buyers race for the same twenty seats."""

import collections
import concurrent.futures
import random

from clients import Buyer, retried

BUYERS = 200
SEATS = 20


def test_every_seat_is_sold_once_and_every_loser_is_told_which_were_gone(stack, new_show, log):
    event_id = new_show(rows=2, seats=10, floor=1)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        buyers = list(pool.map(lambda _: Buyer.signup(stack, "racer"), range(BUYERS)))
    ids = [str(number) for number in range(SEATS)]

    def race(number):
        wanted = random.Random(number).sample(ids, 2)
        answer = retried(lambda: buyers[number].post("/reserve", {"event_id": event_id, "ticket_ids": wanted},
                                                     expect=None))
        if answer.status_code == 201:
            sold = buyers[number].book(answer.json(), expect=None)
            return "won", wanted, sold
        return "lost", wanted, answer

    with concurrent.futures.ThreadPoolExecutor(BUYERS) as pool:
        results = list(pool.map(race, range(BUYERS)))

    owners = collections.Counter(seat for fate, wanted, _ in results if fate == "won" for seat in wanted)
    assert owners and max(owners.values()) == 1, "no seat was given twice"
    for fate, wanted, answer in results:
        if fate == "won":
            assert answer.status_code == 200 and answer.json()["state"] == "sold", answer.text
        else:
            assert answer.status_code == 409, answer.text
            problem = answer.json()
            assert problem["type"].endswith("seats-taken")
            taken = {seat["id"] for seat in problem["taken"]}
            assert taken and taken <= set(wanted), "a loser is told which seats were gone"
    # Whoever asked for two seats that were free to the end must have got them.
    left = set(ids) - set(owners)
    assert not any(set(wanted) <= left for fate, wanted, _ in results if fate == "lost")

    sold = collections.Counter(place["seat"] for event in log.events(event_id) if event.kind == "Sold"
                               for place in event["places"])
    assert set(map(str, sold)) == set(owners) and max(sold.values()) == 1
    seats = buyers[0].eventually(
        lambda: (s := buyers[0].get(f"/events/{event_id}")["tickets"]) and
        {t["id"] for t in s if t["state"] == "sold"} == set(owners) and s, "the map shows what was sold")
    assert len(seats) == SEATS


def test_a_general_section_is_never_oversold(stack, new_show, log):
    event_id = new_show(rows=1, seats=1, floor=25)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        buyers = list(pool.map(lambda _: Buyer.signup(stack, "crowd"), range(20)))

    def grab(buyer):
        return retried(lambda: buyer.post("/reserve", {"event_id": event_id, "section": "Floor", "quantity": 2},
                                          expect=None)).status_code

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        outcomes = collections.Counter(pool.map(grab, buyers))
    assert outcomes == {201: 12, 409: 8}


def test_best_available_gives_neighbours_all_or_nothing(ada, new_show):
    event_id = new_show(rows=1, seats=6)
    two = ada.post("/reserve", {"event_id": event_id, "best_available": {"quantity": 2}}, expect=201)
    first, second = sorted(int(ticket["id"]) for ticket in two["tickets"])
    assert second == first + 1
    refused = ada.post("/reserve", {"event_id": event_id, "best_available": {"quantity": 5}}, expect=409)
    assert refused["type"].endswith("not-available")
