# SPDX-License-Identifier: Apache-2.0
"""Putting shows on sale: what is refused is told in sentences, what is taken is found again by the venue's day."""

import datetime
import secrets
import time
import zoneinfo

import pytest

from clients import eventually

YEAR = time.gmtime().tm_year + 1


def body_of(**changes):
    return {"title": "The Test of Time", "type": "theatre", "venue": "Playhouse", "city": "Chico", "country": "US",
            "time_zone": "America/Los_Angeles", "currency": "USD",
            "starts_at": f"{YEAR}-12-01T20:00:00-08:00", "ends_at": f"{YEAR}-12-01T22:00:00-08:00",
            "categories": [{"name": "Seat", "price_minor": 2500}],
            "sections": [{"name": "Stalls", "category": "Seat", "rows": [{"label": "A", "seats": 2}]}], **changes}


def refused(organizer, field, words, **changes):
    answer = organizer.post("/events", body_of(**changes), expect=None)
    assert answer.status_code == 422, answer.text
    faults = {error["field"]: error["detail"] for error in answer.json()["errors"]}
    assert field in faults and words in faults[field], faults
    assert all(detail.endswith(".") for detail in faults.values()), faults


@pytest.mark.parametrize("zone", ["GMT+9", "UTC+5", "localtime", "Factory", "posixrules", "right/UTC", "PDT", "+01:00"])
def test_what_is_no_iana_name_is_no_zone(organizer, zone):
    refused(organizer, "/time_zone", "must be the name of a zone in the IANA time zone database", time_zone=zone,
            starts_at=f"{YEAR}-12-01T20:00:00Z", ends_at=f"{YEAR}-12-01T22:00:00Z")


def test_an_offset_that_contradicts_the_zone_is_refused(organizer):
    refused(organizer, "/starts_at", "has the offset +02:00, but America/Los_Angeles is at -08:00 at that moment",
            starts_at=f"{YEAR}-12-01T20:00:00+02:00")
    refused(organizer, "/starts_at", f"it is {YEAR}-12-01T20:00:00-08:00", starts_at=f"{YEAR}-12-01T20:00:00")


@pytest.mark.parametrize("title, words", [
    ("\u200b\u200b", "character 1 is U+200B"), ("   ", "at least one visible character"), ("\ufffe", "U+FFFE"),
    ("a\u202eb", "character 2 is U+202E"), ("a\nb", "must be a single line"),
    ("x" * 201, "200 bytes of UTF-8 and has 201")])
def test_a_title_that_nobody_could_read_is_refused(organizer, title, words):
    refused(organizer, "/title", words, title=title)


@pytest.mark.parametrize("currency, words", [("ABC", "in use (ISO 4217)"), ("XXX", "in use (ISO 4217)"),
                                             ("KWD", "that payments can be taken in: AUD, CAD, EUR, GBP, JPY or USD")])
def test_money_that_nobody_could_pay_with_is_refused(organizer, currency, words):
    refused(organizer, "/currency", words, currency=currency)


def test_prices_are_in_minor_units(organizer):
    refused(organizer, "/categories/0/price_minor", "1250 is 12.50 USD",
            categories=[{"name": "Seat", "price_minor": "25.00"}])


def test_labels_that_look_alike_are_told_both(organizer):
    rows = [{"label": "A", "seats": 1}, {"label": " A", "seats": 1}]
    refused(organizer, "/sections/0/rows/1/label", '/sections/0/rows/0/label is "A" already',
            sections=[{"name": "Stalls", "category": "Seat", "rows": rows}])


def test_a_show_is_kept_in_form_and_called_off_in_lines(organizer, log):
    made = organizer.post("/events", body_of(title="  Cafe\u0301 ", description="Two\r\nlines\r\n"), expect=201)
    event_id = made["event_id"]
    created = next(event for event in log.events(event_id) if event.kind == "ShowCreated")
    assert (created["show"]["title"], created["show"]["description"]) == ("Caf\u00e9", "Two\nlines")
    organizer.post(f"/events/{event_id}/cancel", {"reason": "Two\nlines"})
    cancelled = next(event for event in log.events(event_id) if event.kind == "ShowCancelled")
    assert cancelled["reason"] == "Two\nlines"


def found(buyer, title, **query):
    answer = buyer.request("GET", "/search", params={"q": title, **query})
    return {event["time_zone"] for event in answer["events"]}


def test_a_date_is_the_day_at_the_venue(organizer, ada):
    """New Year's Eve, 20:00, all around the world: 25 hours of instants, one day."""
    title = "Eve" + secrets.token_hex(8)
    zones = ["Pacific/Kiritimati", "Asia/Tokyo", "Europe/Paris", "America/Los_Angeles", "Etc/GMT+12"]
    for zone in zones:
        start = datetime.datetime(YEAR, 12, 31, 20, tzinfo=zoneinfo.ZoneInfo(zone))
        organizer.post("/events", body_of(title=title, time_zone=zone, starts_at=start.isoformat(),
                                          ends_at=(start + datetime.timedelta(hours=2)).isoformat()), expect=201)
    eventually(lambda: len(found(ada, title)) == len(zones), "all are in the catalog")
    eve, day_after, day_before = f"{YEAR}-12-31", f"{YEAR + 1}-01-01", f"{YEAR}-12-30"
    assert found(ada, title, **{"from": eve, "to": eve}) == set(zones)
    assert found(ada, title, to=eve) == set(zones)
    assert found(ada, title, **{"from": eve}) == set(zones)
    assert found(ada, title, **{"from": day_after}) == set()
    assert found(ada, title, to=day_before) == set()
    # Instants are instants, alone or with a date.
    noon = f"{YEAR}-12-31T12:00:00Z"
    assert found(ada, title, to=noon) == {"Pacific/Kiritimati", "Asia/Tokyo"}
    assert found(ada, title, **{"from": noon}) == {"Europe/Paris", "America/Los_Angeles", "Etc/GMT+12"}
    assert found(ada, title, **{"from": f"{YEAR}-12-31T13:00:00+01:00", "to": eve}) == {
        "Europe/Paris", "America/Los_Angeles", "Etc/GMT+12"}


@pytest.mark.parametrize("query, field, words", [
    ({"from": "2026-02-30"}, "from", "must be a date that exists"),
    ({"to": "2026-13-01"}, "to", "must be a date that exists"),
    ({"from": "2026-12-31T20:00:00"}, "from", "must end in Z"),
    ({"from": "2027-01-02", "to": "2027-01-01"}, "to", "must not be before from"),
    ({"from": "2027-01-04T00:00:00Z", "to": "2027-01-01"}, "to", "must not be before from"),
    ({"from": "2027-01-03", "to": "2027-01-01T12:00:00Z"}, "to", "must not be before from")])
def test_dates_that_there_are_not_are_named(ada, query, field, words):
    answer = ada.request("GET", "/search", params=query, expect=None)
    assert answer.status_code == 422, answer.text
    error, = answer.json()["errors"]
    assert error["field"] == field and words in error["detail"], error
