#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the tables of text_check.c from the Unicode data of Debian's package unicode-data.

    generate_tables.py [--unicode FOLDER] [--check] [--output FOLDER]

The Unicode version is in the names of the files: tables_15_0_0.h, normal_15_0_0.h. Tables decide what the core
refuses, so a newer version of them belongs to a new logic version; the older file stays. --check
compares what is committed with what would be written, and fails if they differ.
"""
import argparse
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
LAST = 0x10FFFF

# Assigned and of a visible category, but nothing is drawn: braille blank, null notehead, blank hieroglyphs.
BLANKS = {0x2800, 0x1D159, 0x13441, 0x13442}
# Stands for what a plain text does not have.
PLACEHOLDER = 0xFFFC

FLAGS = ("VISIBLE", "SPACE", "MARK", "JOINS", "PICTOGRAPH", "EMOJI_VARIANTS", "IDEOGRAPH")
CLASSES = ("PLAIN", "CONTROL", "SEPARATOR", "FORMAT", "PRIVATE", "UNASSIGNED", "IGNORABLE", "SELECTOR", "TAG", "JOINER")


def rows(path):
    """The fields of a file of Unicode data, without comments."""
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if line:
            yield [field.strip() for field in line.split(";")]


def points(field):
    first, _, last = field.partition("..")
    return range(int(first, 16), int(last or first, 16) + 1)


def property_set(path, name):
    return {point for row in rows(path) if row[1] == name for point in points(row[0])}


def general_categories(folder):
    """Category and combining class of every assigned code point."""
    categories, classes = {}, {}
    first = None
    for row in rows(folder / "UnicodeData.txt"):
        point = int(row[0], 16)
        if row[1].endswith(", First>"):
            first = point
            continue
        for each in range(first if row[1].endswith(", Last>") else point, point + 1):
            categories[each] = row[2]
            if row[3] != "0":
                classes[each] = int(row[3])
    return categories, classes


def joining_points(folder, categories, classes):
    """Letters and marks of the scripts that write joiners: cursive ones, and those with a virama."""
    script = {point: row[1] for row in rows(folder / "Scripts.txt") for point in points(row[0])}
    short = {row[2]: row[1] for row in rows(folder / "PropertyValueAliases.txt") if row[0] == "sc"}
    virama = {point for point, combining in classes.items() if combining == 9}
    cursive = {int(row[0], 16) for row in rows(folder / "ArabicShaping.txt") if row[2] in "RLDC"}
    scripts = {script[point] for point in virama | cursive if point in script} - {"Common", "Inherited"}
    codes = {short[name] for name in scripts}
    result = {point for point, name in script.items() if name in scripts}
    for row in rows(folder / "ScriptExtensions.txt"):
        if codes & set(row[1].split()):
            result |= set(points(row[0]))
    return {point for point in result if categories.get(point, "Cn")[0] in "LM"}


def class_of(point, category, ignorable):
    if point in (0x200C, 0x200D):
        return "JOINER"
    if 0x180B <= point <= 0x180D or point == 0x180F or 0xFE00 <= point <= 0xFE0F or 0xE0100 <= point <= 0xE01EF:
        return "SELECTOR"
    if 0xE0020 <= point <= 0xE007F:
        return "TAG"
    by_category = {"Cc": "CONTROL", "Zl": "SEPARATOR", "Zp": "SEPARATOR", "Cf": "FORMAT", "Co": "PRIVATE",
                   "Cs": "UNASSIGNED", "Cn": "UNASSIGNED"}
    if category in by_category:
        return by_category[category]
    return "IGNORABLE" if ignorable or point == PLACEHOLDER else "PLAIN"


def ranges(folder):
    """(first, class, flags) where either changes."""
    categories, classes = general_categories(folder)
    emoji = folder / "emoji"
    pictographs = (property_set(emoji / "emoji-data.txt", "Extended_Pictographic")
                   & property_set(emoji / "emoji-data.txt", "Emoji"))
    variants = {int(row[0].split()[0], 16) for row in rows(emoji / "emoji-variation-sequences.txt")}
    ideographs = property_set(folder / "PropList.txt", "Unified_Ideograph")
    ignorable = property_set(folder / "DerivedCoreProperties.txt", "Default_Ignorable_Code_Point")
    joining = joining_points(folder, categories, classes)
    result, before = [], None
    for point in range(LAST + 1):
        category = categories.get(point, "Cn")
        kind = class_of(point, category, point in ignorable)
        space = kind == "PLAIN" and (category == "Zs" or point in BLANKS)
        holds = (kind == "PLAIN" and category[0] in "LNPS" and not space, space,
                 kind == "PLAIN" and category[0] == "M", kind == "PLAIN" and point in joining,
                 point in pictographs, point in variants, point in ideographs)
        now = (kind, tuple(flag for flag, held in zip(FLAGS, holds) if held))
        if now != before:
            result.append((point, *now))
            before = now
    return result


def standardized(folder):
    """Base and selector of every standardized variant but those of emoji, ascending."""
    pairs = {tuple(int(part, 16) for part in row[0].split()) for row in rows(folder / "StandardizedVariants.txt")}
    return sorted(pair for pair in pairs if pair[1] not in (0xFE0E, 0xFE0F))


def unicode_version(folder):
    first = (folder / "DerivedAge.txt").read_text(encoding="utf-8").splitlines()[0]
    return re.fullmatch(r"# DerivedAge-([0-9]+)\.([0-9]+)\.([0-9]+)\.txt", first).groups()


def table(folder):
    version = unicode_version(folder)
    lines = ["/* SPDX-License-Identifier: Apache-2.0 */",
             f"/* Unicode {'.'.join(version)}. Generated by codec/text/generate_tables.py. */",
             "/* clang-format off */", ""]
    lines += [f"#define TEXT_TABLES_UNICODE \"{'.'.join(version)}\"", ""]
    lines += ["enum text_class {"] + [f"    TEXT_CLASS_{name}," for name in CLASSES] + ["};", ""]
    lines += [f"#define TEXT_FLAG_{name} {1 << bit}u" for bit, name in enumerate(FLAGS)] + [""]
    lines += ["/* From this code point to the next entry's: class, and flags << 4. */",
              "static const struct { uint32_t first; uint32_t what; } text_ranges[] = {"]
    for first, kind, flags in ranges(folder):
        what = CLASSES.index(kind) | sum(1 << FLAGS.index(flag) for flag in flags) << 4
        lines.append(f"    {{0x{first:X}, 0x{what:X}}},")
    lines += ["};", "", "/* base << 32 | selector, ascending. */", "static const uint64_t text_variants[] = {"]
    lines += [f"    0x{base << 32 | selector:X}," for base, selector in standardized(folder)]
    lines += ["};", ""]
    return f"tables_{'_'.join(version)}.h", "\n".join(lines)


def runs(values):
    """(first, last, value) of neighbours that have the same."""
    result = []
    for point in sorted(values):
        if result and result[-1][1] == point - 1 and result[-1][2] == values[point]:
            result[-1] = (result[-1][0], point, values[point])
        else:
            result.append((point, point, values[point]))
    return result


def normal_table(folder):
    """Of canonical composition (NFC), Hangul left out, which is arithmetic."""
    version = unicode_version(folder)
    _, classes = general_categories(folder)
    pairs = {int(row[0], 16): [int(part, 16) for part in row[5].split()] for row in rows(folder / "UnicodeData.txt")
             if row[5] and not row[5].startswith("<")}
    excluded = property_set(folder / "DerivedNormalizationProps.txt", "Full_Composition_Exclusion")
    quick = {point: "MN".index(row[2]) + 1 for row in rows(folder / "DerivedNormalizationProps.txt")
             if row[1] == "NFC_QC" for point in points(row[0])}

    def whole(point):
        return [last for part in pairs[point] for last in whole(part)] if point in pairs else [point]

    what = {point: classes.get(point, 0) | quick.get(point, 0) << 8 for point in classes.keys() | quick.keys()}
    lines = ["/* SPDX-License-Identifier: Apache-2.0 */",
             f"/* Unicode {'.'.join(version)}. Generated by codec/text/generate_tables.py. */",
             "/* clang-format off */", "",
             "/* Combining class; | 0x100: may compose with what is before it; | 0x200: never in NFC. */",
             "static const struct { uint32_t first, last; uint32_t what; } normal_classes[] = {"]
    lines += [f"    {{0x{first:X}, 0x{last:X}, 0x{value:X}}}," for first, last, value in runs(what)]
    lines += ["};", "", "/* Full canonical decompositions, 0 where they end before. */",
              "static const struct { uint32_t composed; uint32_t parts[4]; } normal_decompositions[] = {"]
    lines += [f"    {{0x{point:X}, {{{', '.join(f'0x{part:X}' for part in whole(point))}}}}},"
              for point in sorted(pairs)]
    lines += ["};", "", "static const struct { uint32_t first, second, composed; } normal_compositions[] = {"]
    lines += [f"    {{0x{first:X}, 0x{second:X}, 0x{point:X}}}," for (first, second), point in sorted(
        (tuple(parts), point) for point, parts in pairs.items() if len(parts) == 2 and point not in excluded)]
    lines += ["};", ""]
    return f"normal_{'_'.join(version)}.h", "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--unicode", type=pathlib.Path, default=pathlib.Path("/usr/share/unicode"))
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--output", type=pathlib.Path, default=HERE)
    arguments = parser.parse_args()
    for name, content in (table(arguments.unicode), normal_table(arguments.unicode)):
        path = arguments.output / name
        if not arguments.check:
            path.write_text(content, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != content:
            sys.exit(f"{path} is not what Unicode's data gives: run codec/text/generate_tables.py")
        print(f"{path}: {content.count(chr(10))} lines")


if __name__ == "__main__":
    main()
