"""Runs tests of the build with mutants: which mutants a test reaches, and which test a mutant fails.

Everything here runs in worker processes that adopt what a test leaves behind, so that servers and
workers end with their test.
"""

import ctypes
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
MAX_HANGS = 3  # with one mutant, before no other test is tried
MAX_TEST_SECONDS = 60  # a test that takes longer without a mutant is left out
# Longer than tests wait for a condition: then they fail by themselves.
PATIENT_SECONDS = 90
# Hundreds of tests in as many milliseconds, so that some share a process.
TOGETHER = "tests/unit/unit_tests"
IN_ONE_PROCESS = 40
# One server of a kind is enough, and what breaks the code on purpose finds nothing here.
LEFT_OUT = re.compile(r"valkey|redict|keydb|IsCaught|CrossCheckFinds|Descriptors")
PASSED, FAILED, ENDED = "passed", "failed", "ended"  # ended: by us, it took too long


class Runner:
    """In each worker, one test at a time."""

    def __init__(self, build, environment):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.build, self.environment = build, environment

    def run(self, program, names, seconds, **added):
        """The outcome, and the name of the test that failed or did not end."""
        folder = Path(tempfile.mkdtemp(prefix="mutant-"))
        folder.chmod(0o755)  # for tests that become another user
        output = folder / "output"
        command = [self.build / program, f"--gtest_filter={':'.join(names)}", "--gtest_fail_fast"]
        try:
            with output.open("wb") as file:
                process = subprocess.Popen(
                    command, stdout=file, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                    env=dict(self.environment, TMPDIR=str(folder), **added),
                    start_new_session=True)
            try:
                outcome = PASSED if process.wait(seconds) == 0 else FAILED
            except subprocess.TimeoutExpired:
                outcome = ENDED
            finally:
                process.kill()
                process.wait()
                end_children()
            return outcome, None if outcome == PASSED else failed_test(
                output.read_text(errors="replace"))
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def failed_test(output):
    """The first that failed; else the one that was running."""
    failed = re.search(r"^\[  FAILED  \] ([^\s,]+)", output, re.MULTILINE)
    if failed:
        return failed[1]
    running = re.findall(r"^\[ RUN      \] (\S+)", output, re.MULTILINE)
    return running[-1] if running else None


def end_children():
    """All, and those that become ours because their parents end."""
    while children := children_of(os.getpid()):
        for child in children:
            os.kill(child, 9)
        for child in children:
            os.waitpid(child, 0)


def children_of(parent):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text(errors="replace").rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
        except OSError:
            pass
    return found


runner = None  # of this worker


def begin_worker(build, environment):
    global runner
    runner = Runner(build, environment)


def tests_of(build, program, environment):
    listed = subprocess.run([build / program, "--gtest_list_tests"], capture_output=True,
                            env=environment, check=True).stdout.decode()
    suite, names = "", []
    for line in listed.split("\n"):
        if line and not line.startswith(" "):
            suite = line.split("#")[0].strip()
        elif line.strip():
            names.append(suite + line.split("#")[0].strip())
    return [(program, name) for name in names
            if "." in name and not name.startswith("Running") and not LEFT_OUT.search(name)]


def reached_by(test):
    """Runs it without a mutant: outcome, seconds, and the numbers of the mutants that it reaches."""
    program, name = test
    file, begun_at = Path(tempfile.mktemp(prefix="mutants-reached-")), time.monotonic()
    try:
        outcome, _ = runner.run(program, [name], MAX_TEST_SECONDS, MUTANTS_REACHED=str(file))
        numbers = {int(line) for line in file.read_text().split()} if file.exists() else set()
        return outcome, time.monotonic() - begun_at, numbers
    finally:
        file.unlink(missing_ok=True)


def suite_of(name):
    """Of Stores/Conformance.Fence/redis_Grows: Stores/Conformance.Fence."""
    suite, _, rest = name.partition(".")
    return suite + "." + rest.rpartition("/")[0]


class Trial:
    """Of one mutant: looks for a test that fails with it and passes without it."""

    def __init__(self, number, tests, seconds):
        self.number, self.tests = str(number), sorted(tests)
        self.give_up_at = time.monotonic() + seconds
        self.run_count, self.hanging = 0, []

    def is_given_up(self):
        return time.monotonic() > self.give_up_at or len(self.hanging) >= MAX_HANGS

    def is_noticed_by(self, program, name, seconds):
        """A test that we had to end has not failed; it is remembered. One that fails by chance, on a
        busy machine, hardly does so with the mutant only, and twice."""
        self.run_count += 1
        outcome, _ = runner.run(program, [name], seconds, MUTANT=self.number)
        if outcome == ENDED:
            self.hanging.append((program, name))
        return (outcome == FAILED and self.passes_without(program, name) and
                runner.run(program, [name], seconds, MUTANT=self.number)[0] == FAILED)

    @staticmethod
    def passes_without(program, name):
        return runner.run(program, [name], MAX_TEST_SECONDS)[0] == PASSED

    def together(self):
        usual = {name: seconds for seconds, program, name in self.tests if program == TOGETHER}
        waiting = list(usual)
        while waiting and not self.is_given_up():
            part = waiting[:IN_ONE_PROCESS]
            bound = 10 + 5 * sum(usual[name] for name in part)
            outcome, name = runner.run(TOGETHER, part, bound, MUTANT=self.number)
            if outcome == FAILED and name and self.is_noticed_by(TOGETHER, name, bound):
                return name
            if outcome == ENDED and name:
                self.hanging.append((TOGETHER, name))
            # What hid behind a test that failed or did not end is not left out.
            done = part if outcome == PASSED or name is None else [name]
            self.run_count += len(done)
            waiting = [name for name in waiting if name not in done]
        return None

    def one_by_one(self):
        """The fastest of each suite first, for the tests of one suite are alike."""
        rank, ordered = {}, []
        for usual, program, name in self.tests:
            if program != TOGETHER:
                suite = suite_of(name)
                rank[suite] = rank.get(suite, 0) + 1
                ordered.append((rank[suite], usual, program, name))
        for _, usual, program, name in sorted(ordered):
            if self.is_given_up():
                return None
            if self.is_noticed_by(program, name, 10 + 5 * usual):
                return name
        return None

    def patiently(self):
        """Tests wait a minute for what does not come; the first one that we ended gets the time."""
        for program, name in self.hanging[:1]:
            outcome, _ = runner.run(program, [name], PATIENT_SECONDS, MUTANT=self.number)
            if outcome == FAILED and self.passes_without(program, name):
                return name
        return None

    def killer(self):
        return self.together() or self.one_by_one() or self.patiently()


def judge(number, tests, seconds):
    """Verdict and why."""
    if not tests:
        return "SURVIVED", "no test reaches it"
    trial = Trial(number, tests, seconds)
    killer = trial.killer()
    if killer:
        return "killed", killer
    if trial.hanging:
        return "HANGS", f"no test fails; {trial.hanging[0][1]} does not end"
    tried = min(trial.run_count, len(tests))
    return "SURVIVED", f"{len(tests)} tests reach it, {tried} ran"
