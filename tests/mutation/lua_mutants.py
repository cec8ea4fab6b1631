#!/usr/bin/env python3
"""Removes every condition in every Lua script, and moves what must come last, in turn; some test
must fail each time.

  tests/mutation/lua_mutants.py BUILD [--only TEXT] [--quick] [--list]      for example: build/dev

Nothing is compiled: a mutant is a copy of the test programs in which the text of the script and its
SHA-1 were replaced. The tests run on one redis-server each, those that find most first, and stop at
the first failure. Half an hour for all. Exit code 1 if a mutant survived. Those of EQUIVALENT are
left out: each says why no test can tell it apart.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lua_scripts import Scripts, sha1_of

ROOT = Path(__file__).resolve().parents[2]
CONFORMANCE, LIVE = "tests/conformance/conformance_tests", "tests/live/live_tests"
STEPS = [
    (CONFORMANCE, "Servers/CrossCheck.*/redis"),
    (LIVE, "RedisScripts.*:Servers/HandOver.*/redis:Servers/DoneOnServer.*/redis:"
           "Servers/DamagedEntry.*/redis:Servers/Queue.*/redis:Servers/Barging.*/redis:"
           "RedisStore.*:Servers/Rights.*/redis"),
    (CONFORMANCE, "Stores/StoreConformance.Holds/redis_server_*"),
    (LIVE, "*RedisRefusal.*:Servers/Pushes.*/redis:Servers/RefreshTime.*"),
]
GUARD_STEPS = [(LIVE, "Servers/FenceGuardLua.*/redis")]
MOST_SECONDS = 240  # of a step; a mutant that makes tests hang is found

# By file, "condition -> forced": why no test can tell.
EQUIVALENT = {
    "acquire.lua": {
        "fence == now_us and fence_text -> false": "the same text is made a second time",
    },
    "hand_over.lua": {
        "fence == now_us and fence_text -> false": "the same text is made a second time",
    },
    "advance.lua": {
        "rest == 0 and '' -> false": "where nothing more belongs to it, nothing more is found",
    },
    "release.lua": {
        "not id -> true": "a record that is there has a ttl, or none: -2 is neither",
        "owner -> true": "a PUBLISH of nothing to nowhere is refused, and changes nothing",
    },
    "remove.lua": {
        "queue -> true": "without the keys of a queue its commands raise, which changes nothing "
                         "there",
    },
    "refresh.lua": {
        "text ~= last_text -> true": "the same ttl is worked out again for each key: time alone",
        "os_library -> true": "no server that we know reads a missing global as nil: those "
                              "without os refuse to read it",
    },
}


def patched(program, pairs, into):
    """A copy of the program with other texts in it."""
    data = program.read_bytes()
    for before, after in pairs:
        for old, new in ((before, after), (sha1_of(before), sha1_of(after))):
            if old.encode() not in data:
                raise RuntimeError(f"{program} was not built from these scripts: build it again")
            data = data.replace(old.encode(), new.encode())
    into.write_bytes(data)
    into.chmod(0o700)
    return into


def failed_test(program, test_filter):
    """The first test that fails; None: all pass."""
    environment = dict(os.environ, CROSS_CHECK_SHORTEN_SECONDS="0",
                       CROSS_CHECK_SEEDS="1..60",
                       EXCLUSIVE_LOCK_TEST_SERVERS=os.environ.get(
                           "EXCLUSIVE_LOCK_TEST_SERVERS", str(ROOT / "build/deps/servers/bin")))
    command = [str(program), f"--gtest_filter={test_filter}", "--gtest_fail_fast"]
    try:
        ran = subprocess.run(command, env=environment, capture_output=True, timeout=MOST_SECONDS,
                             check=False)
    except subprocess.TimeoutExpired:
        return f"{test_filter} (no end)"
    output = ran.stdout.decode(errors="replace")
    if re.search(r"Running 0 tests", output):
        raise RuntimeError(f"there is no test {test_filter}")
    failed = re.search(r"\[  FAILED  \] (\S+?),? ", output + " ")
    return (failed[1] if failed else f"exit {ran.returncode}") if ran.returncode else None


def killer_of(site, scripts, build, folder, is_quick):
    pairs = list(scripts.changed_pairs(site))
    steps = GUARD_STEPS if site.path == scripts.guard else STEPS
    for name, test_filter in steps[:1] if is_quick else steps:
        program = patched(build / name, pairs, folder / Path(name).name)
        if test := failed_test(program, test_filter):
            return test
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path, help="folder of a build with its tests")
    parser.add_argument("--only", default="", help="only mutants whose line contains this")
    parser.add_argument("--quick", action="store_true", help="only the tests that find most")
    parser.add_argument("--list", action="store_true", help="name them and do nothing")
    options = parser.parse_args()
    scripts = Scripts(ROOT)
    sites = [site for site in scripts.sites() if options.only in str(site)]
    if options.list:
        print("\n".join(str(site) for site in sites))
        return 0
    survivors, killed = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for site in sites:
            if str(site).split(" ", 1)[1] in EQUIVALENT.get(site.path.name, {}):
                print(f"equivalent  {site}", flush=True)
                continue
            begun_at = time.monotonic()
            killer = killer_of(site, scripts, options.build, Path(folder), options.quick)
            killed += killer is not None
            if killer is None:
                survivors.append(site)
            print(f"{'killed' if killer else 'SURVIVED':10}  {site}  [{killer or 'by no test'}, "
                  f"{time.monotonic() - begun_at:.1f} s]", flush=True)
    print(f"{killed} killed, {len(survivors)} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
