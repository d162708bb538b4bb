# SPDX-License-Identifier: Apache-2.0
"""Tickets as paper: drawn by ticket_sample, read back with pdftotext, and looked at with pdftoppm."""

import collections
import datetime
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import zoneinfo

SAMPLE = sys.argv.pop(1)
KEPT = tempfile.TemporaryDirectory(prefix="seatlog-paper-")
FOLDER = pathlib.Path(KEPT.name)

PLAIN = {"title": "Ghost", "venue": "Pageant Theatre", "city": "Chico", "section": "Stalls", "row": "B", "seat": "5",
         "category": "Premium", "zone": "America/Los_Angeles", "start": 1795761900000, "end": 1795769100000}
# What reservation/README.md allows, in bytes.
BYTES_MAX = {"title": 200, "venue": 200, "city": 100, "section": 80, "row": 16, "seat": 16, "category": 80}
# Where each may be seen, in points: left, top, right, bottom. Nothing else of the page may change with it.
PLACES = {"title": (42, 54, 378, 162), "venue": (42, 54, 378, 194), "city": (42, 54, 378, 194),
          "section": (42, 316, 185, 372), "row": (190, 316, 277, 372), "seat": (284, 316, 378, 372),
          "category": (200, 420, 378, 552)}
FAMILY = "👨\u200d👩\u200d👧\u200d👦"
SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
ZALGO = "Z" + "\u0336\u0344\u031b\u0321\u0330\u0359\u0352\u0307" * 2
FILLINGS = ["W", "W ", ".", "i/", "x ", "\ufdfd", "漢", "ท", "한", "ن", "भ", "क्ष", ZALGO, "🎉", FAMILY, "🇩🇪",
            "1\ufe0f\u20e3"]


def filled(field, filling):
    """As much of the filling as the field may have."""
    return (filling * (BYTES_MAX[field] // len(filling.encode()))).strip()


def draw(**fields):
    """Draws a ticket; returns the PDF's path and how many characters no font had."""
    values = {**PLAIN, **fields}
    number = len(list(FOLDER.iterdir()))
    file, pdf = FOLDER / f"{number}.fields", FOLDER / f"{number}.pdf"
    encoded = (value if isinstance(value, bytes) else str(value).encode() for value in values.values())
    file.write_bytes(b"".join(value + b"\0" for value in encoded))
    answer = subprocess.run([SAMPLE, file, pdf], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return pdf, int(answer.stdout)


def words(pdf):
    """All text in the order in which it was drawn, without white space."""
    text = subprocess.run(["pdftotext", "-raw", pdf, "-"], check=True, capture_output=True).stdout.decode()
    return re.sub(r"\s+", "", text)


def picture(pdf, grey=True):
    """Rows of pixels, one a point."""
    command = ["pdftoppm", *(["-gray"] if grey else []), "-r", "72", pdf]
    octets = subprocess.run(command, check=True, capture_output=True).stdout
    header = re.match(rb"P[56]\s(\d+)\s(\d+)\s255\s", octets)
    width, height, size = int(header[1]), int(header[2]), 1 if grey else 3
    pixels = octets[header.end():]
    return [pixels[row * width * size:(row + 1) * width * size] for row in range(height)]


def changed_box(before, after):
    """The rectangle in which two pictures differ; None if they are the same."""
    rows = [number for number, (left, right) in enumerate(zip(before, after)) if left != right]
    if not rows:
        return None
    columns = [x for number in rows for x, (left, right) in enumerate(zip(before[number], after[number]))
               if abs(left - right) > 8]
    return (min(columns), rows[0], max(columns) + 1, rows[-1] + 1) if columns else None


def boxes(pdf):
    """The words on the page and their rectangles, as pdftotext places them."""
    octets = subprocess.run(["pdftotext", "-bbox", pdf, "-"], check=True, capture_output=True).stdout
    answer = octets.decode(errors="replace")
    return [(found[4], tuple(map(float, found[:4]))) for found in re.findall(
        r'<word xMin="([-0-9.]+)" yMin="([-0-9.]+)" xMax="([-0-9.]+)" yMax="([-0-9.]+)">(.*)</word>', answer)]


class Paper(unittest.TestCase):
    def assert_reads(self, pdf, *texts):
        page = words(pdf)
        for text in texts:
            self.assertIn(re.sub(r"\s+", "", text), page)

    def test_what_tells_places_apart_is_never_cut(self):
        for seat in ("Loge 12 Platz 14", "Loge 12 Platz 15", "Platz 14/15/16"):
            pdf, _ = draw(seat=seat, row="Reihe ÄÖ 12 re")
            self.assert_reads(pdf, seat, "Reihe ÄÖ 12 re")

    def test_nothing_is_lost_at_the_longest(self):
        for filling in FILLINGS:
            with self.subTest(filling=filling):
                values = {field: filled(field, filling) for field in BYTES_MAX}
                pdf, missing = draw(**values)
                self.assertEqual(missing, 0)
                self.assertNotIn("…", words(pdf))
                if filling in ("W", "W ", ".", "i/", "x ", "漢", "한", "ท"):
                    self.assert_reads(pdf, *values.values())
                elif filling in ("ن", "भ"):
                    found = collections.Counter(words(pdf))
                    self.assertGreaterEqual(found[filling], sum(value.count(filling) for value in values.values()))
                elif filling == "\ufdfd":
                    self.assertGreaterEqual(words(pdf).count(filling), sum(map(len, values.values())))
                for _, (left, top, right, bottom) in boxes(pdf):
                    self.assertTrue(20 <= left and right <= 400 and 16 <= top and bottom <= 579, (left, top))

    def test_each_keeps_to_its_own_place(self):
        plain = picture(draw()[0])
        for field in BYTES_MAX:
            for filling in ("W", "x ", "\ufdfd", "🎉", ZALGO, "ن"):
                with self.subTest(field=field, filling=filling):
                    box = changed_box(plain, picture(draw(**{field: filled(field, filling)})[0]))
                    place = PLACES[field]
                    self.assertIsNotNone(box)
                    self.assertTrue(box[0] >= place[0] and box[1] >= place[1] and box[2] <= place[2] and
                                    box[3] <= place[3], (box, place))

    def test_a_long_title_and_a_long_venue_do_not_meet(self):
        for title in ("x", "x ", "g"):
            pdf, _ = draw(title=filled("title", title), venue=filled("venue", "W"), city="—")
            titles = [bottom for word, (_, _, _, bottom) in boxes(pdf) if set(word) == set(title.strip())]
            venues = [top for word, (_, top, _, _) in boxes(pdf) if set(word) == {"W"}]
            self.assertLess(max(titles), min(venues) + 2)  # boxes of fonts, not of what is drawn

    def test_emoji_are_in_colour(self):
        for emoji in ("🎉", FAMILY, "🇩🇪", "1\ufe0f\u20e3", "👍🏽", SCOTLAND, "❤\ufe0f\u200d🔥", "☎\ufe0f"):
            with self.subTest(emoji=emoji):
                pdf, missing = draw(section=emoji, title=f"Party {emoji} & more")
                self.assertEqual(missing, 0)
                images = subprocess.run(["pdfimages", "-list", pdf], check=True, capture_output=True, text=True).stdout
                sizes = [line.split() for line in images.splitlines()[2:]]
                self.assertTrue(sizes)
                self.assertTrue(all(int(size[12]) >= 250 for size in sizes), images)
        rows = picture(draw(section="🇩🇪")[0], grey=False)
        seen = [tuple(row[x * 3:x * 3 + 3]) for row in rows[316:372] for x in range(42, 185)]
        self.assertGreater(sum(red > 180 and green < 60 and blue < 60 for red, green, blue in seen), 20)
        self.assertGreater(sum(red > 220 and green > 180 and blue < 90 for red, green, blue in seen), 20)

    def test_the_same_ticket_is_the_same_bytes(self):
        fields = {"title": f"Party 🎉 {FAMILY} 幽霊", "section": "🇩🇪"}
        first, second = draw(**fields)[0].read_bytes(), draw(**fields)[0].read_bytes()
        self.assertEqual(first, second)
        self.assertLess(len(first), 200_000)

    def test_an_emoji_is_in_the_file_once(self):
        one, many = (draw(title="🎉" * count)[0].stat().st_size for count in (8, 9))
        self.assertLess(many - one, 1000)

    def test_a_ticket_is_drawn_whatever_the_text(self):
        for raw in (b"\xef\xbf\xbe", b"\xef\xbf\xbf", b"\xed\xa0\x80", b"\xff\xfe", b"\xc3", b"\x01", b"\x1b[31m",
                    "\u200b\u200b".encode(), b"   ", b"", "\u202e\u2066\u2069".encode(), "\U0010fffd".encode(),
                    "\u0300\u0300".encode(), "\ufdd0".encode(), "\u2028\u2029".encode(), "\U000e0041".encode()):
            with self.subTest(raw=raw):
                pdf, _ = draw(title=raw, venue=raw, city=raw, section=raw, row=raw + b"1", seat=raw + b"2",
                              category=raw)
                information = subprocess.run(["pdfinfo", pdf], check=True, capture_output=True).stdout.decode()
                self.assertRegex(information, r"Title: +\S")
                self.assertRegex(words(pdf), "Untitledevent|\ufffd|31m")

    def test_titles_that_nobody_sees_are_told_in_words(self):
        for title in ("", "  ", "\u200b\u200b", "\u3164", "\ufe0f", "\ufffe"):
            pdf, _ = draw(title=title)
            self.assert_reads(pdf, "Untitled event")
            information = subprocess.run(["pdfinfo", pdf], check=True, capture_output=True).stdout.decode()
            self.assertIn("Untitled event", information)

    def moment(self, at_ms, zone):
        moment = datetime.datetime.fromtimestamp(at_ms / 1000, zoneinfo.ZoneInfo(zone))
        return f"{moment:%H:%M}", f"{moment:%A}, {moment.day} {moment:%B} {moment:%Y}", moment.tzname()

    def test_the_page_says_when_it_starts_and_ends_and_in_which_zone(self):
        hour = 3600_000
        for zone, start, duration in (
                ("America/Los_Angeles", 1795761900000, 2 * hour),  # ends past midnight
                ("Europe/Berlin", 1782979200000, 61 * hour),       # over three days
                ("Europe/Berlin", 1792882800000, 6 * hour),        # into winter time
                ("America/New_York", 1793509200000, 30 * hour)):
            with self.subTest(zone=zone, start=start):
                pdf, _ = draw(zone=zone, start=start, end=start + duration)
                starts, ends = self.moment(start, zone), self.moment(start + duration, zone)
                page = words(pdf)
                begin = page.index("STARTS")
                end = page.index("ENDS", begin)
                for part in starts:
                    self.assertIn(part.replace(" ", ""), page[begin:end])
                for part in ends:
                    self.assertIn(part.replace(" ", ""), page[end:])
                self.assertRegex(page[begin:end], r"\(UTC[+−]\d")
                self.assertRegex(page[end:], r"\(UTC[+−]\d")

    def test_a_show_without_a_length_has_no_end(self):
        for end in (PLAIN["start"], PLAIN["start"] - 1, 0):
            page = words(draw(end=end)[0])
            self.assertNotIn("ENDS", page)
            self.assertIn("22:45", page)
            self.assertIn("PST(UTC−8)", page)

    def test_what_is_no_zone_is_told_in_utc(self):
        for zone in ("GMT+9", "UTC+5", "localtime", "Factory", "", "EST5"):
            page = words(draw(zone=zone, start=1782986400000, end=1782993600000)[0])
            self.assertRegex(page, r"STARTS10:00Thursday,2July2026UTCENDS12:00Thursday,2July2026UTC")


if __name__ == "__main__":
    unittest.main(verbosity=1)
