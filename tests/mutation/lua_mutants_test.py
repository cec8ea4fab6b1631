#!/usr/bin/env python3
"""Are all conditions found, and is every mutant a script that a server takes?

Starts a redis-server on a Unix socket, which is what compiles them.
"""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import lua_mutants
from lua_conditions import conditions_of
from lua_scripts import Scripts, as_long_as

WORD = re.compile(r"\b(?:if|elseif|while|and|or)\b")


def removed(text):
    return {(text[m.begin:m.end], m.forced) for m in conditions_of(text)}


def server_program():
    folder = os.environ.get("EXCLUSIVE_LOCK_TEST_SERVERS", "")
    return shutil.which("redis-server", path=folder) or shutil.which("redis-server")


class Server:
    """Ends with the block."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "socket"
        self.process = subprocess.Popen(
            [server_program(), "--port", "0", "--unixsocket", str(path), "--save", "",
             "--dir", self.folder.name], stdout=subprocess.DEVNULL)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        give_up_at = time.monotonic() + 20
        while self.socket.connect_ex(str(path)) != 0:
            if time.monotonic() > give_up_at:
                raise TimeoutError("no server")
            time.sleep(0.01)
        self.replies = self.socket.makefile("rb")
        return self

    def __exit__(self, *_):
        self.replies.close()
        self.socket.close()
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()

    def compile(self, script):
        """The SHA-1 that the server gives it, or its complaint."""
        data = script.encode()
        self.socket.sendall(b"*3\r\n$6\r\nSCRIPT\r\n$4\r\nLOAD\r\n$%d\r\n%s\r\n" % (len(data), data))
        first = self.replies.readline().decode()
        return self.replies.readline().decode().strip() if first[0] == "$" else first


class FindsConditions(unittest.TestCase):
    def test_of_an_if(self):
        self.assertEqual(removed("if a then return 1 elseif b == 2 then return 3 end"),
                         {("a", "true"), ("a", "false"), ("b == 2", "true"), ("b == 2", "false")})

    def test_each_operand_lets_the_rest_decide(self):
        self.assertEqual(removed("if a and f(b, c) then return 1 end"),
                         {("a and f(b, c)", "true"), ("a and f(b, c)", "false"), ("a", "true"),
                          ("f(b, c)", "true")})
        self.assertLessEqual({("a", "false"), ("b", "false")},
                             removed("while a or b do f() end"))

    def test_in_brackets(self):
        self.assertLessEqual({("b", "true"), ("c", "true")},
                             removed("if a or (b and c) then return 1 end"))
        self.assertLessEqual({("b", "false")}, removed("if not (b or c) then return 1 end"))

    def test_values_are_no_conditions(self):
        self.assertEqual(removed("local a = b and c or d\nlocal e = 1"),
                         {("b and c", "false"), ("b", "true")})
        self.assertEqual(removed("return f(a or '') .. 'and'"), {("a", "false")})

    def test_comparisons_that_are_returned(self):
        self.assertEqual(removed("return a > b or (a == b and c > d)"),
                         {("a > b", "false"), ("(a == b and c > d)", "false"), ("a == b", "true"),
                          ("c > d", "true")})

    def test_not_in_comments_and_strings(self):
        self.assertEqual(removed("-- if a and b then\nlocal a = 'if x or y then'"), set())

    def test_what_is_not_understood_is_told(self):
        with self.assertRaises(ValueError):
            conditions_of("local a = [[long]] ~ 5")


class Mutants(unittest.TestCase):
    def setUp(self):
        self.scripts = Scripts(lua_mutants.ROOT)
        self.sites = list(self.scripts.sites())

    def test_every_word_that_makes_a_condition_has_one(self):
        for path, text in self.scripts.texts.items():
            code = re.sub(r"--[^\n]*", "", text)
            lines = {n for n, line in enumerate(code.split("\n"), 1) if WORD.search(line)}
            found = {line for site in self.sites if site.path == path
                     for line in range(site.line, site.line + site.was.count("\n") + 1)}
            self.assertEqual(lines - found, set(), path.name)

    def test_every_mutant_compiles_and_is_as_long_as_the_script(self):
        with Server() as server:
            for site in self.sites:
                pairs = list(self.scripts.changed_pairs(site))
                self.assertTrue(pairs, f"{site} changes nothing")
                for before, after in pairs:
                    self.assertEqual(len(before.encode()), len(after.encode()), site)
                    self.assertNotEqual(before, after, site)
                    self.assertEqual(server.compile(after), lua_mutants.sha1_of(after), site)

    def test_a_text_that_is_no_script_is_refused_here(self):
        with Server() as server:
            self.assertIn("compiling", server.compile("if then end"))

    def test_those_called_equivalent_are_there(self):
        names = {(site.path.name, str(site).split(" ", 1)[1]) for site in self.sites}
        for file, reasons in lua_mutants.EQUIVALENT.items():
            for name, reason in reasons.items():
                self.assertIn((file, name), names)
                self.assertTrue(reason)

    def test_what_is_too_long_is_told(self):
        self.assertEqual(as_long_as("  a\n  b\n", "  true\n  b\n"), "true\n b\n")
        with self.assertRaises(ValueError):
            as_long_as("a", "true")


if __name__ == "__main__":
    unittest.main()
