#!/usr/bin/env python3
"""Breaks sound documents in each way and looks whether documents.py notices."""

import tempfile
import unittest
from pathlib import Path

import documents

LONG = "word " * 25
SOUND = {
    "README.md": "# The title: it's `one`\n\n[page](docs/page.md#a-part), [here](#the-title-its-one), [web](https://a.b)\n",
    "docs/page.md": f"# Page\n\n## A part\n\n{LONG}.\n- **Lead.** {LONG}with `A. B`.\n1. {LONG}.\n\n| {LONG}. A | b |\n",
    "docs/names.md": "`hold.hpp`, `core/hold.hpp`, `redis/lock.py`\n",
    "docs/decisions/0008-fair.md": f"# Fair\n\n```sh\necho one; # {LONG}. Two\n```\n",
    "src/core/hold.hpp": "// docs/page.md, docs/decisions/0008.\n",
    "build/deps/other.md": "[nothing](nowhere.md)\n",
}


def problems(max_words=200, **changes):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, text in (SOUND | changes).items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        return documents.find_problems(root, max_words)


class Documents(unittest.TestCase):
    def expect(self, words, found):
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def expect_of(self, text, words):
        self.expect(words, problems(**{"docs/other.md": text}))

    def test_sound_documents_have_no_problem(self):
        self.assertEqual(problems(), [])

    def test_too_many_words_are_found(self):
        self.expect("words and not at most 50", problems(max_words=50))

    def test_code_and_bars_are_no_words(self):
        prose, _ = documents.split("one | - two\n```\nthree\n```\n    four\nfive\n")
        self.assertEqual(documents.words_of(prose), 3)

    def test_a_link_to_nothing_is_found(self):
        self.expect_of("[a](nothing.md)\n", "there is no nothing.md")

    def test_a_link_out_of_the_project_is_found(self):
        self.expect_of("[a](../../somewhere.md)\n", "there is no ../../somewhere.md")

    def test_an_anchor_without_a_heading_is_found(self):
        self.expect_of("[a](page.md#b-part)\n", "page.md#b-part has no such heading")

    def test_a_comment_in_code_is_no_heading(self):
        self.expect_of("```\n# part\n```\n[a](#part)\n", "#part has no such heading")

    def test_a_name_of_no_file_is_found(self):
        self.expect_of("`stores/hold.hpp`\n", "there is no stores/hold.hpp")

    def test_a_source_that_names_a_missing_page_is_found(self):
        self.expect("src/core/a.lua: there is no docs/decisions/0009",
                    problems(**{"src/core/a.lua": "-- docs/decisions/0009.\n"}))

    def test_two_sentences_on_a_long_line_are_found(self):
        self.expect_of(f"\n{LONG}. Two.\n", "docs/other.md:2: over 100 columns")

    def test_shell_code_that_bash_cannot_read_is_found(self):
        self.expect_of("```sh\nif true\n```\n", "bash cannot read: if true")


if __name__ == "__main__":
    unittest.main()
