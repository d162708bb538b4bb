#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants bugs: builds the simulator with one small patch to its sources, each into a program of its own.

For whoever writes or mends a patch:
    plant.py check [NAME…]        whether the patches apply
    plant.py refresh [NAME…]      writes them anew after the code around them has changed
    plant.py take NAME [WHAT…]    makes a patch of what is changed in the tree and not yet added to git's index
                                  (git diff), and takes the change back; WHAT says what the bug is
For the build (tests/sim/CMakeLists.txt):
    plant.py program  what the sound program is made of    plant.py compile  a patch's objects
    plant.py link     the program with the bug             plant.py list     names and sentences of all bugs
"""
import argparse
import json
import pathlib
import re
import shlex
import subprocess
import sys

from unified import Patch, PatchError, render

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
FUZZ_MAX = 3  # lines of context that `refresh` may lose at each end of a hunk
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def write_if_changed(path, text):
    """Ninja builds nothing again for a file that keeps its time."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def run(command, folder):
    """Its standard output; its errors are the user's, and end this too."""
    result = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        sys.stdout.write(result.stdout)
        raise PatchError(f"{shlex.join(command[:1])} ended with status {result.returncode}")
    return result.stdout


# --- the sound program ------------------------------------------------------------------------------------------------


def link_command_of(build, ninja, program):
    """The arguments with which the sound program is linked; paths are relative to the build folder."""
    program = pathlib.Path(program).relative_to(build)
    command = run([ninja, "-C", str(build), "-t", "commands", "-s", str(program)], build).strip().splitlines()[-1]
    return shlex.split(command.removeprefix(": && ").removesuffix(" && :"))


def unit_of(entry, linked):
    """A compilation as the program has it, or None if it is not part of the program."""
    arguments = shlex.split(entry["command"])
    made = arguments[arguments.index("-o") + 1]
    folder, _, target = made.partition("/CMakeFiles/")
    archive = f"{folder}/lib{target.split('.dir/')[0]}.a"
    if made in linked:
        archive = None
    elif archive not in linked:
        return None
    return {"source": entry["file"], "arguments": arguments, "object": made, "archive": archive}


def command_program(options):
    """Writes link command and compilations to a file that changes only when they do."""
    build = pathlib.Path(options.build)
    link = link_command_of(build, options.ninja, options.program)
    entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    units = [unit for unit in (unit_of(entry, set(link)) for entry in entries) if unit]
    write_if_changed(options.out, json.dumps({"build": str(build), "link": link, "units": units}, indent=1))


# --- a bug's objects --------------------------------------------------------------------------------------------------


class Includes:
    """Which files a source includes, also by others; by a look at their text."""

    def __init__(self):
        self.direct = {}

    def of(self, source, arguments):
        folders = [argument[2:] for argument in arguments if argument.startswith("-I")]
        seen, left = set(), [source]
        while left:
            path = left.pop()
            if path not in seen:
                seen.add(path)
                left += self._direct(path, folders)
        return seen

    def _direct(self, path, folders):
        if path not in self.direct:
            names = INCLUDE.findall(pathlib.Path(path).read_text(encoding="utf-8"))
            places = [[str(pathlib.Path(folder) / name) for folder in (pathlib.Path(path).parent, *folders)]
                      for name in names]
            self.direct[path] = [found for found in
                                 (next((place for place in each if pathlib.Path(place).is_file()), None)
                                  for each in places) if found]
        return self.direct[path]


def units_touched(patch, units):
    """(unit, file): the compilations that a patch concerns, and the patched source, or None for a header's."""
    includes, touched = Includes(), []
    for file in patch.files:
        path = str(ROOT / file)
        found = [(unit, file) for unit in units if unit["source"] == path]
        if not found:
            found = [(unit, None) for unit in units if path in includes.of(unit["source"], unit["arguments"])]
        if not found:
            patch.fail(f"changes {file}, which is not part of the simulator")
        touched += [each for each in found if each[0] not in [unit for unit, _ in touched]]
    return touched


def compile_unit(build, folder, unit, file, number):
    """Compiles with the flags of the build; patched headers are found first. A bug may leave something unused. The
    object's path."""
    made = folder / f"{number}-{pathlib.Path(unit['object']).name}"
    arguments = list(unit["arguments"])
    arguments[arguments.index("-o") + 1] = str(made)
    if file:
        arguments[arguments.index("-c") + 1] = str(folder / "tree" / file)
    first_option = next(i for i, argument in enumerate(arguments) if argument.startswith("-"))
    arguments[first_option:first_option] = [f"-I{folder / 'tree'}", "-MMD", "-MF", f"{made}.d", "-MT", "made"]
    run([*arguments, "-g0", "-Wno-unused"], build)
    return made


def symbols_of(path):
    return {line.split()[-1] for line in run(["nm", "-g", "--defined-only", str(path)], path.parent).splitlines()
            if len(line.split()) == 3}


def check_replaces(patch, build, unit, made):
    """A member of an archive is left out only if nobody misses it."""
    missing = symbols_of(build / unit["object"]) - symbols_of(made)
    if unit["archive"] and missing:
        patch.fail(f"takes {', '.join(sorted(missing))} away, so that the sound {unit['source']} would be linked too")


def depfile_text(target, paths, depfiles):
    def escape(path):
        return str(path).replace(" ", "\\ ")
    found = " ".join(depfile.read_text(encoding="utf-8").replace("\\\n", " ").partition(":")[2].strip()
                     for depfile in depfiles)
    return f"{escape(target)}: {' '.join(map(escape, paths))} {found}\n"


def command_compile(options):
    patch = Patch(options.patch)
    program = json.loads(pathlib.Path(options.program).read_text(encoding="utf-8"))
    build, out = pathlib.Path(program["build"]), pathlib.Path(options.out)
    folder = out.parent
    for file, text in patch.apply(ROOT).items():
        write_if_changed(folder / "tree" / file, text)
    objects, watched = [], [ROOT / file for file in patch.files]
    for number, (unit, file) in enumerate(units_touched(patch, program["units"])):
        made = compile_unit(build, folder, unit, file, number)
        check_replaces(patch, build, unit, made)
        objects.append({"made": str(made), "replaces": None if unit["archive"] else unit["object"]})
        watched += [] if file else [unit["source"]]
    depfiles = [pathlib.Path(f"{each['made']}.d") for each in objects]
    pathlib.Path(options.depfile).write_text(depfile_text(out, watched, depfiles), encoding="utf-8")
    out.write_text(json.dumps(objects, indent=1), encoding="utf-8")


def command_link(options):
    """The sound program's command with other objects; those of archives come before all archives."""
    program = json.loads(pathlib.Path(options.program).read_text(encoding="utf-8"))
    objects = json.loads(pathlib.Path(options.objects).read_text(encoding="utf-8"))
    link = list(program["link"])
    link[link.index("-o") + 1] = options.out
    for each in objects:
        if each["replaces"]:
            link[link.index(each["replaces"])] = each["made"]
        else:
            link.insert(next(i for i, argument in enumerate(link) if argument.endswith(".a")), each["made"])
    pathlib.Path(options.out).parent.mkdir(parents=True, exist_ok=True)
    run([*link, "-Wl,--strip-debug"], program["build"])


# --- all bugs ---------------------------------------------------------------------------------------------------------


def command_list(options):
    """NAME, a tab, what it is: a line a bug. Programs of bugs that are no more are removed."""
    patches = [Patch(path) for path in options.patches]
    out = pathlib.Path(options.out)
    names = {f"seatlog-sim-{patch.name}" for patch in patches}
    for path in out.parent.glob("seatlog-sim-*"):
        if path.name not in names:
            path.unlink()
    write_if_changed(out, "".join(f"{patch.name}\t{patch.what}\n" for patch in patches))


def patches_named(names):
    paths = [HERE / f"{name}.patch" for name in names] if names else sorted(HERE.glob("*.patch"))
    for path in paths:
        if not path.is_file():
            raise PatchError(f"there is no {path.relative_to(ROOT)}")
    return paths


def for_each(names, do):
    """Does it for each patch; all that fail are told."""
    faults = []
    for path in patches_named(names):
        try:
            do(Patch(path))
        except PatchError as error:
            faults.append(str(error))
    if faults:
        raise PatchError("\n".join(faults))


def command_check(options):
    for_each(options.names, lambda patch: patch.apply(ROOT))
    if options.depfile:
        files = {ROOT / file for path in patches_named(options.names) for file in Patch(path).files}
        pathlib.Path(options.depfile).write_text(depfile_text(options.stamp, sorted(files), []), encoding="utf-8")
        pathlib.Path(options.stamp).touch()


def command_refresh(options):
    def refresh(patch):
        patch.follow(ROOT, FUZZ_MAX)
        patched = patch.apply(ROOT, fuzz=FUZZ_MAX)
        write_if_changed(patch.path, render(patch.what, ROOT, patched))
    for_each(options.names, refresh)


def command_take(options):
    path = HERE / f"{options.name}.patch"
    what = " ".join(options.what) or (Patch(path).what if path.is_file() else "")
    files = run(["git", "diff", "--name-only", "--diff-filter=M"], ROOT).split()
    files = [file for file in files if file.endswith((".c", ".h"))]
    if not what or not files:
        raise PatchError("say what the bug is" if files else "no source is changed beyond git's index (git diff)")
    patched = {file: (ROOT / file).read_text(encoding="utf-8") for file in files}
    run(["git", "checkout", "-q", "--", *files], ROOT)
    path.write_text(render(what, ROOT, patched), encoding="utf-8")
    print(f"{path.relative_to(ROOT)}: {', '.join(files)}")


def arguments_parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    options = {
        "check": ("names*", "--stamp", "--depfile"), "refresh": ("names*",), "take": ("name", "what*"),
        "program": ("--build", "--ninja", "--program", "--out"), "list": ("--out", "patches*"),
        "compile": ("--patch", "--program", "--out", "--depfile"), "link": ("--program", "--objects", "--out"),
    }
    for command, names in options.items():
        sub = commands.add_parser(command)
        for name in names:
            if name.endswith("*"):
                sub.add_argument(name[:-1], nargs="*")
            else:
                sub.add_argument(name)
    return parser.parse_args()


def main():
    options = arguments_parse()
    try:
        globals()[f"command_{options.command}"](options)
    except PatchError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
