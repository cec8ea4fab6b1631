#!/usr/bin/env python3
"""Breaks a sound table of evidence in each way and looks whether evidence.py notices."""

import tempfile
import unittest
from pathlib import Path

import evidence

SOURCE = 'TEST(Some, Test) {}\nTEST_P(Other,\n       Thing) {}\nList all() { return {{"one", one}}; }\n'
CMAKE = "foreach(store IN ITEMS redis local)\n  add_test(NAME Soak.${store} COMMAND soak)\nendforeach()\n"
CONFIGURATIONS = "# set name\nsmall  two  ok  safety  -DA\nfull  broken_two  believers  safety  -DB\n"
FILES = {
    "tests/any/test.cpp": SOURCE,
    "tests/any/CMakeLists.txt": CMAKE,
    "tests/faults/fault_test.cpp": "TEST_P(Fault, IsSurvived) {}\n",
    "tests/faults/some_faults.cpp": 'FaultKinds some_faults() {\n  return {{"struck", struck}};\n}\n',
    "sim/checker_names.hpp": "".join(
        f'inline constexpr auto c{n} = "G{n} one";\n' for n in (1, 2, 3, 4, 5, 6, 8, 12)),
    "model/configurations": CONFIGURATIONS,
}


def sound_row(number):
    guarantee = f"G{number}"
    cells = {
        "tests": "`Some.Test`, `Other.Thing/one`",
        "model": "`two`; broken: `broken_two`",
        "simulation": f"`{guarantee} one`",
        "faults": "`Soak.redis`",
    }
    for kind in cells:
        if guarantee not in evidence.DEMANDED[kind]:
            cells[kind] = "not here: it cannot be"
    return cells


class Evidence(unittest.TestCase):
    def setUp(self):
        self.rows = {n: sound_row(n) for n in range(1, 13)}
        self.order = list(self.rows)
        self.promised = list(self.rows)
        self.above = "`any`, `FaultSoak`, `Simulat`, `Model`"
        self.files = dict(FILES)

    def problems(self):
        lines = ["# Title", ""] + [f"| G{n} | **Promise.** | {self.above} |" for n in self.promised]
        lines += ["", "## The evidence, row by row", "", "| | tests |", "|---|---|"]
        lines += ["| " + " | ".join([f"G{n}", *self.rows[n].values()]) + " |" for n in self.order]
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**self.files, "docs/guarantees.md": "\n".join(lines)}.items():
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return evidence.find_problems(Path(folder))

    def expect(self, words):
        found = self.problems()
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_a_sound_table_has_no_problem(self):
        self.assertEqual(self.problems(), [])

    def test_each_kind_that_is_demanded_is_missed(self):
        for kind, guarantees in evidence.DEMANDED.items():
            for guarantee in guarantees:
                with self.subTest(kind=kind, guarantee=guarantee):
                    self.setUp()
                    self.rows[int(guarantee[1:])][kind] = "not here: nobody felt like it"
                    self.expect(f"{guarantee}, {kind}: names nothing, and has to")

    def test_an_empty_cell_is_found(self):
        self.rows[9]["model"] = ""
        self.expect("names nothing and no reason")

    def test_a_test_that_is_not_there_is_found(self):
        self.rows[1]["tests"] = "`Some.Test`, `Some.Other`"
        self.expect("there is no test Some.Other")

    def test_a_parameter_that_is_not_there_is_found(self):
        self.rows[1]["faults"] = "`Other.Thing/two`"
        self.expect("there is no two for Other.Thing")

    def test_a_fault_that_is_there_will_do(self):
        self.rows[1]["faults"] = "`Fault.IsSurvived/struck`"
        self.assertEqual(self.problems(), [])

    def test_a_text_that_is_no_fault_is_found(self):
        self.rows[1]["faults"] = "`Fault.IsSurvived/one`"
        self.expect("there is no one for Fault.IsSurvived")

    def test_a_plain_test_that_is_not_there_is_found(self):
        self.rows[8]["faults"] = "`Soak.valkey`"
        self.expect("there is no test Soak.valkey")

    def test_a_configuration_that_is_not_there_is_found(self):
        self.rows[2]["model"] = "`two`, `twenty`, `broken_two`"
        self.expect("no configuration twenty")

    def test_nothing_that_holds_is_found(self):
        self.rows[2]["model"] = "`broken_two`"
        self.expect("in which nothing is found")

    def test_nothing_that_is_broken_is_found(self):
        self.rows[2]["model"] = "`two`"
        self.expect("no broken configuration")

    def test_a_checker_that_is_not_there_is_found(self):
        self.rows[3]["simulation"] = "`G3 one`, `G3 two`"
        self.expect("no checker 'G3 two'")

    def test_a_checker_of_another_guarantee_is_found(self):
        self.rows[3]["simulation"] = "`G3 one`, `G4 one`"
        self.expect("no checker 'G4 one'")

    def test_a_checker_that_is_left_out_is_found(self):
        self.files["sim/checker_names.hpp"] += 'inline constexpr auto more = "G3 two";\n'
        self.expect("leaves out the checker 'G3 two'")

    def test_a_missing_row_is_found(self):
        self.order.remove(7)
        self.expect("the rows are")

    def test_a_row_in_the_wrong_place_is_found(self):
        self.order.reverse()
        self.expect("the rows are")

    def test_a_missing_cell_is_found(self):
        del self.rows[1]["faults"]
        self.expect("3 kinds of evidence")

    def test_a_kind_that_the_promise_leaves_out_is_found(self):
        self.above = "`any`, `Simulat`, `Model`"
        found = self.problems()
        self.assertEqual(len(found), len(evidence.DEMANDED["faults"]), found)
        self.assertIn("G1 leaves out Fault where it is promised", found)

    def test_a_new_guarantee_without_evidence_is_found(self):
        self.promised.append(13)
        self.expect("promised is")


if __name__ == "__main__":
    unittest.main()
