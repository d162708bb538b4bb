#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A patch of a planted bug applies where it means to, or says why not; it is easily written anew."""
import contextlib
import io
import pathlib
import subprocess
import tempfile
import unittest
from types import SimpleNamespace

import plant
from unified import Patch, PatchError, render

SOURCE = """\
#include "seats.h"

int seats_free(int all, int taken) {
    int free = all - taken;
    return free;
}

int seats_left(int all, int taken, int held) {
    int free = all - taken;
    int left = free - held;
    return left;
}
"""
BUG = SOURCE.replace("    int left = free - held;\n", "    int left = free;\n")


class InATree(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        self.planted = self.root / "tests/sim/planted"
        self.planted.mkdir(parents=True)
        self.source = self.root / "core/seats.c"
        self.source.parent.mkdir()
        self.source.write_text(SOURCE)
        self.path = self.planted / "held-forgotten.patch"
        self.path.write_text(render("Held seats are forgotten.", self.root, {"core/seats.c": BUG}))
        plant.ROOT, plant.HERE = self.root, self.planted

    def tearDown(self):
        self.folder.cleanup()

    def patched(self, fuzz=0):
        return Patch(self.path).apply(self.root, fuzz)["core/seats.c"]

    def refused(self, words):
        with self.assertRaises(PatchError) as caught:
            self.patched()
        self.assertIn(words, str(caught.exception))
        self.assertIn("held-forgotten.patch", str(caught.exception))


class Applying(InATree):
    def test_prose_and_difference_make_the_bug(self):
        self.assertEqual(Patch(self.path).what, "Held seats are forgotten.")
        self.assertEqual(self.patched(), BUG)

    def test_lines_that_have_moved_are_found(self):
        self.source.write_text(SOURCE.replace("#include", "\n" * 40 + "#include"))
        self.assertEqual(self.patched(), BUG.replace("#include", "\n" * 40 + "#include"))

    def test_a_new_parameter_of_the_function_does_not_matter(self):
        self.path.write_text("Held.\n\n--- a/core/seats.c\n+++ b/core/seats.c\n"
                             "@@ -9,2 +9,2 @@ int seats_left(int all)\n"
                             "     int free = all - taken;\n-    int left = free - held;\n+    int left = free;\n")
        self.assertEqual(self.patched(), BUG)

    def test_a_changed_line_around_it_refuses(self):
        self.source.write_text(SOURCE.replace("return left;", "return left + 0;"))
        self.refused("are not there any more")

    def test_the_same_lines_in_another_function_refuse(self):
        self.path.write_text("Held.\n\n--- a/core/seats.c\n+++ b/core/seats.c\n"
                             "@@ -9,2 +9,2 @@ int seats_left(int all, int taken, int held) {\n"
                             "     int free = all - taken;\n-    return free;\n+    return all;\n")
        self.refused("seats_free now, and the patch is for seats_left")

    def test_lines_that_are_there_twice_refuse(self):
        self.path.write_text("Held.\n\n--- a/core/seats.c\n+++ b/core/seats.c\n@@ -4 +4 @@\n"
                             "-    int free = all - taken;\n+    int free = all;\n")
        self.refused("2 times")

    def test_a_patch_without_words_refuses(self):
        self.path.write_text(self.path.read_text().partition("\n\n")[2])
        self.refused("a sentence of what the bug is comes first")

    def test_a_patch_that_was_cut_off_refuses(self):
        self.path.write_text("\n".join(self.path.read_text().splitlines()[:-1]) + "\n")
        self.refused("cut off")

    def test_a_file_that_is_gone_refuses(self):
        self.source.unlink()
        self.refused("core/seats.c, which is not there")

    def test_git_applies_it_too(self):
        subprocess.run(["git", "apply", self.path], cwd=self.root, check=True)
        self.assertEqual(self.source.read_text(), BUG)


class Writing(InATree):
    def test_refresh_forgives_context_and_a_new_name(self):
        changed = SOURCE.replace("return left;", "return left + 0;").replace("seats_left", "seats_rest")
        self.source.write_text(changed)
        plant.command_refresh(SimpleNamespace(names=["held-forgotten"]))
        self.assertEqual(self.patched(), changed.replace(" - held;", ";"))

    def test_refresh_follows_a_file_that_was_split(self):
        head, _, tail = SOURCE.partition("\nint seats_left")
        self.source.write_text(head)
        (self.root / "core/state").mkdir()
        (self.root / "core/state/left.c").write_text("int seats_left" + tail)
        plant.command_refresh(SimpleNamespace(names=[]))
        self.assertEqual(list(Patch(self.path).files), ["core/state/left.c"])
        self.assertIn("int left = free;", Patch(self.path).apply(self.root)["core/state/left.c"])

    def test_refresh_does_not_guess_the_changed_line(self):
        self.source.write_text(SOURCE.replace("free - held;", "free - held - 1;"))
        before = self.path.read_text()
        with self.assertRaises(PatchError):
            plant.command_refresh(SimpleNamespace(names=[]))
        self.assertEqual(self.path.read_text(), before)

    def test_take_makes_a_patch_and_keeps_what_is_added(self):
        def git(*arguments):
            return subprocess.run(["git", *arguments], cwd=self.root, check=True, capture_output=True, text=True).stdout
        git("init", "-q")
        git("add", ".")
        added = SOURCE.replace("#include", "#include <stdint.h>\n#include")
        self.source.write_text(added)
        git("add", ".")
        self.source.write_text(added.replace("free - held;", "free + held;"))
        with contextlib.redirect_stdout(io.StringIO()):
            plant.command_take(SimpleNamespace(name="held-added", what=["Held", "seats", "count", "twice."]))
        self.assertEqual(self.source.read_text(), added)
        taken = Patch(self.planted / "held-added.patch")
        self.assertEqual(taken.what, "Held seats count twice.")
        self.assertIn("free + held;", taken.apply(self.root)["core/seats.c"])


class Building(InATree):
    def test_a_missing_symbol_refuses(self):
        for name, text in (("sound", "int a; int b;"), ("planted", "int a;")):
            (self.root / f"{name}.c").write_text(text)
            subprocess.run(["cc", "-c", f"{name}.c"], cwd=self.root, check=True)
        unit = {"object": "sound.o", "archive": "lib.a", "source": "sound.c"}
        plant.check_replaces(Patch(self.path), self.root, unit, self.root / "sound.o")
        with self.assertRaises(PatchError) as caught:
            plant.check_replaces(Patch(self.path), self.root, unit, self.root / "planted.o")
        self.assertIn("takes b away", str(caught.exception))

    def test_a_patched_header_concerns_those_that_include_it(self):
        (self.root / "core/seats.h").write_text("int x;\n")
        (self.root / "core/hall.h").write_text('#include "core/seats.h"\n')
        units = []
        for name, text in (("a", '#include "core/hall.h"\n'), ("b", "#include <stdio.h>\n")):
            (self.root / f"{name}.c").write_text(text)
            units.append({"source": str(self.root / f"{name}.c"), "arguments": [f"-I{self.root}"]})
        self.path.write_text(render("X.", self.root, {"core/seats.h": "int y;\n"}))
        self.assertEqual(plant.units_touched(Patch(self.path), units), [(units[0], None)])
        self.path.write_text(render("X.", self.root, {"core/seats.c": BUG}))
        with self.assertRaises(PatchError):
            plant.units_touched(Patch(self.path), units)


if __name__ == "__main__":
    unittest.main()
