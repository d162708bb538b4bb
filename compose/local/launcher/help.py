# SPDX-License-Identifier: Apache-2.0
"""What each command says of itself (help/COMMAND.txt), and which options it takes: an option that is not in a command's
help is unknown to it. Help is printed before anything is looked at, made or installed.
"""

import pathlib
import re
import sys
import textwrap

from .pipeline import fill, programs

FOLDER = pathlib.Path(__file__).resolve().parent / "help"
SHOWS_DEFAULT, SHOWS_MAX = 3000, 30000


class Misuse(Exception):
    """What was not understood; the command's help says what would be."""

    def __init__(self, command, text):
        super().__init__(text)
        self.command = command


def commands():
    return {path.stem for path in FOLDER.glob("*.txt")} - {"commands"}


def indented(names, width, indent):
    return textwrap.fill(" ".join(names), width, subsequent_indent=indent, break_on_hyphens=False,
                         break_long_words=False)


def help_of(state, command):
    """A command's help, or the list of all."""
    path = FOLDER / f"{command if command in commands() else 'commands'}.txt"
    names = [program.program for program in programs()]
    return fill(path.read_text(encoding="utf-8"), {
        "SHOWS_DEFAULT": SHOWS_DEFAULT, "SHOWS_MAX": SHOWS_MAX, "STATE": state.folder,
        "PROGRAMS": indented(names, 72, " " * 7), "LOGS": indented([*names, "supervisord"], 76, "  ")})


def help_wanted(words):
    for word in words:
        if word in ("-h", "--help"):
            return True
        if word == "--":
            return False
    return False


def options_check(state, command, words):
    """Whatever looks like an option must be one of its help."""
    text = help_of(state, command)
    for word in words:
        if word == "--":
            return
        name = word.partition("=")[0]
        if word.startswith("-") and not (re.match(r"--?[a-z]", word) and
                                         re.search(rf"(^|[^a-z-]){re.escape(name)}([^a-z-]|$)", text, re.MULTILINE)):
            raise Misuse(command, f"there is no option {name}")


def arguments_none(command, words):
    """For those that take no words at all."""
    if words:
        raise Misuse(command, f"it takes no argument: {words[0]}")


def misuse_tell(state, misuse):
    print(f"seatlog {misuse.command}: {misuse}\n\n{help_of(state, misuse.command)}", end="", file=sys.stderr)
