#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""openapi.yaml's bounds are those of bounds.tsv: each place that the table names is there and has its value, and no
bound of the contract is missing in the table."""
import pathlib
import re
import sys
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "codec" / "generate"))
from generate_bounds import bounds  # noqa: E402

KEYWORDS = ("maximum", "minimum", "maxLength", "minLength", "maxItems", "minItems", "default")
# That something is not negative, not empty, or fits its integer is no bound to agree on; nor is the shape of a cursor
# or of an email address, which another rule keeps; nor which page comes first.
NO_BOUND = {("minimum", 0), ("minimum", 1), ("minLength", 1), ("minItems", 1), ("maximum", 2**31 - 1)}
OTHER_RULES = {"After/maxLength", "Signup/username/minLength"}
PAGE = re.compile(r"\?(page|per_page)/default$")
METHODS = ("get", "put", "post", "delete", "patch")


def places_below(node, name):
    """The bounds at and below a schema, each with the names of the fields that lead to it."""
    if not isinstance(node, dict):
        return
    for keyword in KEYWORDS:
        if isinstance(node.get(keyword), int):
            yield f"{name}/{keyword}", node[keyword]
    for field, schema in node.get("properties", {}).items():
        yield from places_below(schema, f"{name}/{field}")
    for inner in (node.get("items"), *node.get("oneOf", ()), *node.get("anyOf", ()), *node.get("allOf", ())):
        yield from places_below(inner, name)


def places_of(contract):
    for name, schema in contract["components"]["schemas"].items():
        yield from places_below(schema, name)
    for name, parameter in contract["components"]["parameters"].items():
        yield from places_below(parameter.get("schema"), name)
    for path, calls in contract["paths"].items():
        for method in METHODS:
            call = calls.get(method, {})
            for parameter in call.get("parameters", ()):
                if "name" in parameter:
                    yield from places_below(parameter["schema"], f"{method.upper()} {path}?{parameter['name']}")
            for media in call.get("requestBody", {}).get("content", {}).values():
                yield from places_below(media.get("schema"), f"{method.upper()} {path}")


def places_named(text):
    """The places of a line: what begins with a method has a blank in it."""
    return re.findall(r"(?:(?:GET|PUT|POST|DELETE|PATCH) )?\S+", "" if text == "-" else text)


class Bounds(unittest.TestCase):
    def setUp(self):
        contract = yaml.safe_load((ROOT / "schemas" / "openapi.yaml").read_text(encoding="utf-8"))
        self.contract = list(places_of(contract))
        self.table = list(bounds())

    def test_what_the_table_names_has_its_value(self):
        for name, value, _, places, _ in self.table:
            for place in places_named(places):
                place, _, scale = place.partition("*")
                with self.subTest(bound=name, place=place):
                    found = [there * int(scale or 1) for at, there in self.contract if at == place]
                    self.assertEqual(set(found), {value})

    def test_no_bound_of_the_contract_is_missing_in_the_table(self):
        named = {place.partition("*")[0] for _, _, _, places, _ in self.table for place in places_named(places)}
        for place, value in self.contract:
            keyword = place.rpartition("/")[2]
            if (keyword, value) not in NO_BOUND and place not in OTHER_RULES and not PAGE.search(place):
                with self.subTest(place=place):
                    self.assertIn(place, named)

    def test_days_are_told_in_words_as_they_are(self):
        text = (ROOT / "schemas" / "openapi.yaml").read_text(encoding="utf-8")
        days = {name: value // (24 * 60 * 60 * 1000) for name, value, duration, _, _ in self.table if duration}
        self.assertIn(f"at most {days['PLAN_START_AHEAD_MS_MAX']:,} days ahead", text)


if __name__ == "__main__":
    unittest.main()
