#!/usr/bin/env python3
"""Are the sites found that should be, and no others? Needs python3-clang-14; run by hand."""

import tempfile
import unittest
from pathlib import Path

from cpp_sites import NUMBER, sites_of


def changes(code):
    """What would be changed, and the mutated text of each."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.cpp").write_text(code)
        return {site.what: site.text.replace(NUMBER, "7")
                for site in sites_of(Path("a.cpp"), ["-std=c++20"], Path(folder))}


ON = "::mutant_switch::is_on(7)"


class FindsSites(unittest.TestCase):
    def test_comparison_and_sum(self):
        found = changes("bool f(int a, int b) { return a + 1 < b; }")
        self.assertEqual(found["a + 1 < b: < -> <="], f"({ON} ? ((a + 1) <= (b)) : (a + 1 < b))")
        self.assertIn("a + 1: + -> -", found)
        self.assertIn("1 -> 2 in bool f(int a, int b) { return a + 1 < b; }", found)

    def test_comparison_of_a_class_is_turned_round(self):
        found = changes("struct A { bool operator<(const A&) const; };"
                        "bool f(A a, A b) { return a < b; }")
        self.assertIn("a < b: < -> >=", found)

    def test_condition_and_connective(self):
        found = changes("void g(); void f(bool a, bool b) { if (a && b) { g(); } }")
        self.assertIn("a && b: negated", found)
        self.assertIn("a && b: && -> ||", found)

    def test_statement_with_and_without_braces(self):
        found = changes("void g(int); void f(bool a) { if (a) g(3); else { g(4); } }")
        self.assertEqual(found["g(3): dropped"], f"{{ if (!{ON}) {{ g(3); }} }}")
        self.assertIn("g(4): dropped", found)

    def test_constant_is_changed_where_it_is_used(self):
        found = changes("constexpr int most = 10; int f() { return most; } int table[most];")
        self.assertEqual(found, {"most: twice as large": f"({ON} ? (most * 2) : (most))"})

    def test_texts_are_not_subtracted(self):
        self.assertEqual(changes("namespace std { template <class T> struct basic_string {}; "
                                 "template <class T> basic_string<T> operator+(basic_string<T>, "
                                 "basic_string<T>); } using S = std::basic_string<char>; "
                                 "S f(S a, S b) { return a + b; }"), {})

    def test_what_the_compiler_must_know_is_left_alone(self):
        self.assertEqual(changes("static_assert(1 < 2); enum E { a = 3 }; int f(int (&)[4]);"), {})
        # Constant expressions may hold switches, which are then off.
        found = changes("int f() { if constexpr (1 < 2) { return 7; } else { return 8; } }")
        self.assertEqual([what for what in found if "negated" in what], [])

    def test_macros_are_left_alone(self):
        self.assertEqual(changes("#define LESS(a, b) ((a) < (b))\n"
                                 "bool f(int a, int b) { return LESS(a, b); }"), {})

    def test_code_that_does_not_compile_is_an_error(self):
        with self.assertRaises(RuntimeError):
            changes("int f() { return x; }")


if __name__ == "__main__":
    unittest.main()
