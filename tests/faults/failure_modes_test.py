#!/usr/bin/env python3
"""Breaks a sound list of failure modes in each way and looks whether failure_modes.py notices."""

import tempfile
import unittest
from pathlib import Path

import failure_modes

SOURCE = 'TEST(Some, Test) {}\nTEST_P(Other,\n       Thing) {}\nList all() { return {{"one", one}}; }\n'


def row(number, shown_by="`Some.Test`, `Other.Thing/one`", happens="that"):
    return f"| {number} | a fault | {happens} | | {shown_by} |"


def problems(rows):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "docs").mkdir()
        (root / "tests" / "any").mkdir(parents=True)
        (root / "tests" / "any" / "test.cpp").write_text(SOURCE, encoding="utf-8")
        text = "# Title\n\n| # | fault |\n|---|---|\n" + "\n".join(rows) + "\n"
        (root / "docs" / "failure_modes.md").write_text(text, encoding="utf-8")
        return failure_modes.find_problems(root)


class FailureModes(unittest.TestCase):
    def setUp(self):
        self.rows = [row(n) for n in range(1, 66)]

    def expect(self, words):
        found = problems(self.rows)
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_a_sound_list_has_no_problem(self):
        self.assertEqual(problems(self.rows), [])

    def test_a_reason_will_do(self):
        self.rows[6] = row(7, "not here: nobody can")
        self.assertEqual(problems(self.rows), [])

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


if __name__ == "__main__":
    unittest.main()
