#!/usr/bin/env python3
"""Draws mutants of the C++ code and says which of them no test notices.

  tests/mutation/cpp_mutants.py [--count 100] [--seed 1] [--list] FILE_OR_FOLDER...

All are compiled into one build below build/mutants, each behind a switch. Every test runs once to
see which mutants its code reaches; then each mutant is switched on and the tests that reach it run,
unit tests and then the fastest first, until one fails. A mutant with which a test only fails to end
is not killed. Exit code 1 if one survived. EQUIVALENT names those that no test can notice, with the
reason.
"""

import argparse
import json
import os
import random
import re
import shlex
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from cpp_sites import NUMBER, sites_of
from cpp_tests import PASSED, begin_worker, judge, reached_by, tests_of

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build/mutants"
SOURCE, BUILD = WORK / "source", WORK / "source/build/dev"
PROGRAMS = ["tests/unit/unit_tests", "tests/cli/cli_tests", "sim/simulation_tests",
            "tests/conformance/conformance_tests", "tests/live/live_tests",
            "tests/faults/fault_tests", "tests/faults/no_memory_tests"]
DEFAULT_PATHS = ["src/core", "src/runtime", "src/stores", "src/cli"]
MAX_DRAWS = 40  # of one mutant, until one is free and in a file that can be read

# "<path> <what>": why no test can notice it.
EQUIVALENT = {
    "src/cli/run.cpp lock.on_refreshed([this](const RefreshedEvent&) { events_...: dropped":
        "the watch wakes before the old end of the hold all the same, and finds the new one",
    "src/runtime/lock_directory.cpp a.name < b.name: < -> <=": "no two records have one name",
    "src/stores/local/lock_database.hpp log_frames_ >= checkpoint_at_: >= -> >":
        "the log is copied back one frame of 1000 later",
    "src/stores/local/sqlite.cpp 1 -> 2 in sqlite3_extended_result_codes(opened, 1);":
        "every number but 0 turns them on",
    "src/stores/redis/server_connection.cpp size += word.size() + max_framing: dropped":
        "how much memory is asked for ahead; the text grows by itself",
    "src/stores/redis/script_runner.cpp 0 -> 1 in part.call.send(batch->form, part.echo, "
    "not_after ? server...": "a call without not_after does not send that number",
}


@dataclass
class Mutant:
    number: int
    site: object
    tests: list = field(default_factory=list)  # (seconds, program, name) that reach it


def files_below(paths):
    found = []
    for path in paths:
        folder = ROOT / path
        found += [folder] if folder.is_file() else [
            file for file in sorted(folder.rglob("*")) if file.suffix in (".cpp", ".hpp")]
    return [file.relative_to(ROOT) for file in found]


def compiler_arguments():
    boost = ROOT / "build/deps/boost/usr/include"
    builtin = sorted(Path("/usr/lib").glob("llvm-*/lib/clang/*/include"))
    return ["-std=c++20", f"-I{ROOT}/include", f"-I{ROOT}/src", f"-I{ROOT}/build/dev/generated",
            f"-I{ROOT}/src/core", "-isystem", str(boost), "-isystem", str(builtin[0]), "-xc++",
            *defines()]


def defines():
    """Those of the build."""
    commands = json.loads((ROOT / "build/dev/compile_commands.json").read_text())
    return sorted({word for command in commands if "/src/" in command["file"]
                   for word in shlex.split(command["command"]) if word.startswith("-D")})


def draw(paths, count, seed):
    """Each byte of the files is as likely as any other; no two mutants overlap."""
    chance = random.Random(seed)
    files = files_below(paths)
    sizes = [(ROOT / file).stat().st_size for file in files]
    known, drawn = {}, []
    for _ in range(count * MAX_DRAWS):
        if len(drawn) == count:
            break
        file = chance.choices(files, sizes)[0]
        if file not in known:
            known[file] = sites_of(file, compiler_arguments(), ROOT)
        if not known[file]:
            continue
        site = chance.choice(known[file])
        overlaps = any(site.path == other.path and site.begin < other.end and
                       other.begin < site.end for other in drawn)
        if not overlaps:
            drawn.append(site)
    return [Mutant(number, site) for number, site in enumerate(drawn, 1)]


# --- one build of all ----------------------------------------------------------------------------

def copy_tree():
    """What git knows, as it lies there; files that did not change keep their times."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True,
                           capture_output=True).stdout.decode().split("\0")
    for name in filter(None, names):
        write_if_other(SOURCE / name, (ROOT / name).read_bytes(), (ROOT / name).stat().st_mode)
    deps = SOURCE / "build/deps"
    deps.parent.mkdir(parents=True, exist_ok=True)
    if not deps.exists():
        deps.symlink_to((ROOT / "build/deps").resolve())


def write_if_other(path, data, mode=0o644):
    if not path.exists() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(mode)


def put_in(mutants):
    """Writes the mutated files. Returns for each its mutants with their lines there."""
    lines = {}
    for file in {mutant.site.path for mutant in mutants}:
        data, shift = (ROOT / file).read_bytes(), 0
        for mutant in sorted((m for m in mutants if m.site.path == file),
                             key=lambda m: m.site.begin):
            text = " ".join(mutant.site.text.replace(NUMBER, str(mutant.number)).split("\n"))
            begin = mutant.site.begin + shift
            line = data[:begin].count(b"\n") + 1
            lines.setdefault(str(file), []).append((line, mutant))
            data = data[:begin] + text.encode() + data[mutant.site.end + shift:]
            shift = len(data) - (ROOT / file).stat().st_size
        write_if_other(SOURCE / file, data)
    return lines


def build(mutants):
    """All that compile. Those that do not are taken out, until the rest does."""
    switch = ROOT / "tests/mutation/mutant_switch.hpp"
    targets = [Path(program).name for program in PROGRAMS]
    environment = dict(os.environ, CXXFLAGS=f"-w -std=c++20 -include {switch}")
    for _ in range(10):
        copy_tree()
        lines = put_in(mutants)
        # In two steps, so that the second shows the errors of all files.
        subprocess.run(["scripts/build", "dev", "embedded_texts"], cwd=SOURCE, env=environment,
                       check=True, stdout=subprocess.DEVNULL)
        ran = subprocess.run(
            ["cmake", "--build", BUILD, "--parallel", str(os.cpu_count()), "--target", *targets,
             "--", "-k", "0"], cwd=SOURCE, env=environment, capture_output=True, check=False)
        if ran.returncode == 0:
            return mutants
        output = ran.stdout.decode(errors="replace") + ran.stderr.decode(errors="replace")
        wrong = set()
        for file, line in re.findall(r"(\S+?):(\d+):\d+: (?:fatal )?error", output):
            for name, places in lines.items():
                if file.endswith(name):
                    wrong |= {m.number for at, m in places if at == int(line)} or {
                        m.number for _, m in places if "constant" in m.site.text or
                        "const " in m.site.text}
        if not wrong:
            sys.exit(output[-3000:])
        for mutant in mutants:
            if mutant.number in wrong:
                print(f"no C++      {mutant.site}", flush=True)
        mutants = [mutant for mutant in mutants if mutant.number not in wrong]
        for file in lines:
            write_if_other(SOURCE / file, (ROOT / file).read_bytes())
    sys.exit("too many mutants that do not compile")


# --- tests ---------------------------------------------------------------------------------------

def test_environment():
    return dict(os.environ, CROSS_CHECK_SEEDS="1..25", EXCLUSIVE_LOCK_TEST_SERVERS=os.environ.get(
        "EXCLUSIVE_LOCK_TEST_SERVERS", str(ROOT / "build/deps/servers/bin")))


def reach(mutants, pool):
    """Runs every test once without a mutant, and notes which mutants it reaches."""
    by_number = {mutant.number: mutant for mutant in mutants}
    tests = [test for program in PROGRAMS for test in tests_of(BUILD, program, test_environment())]
    for (program, name), (outcome, seconds, numbers) in zip(tests, pool.map(reached_by, tests)):
        if outcome != PASSED:
            print(f"left out    {name}: {outcome} without a mutant", flush=True)
            continue
        for number in numbers & by_number.keys():
            by_number[number].tests.append((seconds, program, name))


def verdicts_of(mutants, pool, seconds):
    """Each as soon as it is known."""
    judged = {}
    for mutant in mutants:
        if place_of(mutant) in EQUIVALENT:
            yield mutant, "equivalent", EQUIVALENT[place_of(mutant)]
        else:
            judged[pool.submit(judge, mutant.number, mutant.tests, seconds)] = mutant
    for future in as_completed(judged):
        yield judged[future], *future.result()


def place_of(mutant):
    return f"{mutant.site.path} {mutant.site.what}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", default=DEFAULT_PATHS, help="files or folders")
    parser.add_argument("--count", type=int, default=100, help="how many are drawn")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="tests at a time")
    parser.add_argument("--seconds", type=int, default=150, help="for the tests of one mutant")
    parser.add_argument("--list", action="store_true", help="name them and do nothing")
    options = parser.parse_args()
    mutants = draw(options.paths, options.count, options.seed)
    if options.list:
        print("\n".join(f"{mutant.number:4} {mutant.site}" for mutant in mutants))
        return 0
    mutants = build(mutants)
    count = dict.fromkeys(("killed", "SURVIVED", "HANGS", "equivalent"), 0)
    with ProcessPoolExecutor(options.jobs, initializer=begin_worker,
                             initargs=(BUILD, test_environment())) as pool:
        reach(mutants, pool)
        for mutant, verdict, why in verdicts_of(mutants, pool, options.seconds):
            count[verdict] += 1
            print(f"{verdict:10}  {mutant.number:4} {mutant.site}  [{why}]", flush=True)
    print(f"{len(mutants)} mutants: {count['killed']} killed, {count['SURVIVED']} survived, "
          f"{count['HANGS']} hang, {count['equivalent']} equivalent")
    return 1 if count["SURVIVED"] + count["HANGS"] else 0


if __name__ == "__main__":
    sys.exit(main())
