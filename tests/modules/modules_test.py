#!/usr/bin/env python3
"""Breaks each rule once in a small tree and looks whether modules.py notices."""

import tempfile
import unittest
from pathlib import Path

import modules

SOUND = {
    "include/exclusive_lock/fence.hpp": "#include <cstdint>\n",
    "src/core/hold.hpp": '#include <chrono>\n#include "exclusive_lock/fence.hpp"\n',
    "src/stores/store.hpp": '#include "core/hold.hpp"\n',
    "src/stores/local/local_store.cpp": '#include <sqlite3.h>\n#include "stores/store.hpp"\n',
    "src/stores/redis/redis_store.cpp": '#include "redis_scripts.hpp"\n',
    "src/stores/redis/CMakeLists.txt": "embed_text(x\n  HEADER redis_scripts.hpp\n)\n",
    "src/cli/main.cpp": '#include <CLI/CLI.hpp>\n#include "exclusive_lock/fence.hpp"\n',
}


def breaches(**changes):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, text in (SOUND | changes).items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        return modules.find_breaches(root)


class Modules(unittest.TestCase):
    def expect(self, path, text, words):
        found = breaches(**{path: text})
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_a_sound_tree_has_no_breach(self):
        self.assertEqual(breaches(), [])

    def test_command_sees_public_headers_only(self):
        self.expect("src/cli/run.cpp", '#include "core/hold.hpp"\n', "belongs to src/core")

    def test_the_operating_system_is_below_all_but_core(self):
        clock = {"src/os/clock.hpp": "#include <time.h>\n"}
        text = '#include "os/clock.hpp"\n'
        self.assertEqual(breaches(**clock, **{"src/cli/run.cpp": text,
                                              "src/stores/local/x.cpp": text}), [])
        self.assertIn("belongs to src/os", breaches(**clock, **{"src/core/x.cpp": text})[0])
        self.expect("src/os/x.cpp", '#include "core/hold.hpp"\n', "belongs to src/core")

    def test_runtime_has_layers(self):
        found = breaches(**{"src/runtime/low.hpp": "", "src/runtime/high.hpp": '#include "runtime/low.hpp"\n',
                            "src/runtime/low.cpp": '#include "runtime/high.hpp"\n'})
        self.assertEqual(len(found), 1, found)
        self.assertIn("cycle: ", found[0])

    def test_command_uses_no_boost(self):
        self.expect("src/cli/run.cpp", "#include <boost/json.hpp>\n", "belongs to json")

    def test_core_knows_no_store(self):
        self.expect("src/core/x.cpp", '#include "stores/store.hpp"\n', "belongs to src/stores")

    def test_core_has_no_thread(self):
        self.expect("src/core/x.cpp", "#include <thread>\n", "not pure")

    def test_core_has_no_socket(self):
        self.expect("src/core/x.cpp", "#include <sys/socket.h>\n", "operating system")

    def test_core_has_no_asio(self):
        self.expect("src/core/x.cpp", "#include <boost/asio.hpp>\n", "belongs to asio")

    def test_a_store_knows_no_other_store(self):
        self.expect("src/stores/redis/x.cpp", '#include "stores/local/local_store.cpp"\n',
                    "belongs to src/stores/local")

    def test_sqlite_stays_in_the_local_store(self):
        self.expect("src/runtime/x.cpp", "#include <sqlite3.h>\n", "belongs to sqlite")

    def test_runtime_knows_the_interface_of_stores_only(self):
        self.expect("src/runtime/x.cpp", '#include "stores/local/local_store.cpp"\n',
                    "belongs to src/stores/local")

    def test_generated_headers_belong_to_the_room_that_makes_them(self):
        self.expect("src/runtime/x.cpp", '#include "redis_scripts.hpp"\n',
                    "belongs to src/stores/redis")

    def test_public_headers_need_no_boost(self):
        self.expect("include/exclusive_lock/x.hpp", "#include <boost/json.hpp>\n", "json")

    def test_public_headers_have_no_asio_but_one(self):
        text = "#include <boost/asio/post.hpp>\n"
        self.assertEqual(breaches(**{"include/exclusive_lock/async.hpp": text}), [])
        self.expect("include/exclusive_lock/x.hpp", text, "belongs to asio")

    def test_nobody_gets_asio_through_that_one(self):
        include = '#include "exclusive_lock/async.hpp"\n'
        found = breaches(**{"include/exclusive_lock/async.hpp": "#include <memory>\n",
                            "include/exclusive_lock/x.hpp": include,
                            "src/cli/run.cpp": include,
                            "examples/in_a_coroutine.cpp": include})
        self.assertEqual(len(found), 2, found)
        for breach in found:
            self.assertIn("belongs to include/exclusive_lock/async.hpp", breach)

    def test_unknown_boost_is_a_breach(self):
        self.expect("src/runtime/x.cpp", "#include <boost/lexical_cast.hpp>\n", "no rule knows")

    def test_angle_brackets_do_not_hide_a_breach(self):
        self.expect("src/cli/run.cpp", "#include <core/hold.hpp>\n", "belongs to src/core")

    def test_missing_header_is_a_breach(self):
        self.expect("src/core/x.cpp", '#include "core/gone.hpp"\n', "there is no")

    def test_a_new_room_needs_a_rule(self):
        self.expect("src/quorum/x.cpp", "", "in no known module")

    def test_a_new_store_needs_a_rule(self):
        self.expect("src/stores/quorum/x.cpp", "", "in no known module")

    def test_names_that_say_nothing_are_found(self):
        self.expect("src/core/utils.hpp", "", "names no concept")

    def test_cycles_are_found(self):
        found = breaches(**{"src/core/a.hpp": '#include "core/b.hpp"\n',
                            "src/core/b.hpp": '#include "core/a.hpp"\n'})
        self.assertEqual(len(found), 1, found)
        self.assertIn("src/core/a.hpp -> src/core/b.hpp -> src/core/a.hpp", found[0])


if __name__ == "__main__":
    unittest.main()
