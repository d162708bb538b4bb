# SPDX-License-Identifier: Apache-2.0
"""Moments in every zone of this machine as Python's zoneinfo tells them, for test_present.c.

A line: zone, milliseconds since the epoch, day, time, abbreviation, offset in minutes. Both sides of every change
of offset or name from 2024 to 2037, and a moment of each year.
"""
import datetime
import zoneinfo

UTC = datetime.UTC
STEP = 20 * 86400
BEGIN, END = (int(datetime.datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2024, 2037))


def local(zone, at):
    return datetime.datetime.fromtimestamp(at, zone)


def state(zone, at):
    moment = local(zone, at)
    return moment.utcoffset(), moment.tzname()


def change_find(zone, before, after):
    """The first second of what holds at `after`."""
    while after - before > 1:
        middle = (before + after) // 2
        if state(zone, middle) == state(zone, before):
            before = middle
        else:
            after = middle
    return after


def moments(zone):
    yield from range(BEGIN, END, 366 * 86400)
    for at in range(BEGIN, END, STEP):
        if state(zone, at) != state(zone, at + STEP):
            change = change_find(zone, at, at + STEP)
            yield from (change - 1, change)


for name in sorted(zoneinfo.available_timezones() - {"Factory", "localtime", "posixrules"}):
    zone = zoneinfo.ZoneInfo(name)
    for at in moments(zone):
        moment = local(zone, at)
        minutes = int(moment.utcoffset().total_seconds()) // 60
        print(f"{name}\t{at * 1000}\t{moment:%Y-%m-%d}\t{moment:%H:%M}\t{moment.tzname()}\t{minutes}")
