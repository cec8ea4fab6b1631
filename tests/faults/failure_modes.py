#!/usr/bin/env python3
"""Is every fault accounted for? failure_modes.py ROOT prints what is wrong with docs/failure_modes.md.

Each of the 65 rows is there once and in order, has all its cells, and names a test or says "not here:"
and why. A name is `Suite.Test`, as in TEST(Suite, Test), or `Suite.Test/parameter`, where the parameter
is a text in the same sources, such as the name of a conformance check. After `Fault.IsSurvived` it is a
fault of the lists that the test goes through, and each of those is named by a row.

And each of the rows L1 to L28, of what went wrong in other libraries: it names what does the same on
purpose, or says "none here:" and why. Mutants of the simulation (`sim/name`), broken stores (`broken/Name`)
and broken variants of the model (`model/name`) have to be there, and the check that catches a broken
store has to be among the tests of its row.

Tables whose rows begin with another letter, such as R1, have the columns of the first 65 and are numbered
from 1 without a gap.
"""

import re
import sys
from pathlib import Path

from fault_kinds import FAULT_TEST, read_fault_kinds

ROWS = 65
LIBRARY_ROWS = 28
ROW = re.compile(r"^\| *([A-Z]?)(\d+) *\|(.*)\|$")
NAME = re.compile(r"`(\w+\.\w+)(?:/(\w+))?`")
TEST = re.compile(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", re.M)
TEXT = re.compile(r'"(\w+)"')
OPTIONAL = 2  # the cell "what to do" may be empty
BROKEN = re.compile(r"`(\w+/\w+)`")
SIM_MUTANT = re.compile(r'MutantEntry\{\s*Mutant::\w+,\s*"(\w+)"')
BROKEN_STORE = re.compile(r'broken<\w+>\(\s*"(\w+)",\s*"(\w+)"\s*\)')
VARIANT = re.compile(r"^(?:small|full) +(\w+) +(\S+)", re.M)


class Tests:
    """The names of all tests, all texts of one word in their sources, and all faults."""

    def __init__(self, root):
        self.names, self.texts = read_tests(root)
        self.faults = read_fault_kinds(root)

    def parameters_of(self, test):
        return self.faults if test == FAULT_TEST else self.texts


def read_tests(root):
    tests, texts = set(), set()
    for path in sorted((root / "tests").rglob("*.cpp")):
        source = path.read_text(encoding="utf-8")
        tests |= {f"{suite}.{name}" for suite, name in TEST.findall(source)}
        texts |= set(TEXT.findall(source))
    return tests, texts


def read_broken(root):
    """What is broken on purpose, as `kind/name`, and the check that catches it where that has a name."""
    broken = {}
    for name in SIM_MUTANT.findall((root / "sim/mutants.cpp").read_text(encoding="utf-8")):
        broken[f"sim/{name}"] = None
    for path in sorted((root / "tests/conformance/broken").glob("*.cpp")):
        for name, check in BROKEN_STORE.findall(path.read_text(encoding="utf-8")):
            broken[f"broken/{name}"] = check
    for name, expected in VARIANT.findall((root / "model/configurations").read_text(encoding="utf-8")):
        if expected != "ok":
            broken[f"model/{name}"] = None
    return broken


def problems_of_tests(row, shown_by, tests):
    problems = []
    names = NAME.findall(shown_by)
    if not names and not re.search(r"not here: \w+", shown_by):
        problems.append(f"row {row} names no test and no reason why there is none")
    for test, parameter in names:
        if test not in tests.names:
            problems.append(f"row {row}: there is no test {test}")
        if parameter and parameter not in tests.parameters_of(test):
            problems.append(f"row {row}: there is no {parameter} for {test}")
    return problems


def problems_of_row(row, cells, tests):
    if len(cells) != 4:
        return [f"row {row} has {len(cells) + 1} cells and not 5"]
    problems = [f"row {row}: cell {i + 2} is empty"
                for i, cell in enumerate(cells) if not cell and i != OPTIONAL]
    return problems + problems_of_tests(row, cells[-1], tests)


def problems_of_library_row(row, cells, tests, broken):
    if len(cells) != 4:
        return [f"row {row} has {len(cells) + 1} cells and not 5"]
    problems = [f"row {row}: cell {i + 2} is empty" for i, cell in enumerate(cells) if not cell]
    shown_by, fails = cells[-2:]
    problems += problems_of_tests(row, shown_by, tests)
    checks = {parameter for _, parameter in NAME.findall(shown_by)}
    names = BROKEN.findall(fails)
    if not names and not re.search(r"none here: \w+", fails):
        problems.append(f"row {row} names nothing that is broken and no reason why there is none")
    for name in names:
        if name not in broken:
            problems.append(f"row {row}: there is no broken {name}")
        elif broken[name] and broken[name] not in checks:
            problems.append(f"row {row}: {name} is caught by {broken[name]}, which is not named")
    return problems


def problems_of_numbers(prefix, numbers, rows):
    problems = [f"row {prefix}{number} is there {numbers.count(number)} times"
                for number in range(1, rows + 1) if numbers.count(number) != 1]
    if numbers != sorted(numbers) or any(n > rows or n < 1 for n in numbers):
        problems.append(f"the rows are not {prefix}1 to {prefix}{rows} in order")
    return problems


def problems_of_faults(text, tests):
    named = {parameter for test, parameter in NAME.findall(text) if test == FAULT_TEST}
    return [f"the fault {kind} is in no row" for kind in sorted(tests.faults - named)]


def find_problems(root):
    tests = Tests(root)
    broken = read_broken(root)
    problems, numbers = [], {"": [], "L": []}
    text = (root / "docs/failure_modes.md").read_text(encoding="utf-8")
    for line in text.splitlines():
        if match := ROW.match(line):
            prefix, number = match[1], int(match[2])
            cells = [cell.strip() for cell in match[3].split("|")]
            numbers.setdefault(prefix, []).append(number)
            if prefix == "L":
                problems += problems_of_library_row(f"L{number}", cells, tests, broken)
            else:
                problems += problems_of_row(f"{prefix}{number}", cells, tests)
    problems += problems_of_faults(text, tests)
    for prefix, found in numbers.items():
        rows = {"": ROWS, "L": LIBRARY_ROWS}.get(prefix, len(found))
        problems += problems_of_numbers(prefix, found, rows)
    return problems


def main():
    problems = find_problems(Path(sys.argv[1]))
    print("\n".join(problems) if problems else "every fault is accounted for")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
