# SPDX-License-Identifier: Apache-2.0
"""Adds up JUnit files of ctest and pytest and prints `N passed, N failed`.

A test program of ctest counts as many tests as it says it ran (cmocka's `[  PASSED  ] 12 test(s).`), or one.
"""
import re
import xml.etree.ElementTree

PASSED = re.compile(r"^\[  PASSED  \] (\d+) test\(s\)", re.MULTILINE)
FAILED = re.compile(r"^\[  FAILED  \] [^\n]*?(\d+) test\(s\)", re.MULTILINE)


def case_count(case):
    """Passed, failed and skipped tests of one testcase element."""
    output = "".join(element.text or "" for element in case.iter("system-out"))
    passed = sum(int(number) for number in PASSED.findall(output))
    failed = sum(int(number) for number in FAILED.findall(output))
    if case.find("skipped") is not None or case.get("status") == "disabled":
        return 0, 0, 1
    if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
        return passed, max(failed, 1), 0
    return max(passed, 1), failed, 0


def totals_print(paths):
    """Whether none failed, and some ran."""
    passed = failed = skipped = 0
    for path in paths:
        for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
            counts = case_count(case)
            passed, failed, skipped = passed + counts[0], failed + counts[1], skipped + counts[2]
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return failed == 0 and passed > 0
