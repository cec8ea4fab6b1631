#!/usr/bin/env python3
"""Breaks a sound list of failure modes in each way and looks whether failure_modes.py notices."""

import tempfile
import unittest
from pathlib import Path

import failure_modes

SOURCES = {
    "tests/any/test.cpp":
        'TEST(Some, Test) {}\nTEST_P(Other,\n       Thing) {}\nList all() { return {{"one", one}}; }\n',
    "tests/faults/fault_test.cpp": "TEST_P(Fault, IsSurvived) {}\n",
    "tests/faults/some_faults.cpp":
        'FaultKinds some_faults() {\n  return {{"struck", struck},\n          {"cut", cut}};\n}\n',
    "tests/conformance/broken/store.cpp":
        'return {broken<A>("Forgets", "one"),\n        broken<B>("Hides",\n                  "four")};\n',
    "sim/mutants.cpp": 'MutantEntry{Mutant::lies, "lies", checker::truth},\n',
    "model/configurations": "# small no ok\nsmall  sound  ok  safety -DN\nfull   wrong  believers  safety -DN\n",
}


def row(number, shown_by="`Some.Test`, `Other.Thing/one`", happens="that"):
    return f"| {number} | a fault | {happens} | | {shown_by} |"


def row_of_others(number, fails="`sim/lies`, `broken/Forgets`, `model/wrong`", shown_by="`Other.Thing/one`"):
    return f"| L{number} | theirs | ours | {shown_by} | {fails} |"


def problems(rows):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        text = "# Title\n\n| # | fault |\n|---|---|\n" + "\n".join(rows) + "\n"
        for path, content in {**SOURCES, "docs/failure_modes.md": text}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(content, encoding="utf-8")
        return failure_modes.find_problems(root)


class FailureModes(unittest.TestCase):
    def setUp(self):
        self.rows = [row(n) for n in range(1, 66)]
        self.rows[1] = row(2, "`Fault.IsSurvived/struck`, `Fault.IsSurvived/cut`")
        self.rows_of_others = [row_of_others(n) for n in range(1, 29)]

    def problems(self):
        return problems(self.rows + self.rows_of_others)

    def expect(self, words):
        found = self.problems()
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_a_sound_list_has_no_problem(self):
        self.assertEqual(self.problems(), [])

    def test_other_tables_are_checked_too(self):
        self.rows_of_others += [row("R1"), row("R2")]
        self.assertEqual(self.problems(), [])
        self.rows_of_others[-1] = row("R2", "`Some.Other`")
        self.expect("row R2: there is no test Some.Other")
        self.rows_of_others[-1] = row("R3")
        self.assertIn("the rows are not R1 to R2 in order", self.problems())

    def test_a_reason_will_do(self):
        self.rows[6] = row(7, "not here: nobody can")
        self.assertEqual(self.problems(), [])

    def test_a_missing_row_is_found(self):
        del self.rows[64]
        self.expect("row 65 is there 0 times")

    def test_a_row_that_is_there_twice_is_found(self):
        self.rows.insert(5, row(5))
        self.expect("row 5 is there 2 times")

    def test_a_row_too_much_is_found(self):
        self.rows.append(row(66))
        self.expect("not 1 to 65")

    def test_a_test_that_is_not_there_is_found(self):
        self.rows[0] = row(1, "`Some.Test`, `Some.Other`")
        self.expect("no test Some.Other")

    def test_a_parameter_that_is_not_there_is_found(self):
        self.rows[0] = row(1, "`Other.Thing/two`")
        self.expect("no two for Other.Thing")

    def test_a_text_that_is_no_fault_is_found(self):
        self.rows[0] = row(1, "`Fault.IsSurvived/one`")
        self.expect("no one for Fault.IsSurvived")

    def test_a_fault_that_is_in_no_row_is_found(self):
        self.rows[1] = row(2, "`Fault.IsSurvived/cut`")
        self.expect("the fault struck is in no row")

    def test_neither_test_nor_reason_is_found(self):
        self.rows[0] = row(1, "surely")
        self.expect("names no test")

    def test_an_empty_reason_is_found(self):
        self.rows[0] = row(1, "not here:")
        self.expect("names no test")

    def test_an_empty_cell_is_found(self):
        self.rows[0] = row(1, happens="")
        self.expect("cell 3 is empty")

    def test_a_missing_cell_is_found(self):
        self.rows[0] = "| 1 | a fault | that | `Some.Test` |"
        self.expect("cells and not 5")

    def expect_of_row_of_others(self, words, **cells):
        self.rows_of_others[4] = row_of_others(5, **cells)
        self.expect(words)

    def test_a_reason_for_no_mutant_will_do(self):
        self.rows_of_others[4] = row_of_others(5, fails="none here: nobody can")
        self.assertEqual(self.problems(), [])

    def test_a_missing_row_about_a_library_is_found(self):
        del self.rows_of_others[27]
        self.expect("row L28 is there 0 times")

    def test_rows_about_libraries_out_of_order_are_found(self):
        self.rows_of_others.reverse()
        self.expect("not L1 to L28")

    def test_a_test_of_a_library_row_that_is_not_there_is_found(self):
        self.expect_of_row_of_others("no test Some.Other", shown_by="`Some.Other`, `Other.Thing/one`")

    def test_a_parameter_of_a_library_row_that_is_not_there_is_found(self):
        self.expect_of_row_of_others("no three for Other.Thing",
                                     shown_by="`Other.Thing/three`, `Other.Thing/one`")

    def test_a_library_row_without_a_test_is_found(self):
        self.expect_of_row_of_others("names no test", shown_by="surely", fails="`sim/lies`")

    def test_a_mutant_that_is_not_there_is_found(self):
        self.expect_of_row_of_others("no broken sim/errs", fails="`sim/errs`")

    def test_a_broken_store_that_is_not_there_is_found(self):
        self.expect_of_row_of_others("no broken broken/Loses", fails="`broken/Loses`")

    def test_a_kind_of_mutant_that_is_not_there_is_found(self):
        self.expect_of_row_of_others("no broken simm/lies", fails="`simm/lies`")

    def test_a_variant_that_is_not_broken_is_found(self):
        self.expect_of_row_of_others("no broken model/sound", fails="`model/sound`")

    def test_a_broken_store_that_another_check_catches_is_found(self):
        self.expect_of_row_of_others("broken/Hides is caught by four", fails="`broken/Hides`")

    def test_neither_mutant_nor_reason_is_found(self):
        self.expect_of_row_of_others("nothing that is broken", fails="surely")

    def test_an_empty_reason_for_no_mutant_is_found(self):
        self.expect_of_row_of_others("nothing that is broken", fails="none here:")

    def test_an_empty_cell_of_a_library_row_is_found(self):
        self.rows_of_others[4] = row_of_others(5).replace("| ours |", "| |")
        self.expect("row L5: cell 3 is empty")

    def test_a_missing_cell_of_a_library_row_is_found(self):
        self.rows_of_others[4] = "| L5 | theirs | `Some.Test` | `sim/lies` |"
        self.expect("cells and not 5")


if __name__ == "__main__":
    unittest.main()
