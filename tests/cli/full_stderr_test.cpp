// A stderr that is full, because its pipe has no reader: the command still acts in time.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "cli/command_fixture.hpp"
#include "live/server.hpp"

namespace exclusive_lock::cli_test {
namespace {

class FullStderr : public CommandTest {
 protected:
  FullStderr() {
    EXPECT_EQ(::mkfifo(path("full").c_str(), 0600), 0);
    pipe_ = ::open(path("full").c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    const std::string text(4096, 'x');
    while (::write(pipe_, text.data(), text.size()) > 0) {
    }
  }
  ~FullStderr() override { ::close(pipe_); }

  // Starts the command with the full pipe as stderr.
  [[nodiscard]] std::unique_ptr<Process> start_full(const std::string& command) const {
    Invocation invocation =
        this->invocation({"-c", "exec 2>\"$FOLDER/full\"; exec " +
                                    std::string(EXCLUSIVE_LOCK_COMMAND) + " " + command});
    invocation.program = "/bin/sh";
    return std::make_unique<Process>(std::move(invocation));
  }

 private:
  int pipe_ = -1;
};

TEST_F(FullStderr, RunEndsWithItsCommandDespiteManyMessages) {
  EXPECT_EQ(start_full("run job --verbose -- sh -c 'exit 7'")->wait().exit_code, 7);
  EXPECT_TRUE(is_free("job"));
}

TEST_F(FullStderr, LossEndsTheCommandInTime) {
  const auto process = start_full(
      "run job --verbose --ttl 2s -- sh -c 'echo $$ >\"$FOLDER/command\"; while :; do sleep 0.02; "
      "done'");
  const pid_t child = pid_in("command");
  EXPECT_EQ(command({"release", "job", "--force", "--yes"}).exit_code, 0);
  EXPECT_EQ(process->wait().exit_code, 79);
  EXPECT_FALSE(is_running(child));
}

// The log of the lost connection must delay neither a refresh nor the end.
TEST_F(FullStderr, RunRefreshesOverANewConnection) {
  const live::Server server;
  const auto process = start_full("--store " + server.url() +
                                  " run job --verbose --ttl 2s -- sh -c 'echo $$ "
                                  ">\"$FOLDER/command\"; until [ -e $FOLDER/go ]; do sleep 0.02; "
                                  "done'");
  pid_in("command");
  auto client = server.client();
  client.must({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  client.must({"PEXPIRE", "exclusive-lock:job", "1500"});
  wait_until(
      [&] {
        return client.integer({"PTTL", "exclusive-lock:job"}) > 1600;
      },
      "a refresh over a new connection");
  std::ofstream(path("go")) << "go";
  EXPECT_EQ(process->wait().exit_code, 0);
}

}  // namespace
}  // namespace exclusive_lock::cli_test
