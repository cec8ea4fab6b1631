#pragma once
// A job whose processes have left its process group in all usual ways.

#include <algorithm>
#include <string>
#include <vector>

#include "cli/command_fixture.hpp"

namespace exclusive_lock::cli_test {

class EscapeesTest : public CommandTest {
 protected:
  // Each process writes its id to the file of its name. `daemon` ignores TERM.
  static constexpr const char* script =
      "timeout 60 sh -c 'echo $$ > $FOLDER/timeout; exec sleep 300' & "
      "setsid sh -c 'echo $$ > $FOLDER/session; exec sleep 300' & "
      "(setsid sh -c 'trap \"\" TERM HUP; echo $$ > $FOLDER/daemon; while :; do sleep 0.02; done' "
      "< /dev/null > /dev/null 2>&1 &); "
      "bash -c 'set -m; sh -c \"echo \\$\\$ > $FOLDER/monitor; exec sleep 300\" & wait' & "
      "script -qec 'echo $$ > $FOLDER/pty; exec sleep 300' /dev/null > /dev/null & "
      "echo $$ > $FOLDER/job; ";

  std::unique_ptr<Process> start_escapees(const Arguments& options,
                                          const std::string& rest = "wait") {
    auto process = start(under_lock("job", options, script + rest));
    for (const char* const name : {"job", "timeout", "session", "daemon", "monitor", "pty"}) {
      pids_.push_back(pid_in(name));
    }
    return process;
  }
  [[nodiscard]] std::vector<pid_t> running() const {
    std::vector<pid_t> running;
    std::ranges::copy_if(pids_, std::back_inserter(running), is_running);
    return running;
  }

  std::vector<pid_t> pids_;
};

}  // namespace exclusive_lock::cli_test
