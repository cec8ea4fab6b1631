#!/usr/bin/env python3
"""words.py finds each old word, in prose and in identifiers, and leaves other words alone."""

import tempfile
import unittest
from pathlib import Path

import words


class Words(unittest.TestCase):
    def test_old_words_are_found_in_prose_and_in_identifiers(self):
        for line in ("// the guest has it", "int guests_ = 0;", "void tell_news();", "class OwnThreadBell;",
                     "// Nobody holds it", "is_told", "BeatReply", "most_waiting", "hand_in(begin)",
                     "// what was handed in", "-- a record of ours", "// for ever", "LeastThing least_size"):
            self.assertTrue(words.find_in_line(line), line)

    def test_other_words_are_left_alone(self):
        for line in ("// at most one", "heartbeat_interval", "newsletter", "// the last at least",
                     "// in front of hours", "beaten", "max_waiting", "mutable int fender;"):
            self.assertEqual(words.find_in_line(line), [], line)

    def test_place_and_term_are_named(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "src").mkdir()
            (root / "include").mkdir()
            (root / "src/a.cpp").write_text("int a;\nint streak = 0;\n", encoding="utf-8")
            self.assertEqual(words.find_old_words(root), ["src/a.cpp:2: 'streak': use pass count"])


if __name__ == "__main__":
    unittest.main()
