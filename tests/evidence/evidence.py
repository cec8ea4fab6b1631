#!/usr/bin/env python3
"""Has every guarantee its evidence? evidence.py ROOT prints what is wrong with docs/guarantees.md.

The table "The evidence" has a row for each of G1 to G12, in order, with four kinds of evidence. A kind
is there, or the cell says "not here:" and why; of DEMANDED no cell may say so. What is named exists:
tests as TEST(Suite, Test) or add_test(NAME ...), a check as a text in the sources, a fault in the lists
of tests/faults, checkers in sim/checker_names.hpp, configurations in model/configurations. No checker is left out, and of the
model both a configuration in which nothing is found is named, and a broken one. A kind of which there is
something is also named where the guarantee is promised, in the table above.
"""

import re
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "faults"))
from fault_kinds import FAULT_TEST, read_fault_kinds  # noqa: E402

GUARANTEES = [f"G{n}" for n in range(1, 13)]
KINDS = ["tests", "model", "simulation", "faults"]
DEMANDED = {"tests": GUARANTEES, "model": GUARANTEES[:6], "simulation": GUARANTEES[:6] + ["G8", "G12"],
            "faults": GUARANTEES[:6] + ["G8"]}
# What the table of the promises names where there is something of the kind.
ABOVE = {"model": "Model", "simulation": "Simulat", "faults": "Fault"}

ROW = re.compile(r"^\| *(G\d+) *\|(.*)\|$")
HEADING = "## The evidence"
NAME = re.compile(r"`([^`]+)`")
TEST = re.compile(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", re.M)
PLAIN_TEST = re.compile(r"add_test\(NAME (\S+)")
LOOP = re.compile(r"foreach\((\w+) IN ITEMS ([^)]*)\)")
TEXT = re.compile(r'"(\w+)"')
CHECKER = re.compile(r'= "(G\d+ [^"]*)"')
PROMISE = re.compile(r"^\| (G\d+) \| \*\*.*\|(.*)\|$", re.M)
CONFIGURATION = re.compile(r"^(?:small|full) +(\w+) +(\S+)", re.M)


class Names:
    """All that can be named."""

    def __init__(self, root):
        self.tests, self.texts = set(), set()
        for folder in ("tests", "sim"):
            for path in sorted((root / folder).rglob("*.cpp")):
                source = path.read_text(encoding="utf-8")
                self.tests |= {f"{suite}.{name}" for suite, name in TEST.findall(source)}
                self.texts |= set(TEXT.findall(source))
            for path in sorted((root / folder).rglob("CMakeLists.txt")):
                self.tests |= set(plain_tests(path.read_text(encoding="utf-8")))
        self.faults = read_fault_kinds(root)
        checkers = (root / "sim/checker_names.hpp").read_text(encoding="utf-8")
        self.checkers = set(CHECKER.findall(checkers))
        configurations = (root / "model/configurations").read_text(encoding="utf-8")
        self.configurations = dict(CONFIGURATION.findall(configurations))


def plain_tests(cmake):
    """Of add_test(), also where the name ends in the variable of a loop."""
    values = {variable: items.split() for variable, items in LOOP.findall(cmake)}
    for name in PLAIN_TEST.findall(cmake):
        variable = re.search(r"\$\{(\w+)\}", name)
        for value in values.get(variable[1], []) if variable else [""]:
            yield re.sub(r"\$\{\w+\}", value, name)


def problems_of_tests(cell, names):
    for name in NAME.findall(cell):
        test, _, parameter = name.partition("/")
        if test not in names.tests:
            yield f"there is no test {test}"
        if parameter and parameter not in (names.faults if test == FAULT_TEST else names.texts):
            yield f"there is no {parameter} for {test}"


def problems_of_model(cell, names):
    found = NAME.findall(cell)
    for name in found:
        if name not in names.configurations:
            yield f"the model has no configuration {name}"
    expected = {names.configurations.get(name) for name in found}
    if "ok" not in expected:
        yield "names no configuration in which nothing is found"
    if not expected - {"ok", None}:
        yield "names no broken configuration"


def problems_of_simulation(cell, names, guarantee):
    named = set(NAME.findall(cell))
    its_own = {checker for checker in names.checkers if checker.startswith(guarantee + " ")}
    yield from (f"has no checker '{name}'" for name in sorted(named - its_own))
    yield from (f"leaves out the checker '{name}'" for name in sorted(its_own - named))


def problems_of_cell(kind, cell, guarantee, names):
    if not NAME.search(cell):
        if guarantee in DEMANDED[kind]:
            yield "names nothing, and has to"
        elif not re.search(r"not here: \w+", cell):
            yield "names nothing and no reason"
    elif kind == "model":
        yield from problems_of_model(cell, names)
    elif kind == "simulation":
        yield from problems_of_simulation(cell, names, guarantee)
    else:
        yield from problems_of_tests(cell, names)


def is_named(kind, names):
    return kind not in ABOVE or any(name.startswith(ABOVE[kind]) for name in names)


def rows_of(text):
    """Guarantee and cells, from the table of the evidence on."""
    for line in text.partition(HEADING)[2].splitlines():
        if match := ROW.match(line):
            yield match[1], [cell.strip() for cell in match[2].split("|")]


def find_problems(root):
    names = Names(root)
    text = (root / "docs/guarantees.md").read_text(encoding="utf-8")
    promises = PROMISE.findall(text)
    named_above = {guarantee: NAME.findall(cell) for guarantee, cell in promises}
    problems, found = [], []
    for guarantee, cells in rows_of(text):
        found.append(guarantee)
        if len(cells) != len(KINDS):
            problems.append(f"{guarantee} has {len(cells)} kinds of evidence and not {len(KINDS)}")
            continue
        for kind, cell in zip(KINDS, cells):
            if NAME.search(cell) and not is_named(kind, named_above.get(guarantee, [])):
                problems.append(f"{guarantee} leaves out {ABOVE[kind]} where it is promised")
            problems += [f"{guarantee}, {kind}: {problem}"
                         for problem in problems_of_cell(kind, cell, guarantee, names)]
    if found != GUARANTEES:
        problems.append(f"the rows are {' '.join(found)} and not {' '.join(GUARANTEES)}")
    promised = [guarantee for guarantee, _ in promises]
    if promised != GUARANTEES:
        problems.append(f"promised is {' '.join(promised)}, and evidence asked for of "
                        f"{' '.join(GUARANTEES)}")
    return problems


def main():
    problems = find_problems(Path(sys.argv[1]))
    print("\n".join(problems) if problems else "every guarantee has its evidence")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
