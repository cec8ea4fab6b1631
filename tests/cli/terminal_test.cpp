// On a terminal: which process reads keys, what ^C and ^Z do, what is shown while waiting.

#include <gmock/gmock.h>
#include <signal.h>

#include <fstream>

#include "cli/command_fixture.hpp"
#include "cli/pty.hpp"
#include "live/server.hpp"

namespace exclusive_lock::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* control_c = "\x03";
constexpr const char* control_z = "\x1a";
constexpr const char* wipe = "\r\x1b[K";

class OnTerminal : public CommandTest {
 protected:
  std::unique_ptr<Process> start_on(Pty& pty, Arguments arguments, Variables variables = {}) const {
    variables.emplace_back("TERM", "xterm");
    Invocation all = invocation(std::move(arguments), std::move(variables));
    all.terminal = pty.program_end();
    all.without = {"NO_COLOR"};
    return std::make_unique<Process>(std::move(all));
  }
  // An interactive shell with job control.
  std::unique_ptr<Process> start_shell_on(Pty& pty) const {
    Invocation all = invocation({"--norc", "--noprofile", "-i"}, {{"TERM", "xterm"},
                                                                  {"PS1", "$ "},
                                                                  {"LOCK", EXCLUSIVE_LOCK_COMMAND},
                                                                  {"HISTFILE", ""},
                                                                  {"LC_ALL", "C"}});
    all.program = "/bin/bash";
    all.terminal = pty.program_end();
    auto shell = std::make_unique<Process>(std::move(all));
    pty.wait_for("$ ");
    return shell;
  }
  std::unique_ptr<Process> hold(const Arguments& options = {}) const {
    auto holder = start(
        under_lock("job", options, "echo held; until [ -e $FOLDER/go ]; do sleep 0.02; done"));
    holder->wait_for_out("held");
    return holder;
  }
  void signal_go() const { std::ofstream(path("go")) << "go"; }
};

TEST_F(OnTerminal, CommandReadsKeys) {
  Pty pty;
  const auto process =
      start_on(pty, under_lock("job", {}, "echo ready; read line; echo read $line"));
  pty.wait_for("ready");
  pty.type("some keys\r");
  EXPECT_EQ(process->wait().exit_code, 0);
  pty.wait_for("read some keys");
}

TEST_F(OnTerminal, ListCutsLongNames) {
  const std::string name(300, 'n');
  const auto holder =
      start(under_lock(name, {}, "echo held; until [ -e $FOLDER/go ]; do sleep 0.02; done"));
  holder->wait_for_out("held");
  Pty pty;
  const auto process = start_on(pty, {"list"});
  EXPECT_EQ(process->wait().exit_code, 0);
  pty.wait_for(std::string(39, 'n') + "\u2026");
  EXPECT_EQ(pty.screen().find(std::string(40, 'n')), std::string::npos);
}

TEST_F(OnTerminal, ControlCEndsTheCommandAndReleases) {
  Pty pty;
  const auto process =
      start_on(pty, {"run", "job", "--", "sh", "-c", "echo ready; exec sleep 1000"});
  pty.wait_for("ready");
  pty.type(control_c);
  EXPECT_EQ(process->wait().exit_code, 128 + SIGINT);
  EXPECT_TRUE(is_free("job"));
}

TEST_F(OnTerminal, ControlCEndsWhatLeftTheGroupToo) {
  Pty pty;
  const auto process = start_on(
      pty, under_lock("job", {},
                      "setsid sh -c 'echo $$ > $FOLDER/escaped; exec sleep 300' & exec sleep 300"));
  const pid_t escaped = pid_in("escaped");
  pty.type(control_c);
  EXPECT_EQ(process->wait().exit_code, 128 + SIGINT);
  EXPECT_FALSE(is_running(escaped));
}

TEST_F(OnTerminal, ControlCWhileWaitingEndsTheWait) {
  const auto holder = hold();
  Pty pty;
  const auto process = start_on(pty, under_lock("job", {}, "echo ran"));
  pty.wait_for("waiting for job");
  pty.type(control_c);
  EXPECT_EQ(process->wait().exit_code, 128 + SIGINT);
  EXPECT_FALSE(holder->has_ended());
}

TEST_F(OnTerminal, ShellReadsFromItAfterwards) {
  Pty pty;
  const auto shell = start_shell_on(pty);
  pty.type("$LOCK run job -- sh -c 'exit 5'; echo first $?\r");
  pty.wait_for("first 5");
  // A command that is killed cannot restore the terminal's modes.
  pty.type("$LOCK run job -- sh -c 'stty raw -echo; kill -9 $$'; echo then $?\r");
  pty.wait_for("then 137");
  pty.type("read word; echo last $word\r");
  wait_until([&] { return pty.is_in_line_mode(); }, "the terminal's modes");
  pty.type("fine\r");
  pty.wait_for("last fine");
}

// A script has no job control, so it cannot take the terminal back as a shell does.
TEST_F(OnTerminal, ScriptReadsFromItAfterwards) {
  std::ofstream(path("script")) << "$LOCK run job -- true\necho then\nread word\necho last $word\n";
  Pty pty;
  const auto shell = start_shell_on(pty);
  pty.type("bash $FOLDER/script\r");
  pty.wait_for("then");
  pty.type("fine\r");
  pty.wait_for("last fine");
}

TEST_F(OnTerminal, ControlCEndsAScriptToo) {
  std::ofstream(path("script"))
      << "echo begins\n$LOCK run job -- sh -c 'echo ready; exec sleep 1000'\necho continues\n";
  Pty pty;
  const auto shell = start_shell_on(pty);
  pty.type("bash $FOLDER/script\r");
  pty.wait_for("ready");
  pty.type(control_c);
  wait_until([&] { return pty.foreground() == shell->pid(); }, "the end of the script");
  pty.type("echo ended $?\r");
  pty.wait_for("ended 130");
  EXPECT_THAT(pty.screen(), Not(HasSubstr("continues")));
  EXPECT_TRUE(is_free("job"));
}

// A single process, not a shell with children: a shell does not react to a stop while a child that
// it made by vfork(2) is stopped before its exec.
TEST_F(OnTerminal, ControlZStopsBothAndFgContinuesBoth) {
  Pty pty;
  const auto shell = start_shell_on(pty);
  pty.type("$LOCK run job --ttl 100s -- sh -c 'echo $$ > $FOLDER/command; exec sleep 300'\r");
  const pid_t command = pid_in("command");
  pty.type(control_z);
  auto seen = pty.wait_for("Stopped");
  EXPECT_EQ(state_of(command), 'T');
  pty.type("echo still ''here\r");
  seen = pty.wait_for("still here", seen);
  pty.type("fg\r");
  wait_until([&] { return state_of(command) != 'T'; }, "its continuation");
  wait_until([&] { return pty.foreground() == command; }, "the terminal to be the command's");
  pty.type(control_c);
  pty.type("echo code $?\r");
  pty.wait_for("code 130", seen);
  EXPECT_TRUE(is_free("job"));
}

TEST_F(OnTerminal, StopLongerThanTheHoldKillsTheCommand) {
  Pty pty;
  const auto shell = start_shell_on(pty);
  pty.type("$LOCK run job --ttl 600ms -- sh -c 'echo $$ > $FOLDER/command; exec sleep 300'\r");
  const pid_t command = pid_in("command");
  pty.type(control_z);
  pty.wait_for("Stopped");
  wait_until([&] { return is_free("job"); }, "the end of the hold");
  pty.type("fg; echo code $?\r");
  pty.wait_for("code 79");
  EXPECT_THAT(pty.screen(), HasSubstr("lost job"));
  EXPECT_FALSE(is_running(command));
}

TEST_F(OnTerminal, BackgroundJobLeavesTheTerminalToTheShell) {
  Pty pty;
  const auto shell = start_shell_on(pty);
  pty.type(
      "$LOCK run job -- sh -c 'echo $$ > $FOLDER/command; until [ -e $FOLDER/go ]; do sleep 0.02; "
      "done; read line < /dev/tty; echo read $line' &\r");
  const pid_t command = pid_in("command");
  EXPECT_EQ(pty.foreground(), shell->pid());
  // A shell does not notify a running job that it brings to the foreground: the terminal is lent
  // when the job needs it.
  pty.type("fg\r");
  wait_until([&] { return pty.foreground() != shell->pid(); }, "the job to be in the foreground");
  signal_go();
  wait_until([&] { return pty.foreground() == command; }, "the terminal to be the command's");
  pty.type("keys\r");
  pty.wait_for("read keys");
  wait_until([&] { return pty.foreground() == shell->pid(); }, "the shell to have it back");
}

TEST_F(OnTerminal, BackgroundJobThatReadsIsStoppedUntilFg) {
  Pty pty;
  const auto shell = start_shell_on(pty);
  pty.type("$LOCK run job --ttl 100s -- sh -c 'read line < /dev/tty; echo read $line' &\r");
  pty.wait_for("\n");
  wait_until(
      [&] {
        pty.type("\r");
        return pty.screen().find("Stopped") != std::string::npos;
      },
      "the shell to see the stop");
  pty.type("fg\r");
  wait_until([&] { return pty.foreground() != shell->pid(); }, "the terminal to be lent");
  pty.type("keys\r");
  pty.wait_for("read keys");
}

TEST_F(OnTerminal, InAPipelineTheTerminalIsLentOnDemand) {
  Pty pty;
  const auto shell = start_shell_on(pty);
  pty.type(
      "$LOCK run job -- sh -c 'echo $$ > $FOLDER/command; until [ -e $FOLDER/go ]; do sleep 0.02; "
      "done; "
      "read line < /dev/tty; echo read $line' | sed 's/^/piped: /'\r");
  const pid_t command = pid_in("command");
  EXPECT_NE(pty.foreground(), command) << "a pager at the end of the pipe may read keys";
  signal_go();
  wait_until([&] { return pty.foreground() == command; }, "the terminal to be lent");
  pty.type("keys\r");
  pty.wait_for("piped: read keys");
}

TEST_F(OnTerminal, ControlCReachesTheWholePipeline) {
  Pty pty;
  const auto shell = start_shell_on(pty);
  pty.type(
      "$LOCK run job -- sh -c 'echo $$ > $FOLDER/command; exec sleep 1000' | cat; echo code "
      "${PIPESTATUS[0]}\r");
  pid_in("command");
  pty.type(control_c);
  wait_until([&] { return is_free("job"); }, "the release");
}

TEST_F(OnTerminal, WaitShowsTheHolderAndErasesTheLine) {
  const auto holder = hold({"--label", "nightly"});
  Pty pty;
  const auto process = start_on(pty, under_lock("job", {}, "echo ran"));
  pty.wait_for("waiting for job: held by ");
  EXPECT_THAT(pty.screen(),
              HasSubstr("process " + std::to_string(holder->pid()) + ", sh (nightly), for "));
  pty.wait_for("waited 1 s");  // redrawn
  signal_go();
  EXPECT_EQ(process->wait().exit_code, 0);
  const std::size_t ran = pty.wait_for("ran");
  const std::string screen = pty.screen();
  EXPECT_EQ(screen.rfind(wipe, ran), ran - std::string("ran").size() - std::string(wipe).size());
}

TEST_F(OnTerminal, WaitShowsThePositionAndItsChanges) {
  const auto holder = hold();
  const auto first = start(under_lock("job", {}, "true"));
  wait_until(
      [&] {
        return command({"inspect", "job", "--json"}).out.find("\"waiting\":1") != std::string::npos;
      },
      "the first in line");
  Pty pty;
  const auto process = start_on(pty, under_lock("job", {}, "echo ran"));
  const std::size_t seen = pty.wait_for("; place 2 in line, waited ");
  first->signal(SIGTERM);
  EXPECT_EQ(first->wait().exit_code, 128 + SIGTERM);
  pty.wait_for("; place 1 in line, waited ", seen);
  signal_go();
  EXPECT_EQ(process->wait().exit_code, 0);
}

TEST_F(OnTerminal, WaitLineFitsTheTerminal) {
  const auto holder = hold({"--label", std::string(256, 'l')});
  Pty pty;
  pty.set_width(40);
  const auto process = start_on(pty, under_lock("job", {}, "true"), {{"NO_COLOR", "1"}});
  const std::size_t begin = pty.wait_for("waiting for job");
  pty.wait_for("\u2026");
  const std::string screen = pty.screen();
  EXPECT_LE(screen.find("\u2026") - begin + std::string("waiting for job").size(), 39U);
  signal_go();
  process->wait();
}

TEST_F(OnTerminal, ColourOnlyWithoutNoColor) {
  const auto holder = hold();
  Pty coloured;
  EXPECT_EQ(start_on(coloured, {"inspect", "job"})->wait().exit_code, 0);
  coloured.wait_for("key");
  EXPECT_THAT(coloured.screen(), HasSubstr("\x1b[1mjob\x1b[0m"));
  Pty plain;
  Invocation all = invocation({"inspect", "job"}, {{"NO_COLOR", "1"}, {"TERM", "xterm"}});
  all.terminal = plain.program_end();
  EXPECT_EQ(run(std::move(all)).exit_code, 0);
  plain.wait_for("key");
  EXPECT_THAT(plain.screen(), Not(HasSubstr("\x1b")));
  Pty dumb;
  Invocation simple = invocation({"inspect", "job"}, {{"TERM", "dumb"}});
  simple.terminal = dumb.program_end();
  simple.without = {"NO_COLOR"};
  EXPECT_EQ(run(std::move(simple)).exit_code, 0);
  EXPECT_THAT(dumb.screen(), Not(HasSubstr("\x1b")));
  EXPECT_THAT(command({"inspect", "job"}).out, Not(HasSubstr("\x1b")));
}

TEST_F(OnTerminal, ControlZStopsAWaitAndFgContinuesIt) {
  const auto holder = hold();
  Pty pty;
  const auto shell = start_shell_on(pty);
  pty.type("$LOCK run job -- sh -c 'echo it ''ran'; echo code $?\r");
  pty.wait_for("waiting for job");
  pty.type(control_z);
  const std::size_t seen = pty.wait_for("Stopped");
  wait_until([&] { return pty.foreground() == shell->pid(); }, "the shell");
  signal_go();
  holder->wait();
  wait_until([&] { return is_free("job"); },
             "the end of the hold that the stopped waiter was given");
  pty.type("fg; echo last $?\r");
  pty.wait_for("it ran", seen);
  pty.wait_for("last 0", seen);
}

TEST_F(OnTerminal, WaitShowsThatTheStoreDoesNotAnswer) {
  live::Server server;
  store_ = server.url();
  const auto holder = hold();
  Pty pty;
  const auto process = start_on(pty, under_lock("job", {"--command-timeout", "200ms"}, "echo ran"));
  pty.wait_for("waiting for job: held by ");
  server.pause();
  pty.wait_for("waiting for job: the store does not answer");
  server.resume();
  pty.type(control_c);
  EXPECT_EQ(process->wait().exit_code, 128 + SIGINT);
}

TEST_F(OnTerminal, ListIsCutToTheWidth) {
  ASSERT_EQ(command({"acquire", "job", "--label", std::string(100, 'l')}).exit_code, 0);
  Pty pty;
  pty.set_width(40);
  EXPECT_EQ(start_on(pty, {"list"}, {{"NO_COLOR", "1"}})->wait().exit_code, 0);
  pty.wait_for("\u2026\r\njob ");
  pty.wait_for("\u2026\r\n", pty.wait_for("job "));
  EXPECT_THAT(pty.screen(), Not(HasSubstr(std::string(40, 'l'))));
}

TEST_F(OnTerminal, ForceReleasesNoHolderThatCameAfterTheQuestion) {
  const std::string first = command({"acquire", "job"}).out;
  Pty pty;
  const auto process = start_on(pty, {"release", "job", "--force", "--json"});
  pty.wait_for("Release it all the same? [y/N] ");
  ASSERT_EQ(command({"release", "job", "--owner", first.substr(0, first.find(' '))}).exit_code, 0);
  ASSERT_EQ(command({"acquire", "job"}).exit_code, 0);
  pty.type("y\r");
  EXPECT_EQ(process->wait().exit_code, 75);
  pty.wait_for("job has another holder now; nothing was released");
  pty.wait_for("\"released\":false,\"forced\":true");
  EXPECT_FALSE(is_free("job"));
}

TEST_F(OnTerminal, ForceAsks) {
  ASSERT_EQ(command({"acquire", "job"}).exit_code, 0);
  Pty pty;
  auto process = start_on(pty, {"release", "job", "--force", "--json"});
  std::size_t seen = pty.wait_for("Release it all the same? [y/N] ");
  pty.type("\r");
  EXPECT_EQ(process->wait().exit_code, 1);
  seen = pty.wait_for("not released", seen);
  seen = pty.wait_for("\"released\":false,\"forced\":true", seen);
  EXPECT_FALSE(is_free("job"));
  process = start_on(pty, {"release", "job", "--force"});
  seen = pty.wait_for("Release it all the same? [y/N] ", seen);
  pty.type("y\r");
  EXPECT_EQ(process->wait().exit_code, 0);
  pty.wait_for("released by force", seen);
  EXPECT_TRUE(is_free("job"));
}

}  // namespace
}  // namespace exclusive_lock::cli_test
