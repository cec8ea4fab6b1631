#!/usr/bin/env python3
"""Is every fault accounted for? failure_modes.py ROOT prints what is wrong with docs/failure_modes.md.

Each of the 65 rows is there once and in order, has all its cells, and names a test or says "not here:"
and why. A name is `Suite.Test`, as in TEST(Suite, Test), or `Suite.Test/parameter`, where the parameter
is a text in the same sources, such as the name of a fault or of a conformance check.
"""

import re
import sys
from pathlib import Path

ROWS = 65
ROW = re.compile(r"^\| *(\d+) *\|(.*)\|$")
NAME = re.compile(r"`(\w+\.\w+)(?:/(\w+))?`")
TEST = re.compile(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", re.M)
TEXT = re.compile(r'"(\w+)"')
OPTIONAL = 2  # the cell "what to do" may be empty


def read_tests(root):
    """The names of all tests, and all texts of one word in their sources."""
    tests, texts = set(), set()
    for path in sorted((root / "tests").rglob("*.cpp")):
        source = path.read_text(encoding="utf-8")
        tests |= {f"{suite}.{name}" for suite, name in TEST.findall(source)}
        texts |= set(TEXT.findall(source))
    return tests, texts


def problems_of_row(number, cells, tests, texts):
    if len(cells) != 4:
        return [f"row {number} has {len(cells) + 1} cells and not 5"]
    problems = [f"row {number}: cell {i + 2} is empty"
                for i, cell in enumerate(cells) if not cell and i != OPTIONAL]
    shown_by = cells[-1]
    names = NAME.findall(shown_by)
    if not names and not re.search(r"not here: \w+", shown_by):
        problems.append(f"row {number} names no test and no reason why there is none")
    for test, parameter in names:
        if test not in tests:
            problems.append(f"row {number}: there is no test {test}")
        if parameter and parameter not in texts:
            problems.append(f"row {number}: there is no {parameter} for {test}")
    return problems


def find_problems(root):
    tests, texts = read_tests(root)
    problems, numbers = [], []
    for line in (root / "docs/failure_modes.md").read_text(encoding="utf-8").splitlines():
        if match := ROW.match(line):
            numbers.append(int(match[1]))
            cells = [cell.strip() for cell in match[2].split("|")]
            problems += problems_of_row(numbers[-1], cells, tests, texts)
    for number in range(1, ROWS + 1):
        if numbers.count(number) != 1:
            problems.append(f"row {number} is there {numbers.count(number)} times")
    if numbers != sorted(numbers) or any(n > ROWS or n < 1 for n in numbers):
        problems.append("the rows are not 1 to 65 in order")
    return problems


def main():
    problems = find_problems(Path(sys.argv[1]))
    print("\n".join(problems) if problems else "every fault is accounted for")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
