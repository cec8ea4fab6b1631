#pragma once
// A test with a temporary folder and an embedded store in it.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/process.hpp"
#include "live/temporary_directory.hpp"

namespace exclusive_lock::cli_test {

using Arguments = std::vector<std::string>;
using Variables = std::vector<std::pair<std::string, std::string>>;

class CommandTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_.path() / name).string();
  }
  [[nodiscard]] std::string local_store() const { return "local://" + path("store"); }

  // EXCLUSIVE_LOCK_STORE is the store of this test, unless `variables` replaces it.
  [[nodiscard]] Invocation invocation(Arguments arguments, Variables variables = {}) const {
    Variables all{{"EXCLUSIVE_LOCK_STORE", store_.empty() ? local_store() : store_},
                  {"FOLDER", folder_.path().string()}};
    for (auto& variable : variables) {
      std::erase_if(all, [&](const auto& one) { return one.first == variable.first; });
      all.push_back(std::move(variable));
    }
    return Invocation{.arguments = std::move(arguments), .variables = std::move(all)};
  }
  [[nodiscard]] Ended command(Arguments arguments, Variables variables = {}) const {
    return run(invocation(std::move(arguments), std::move(variables)));
  }
  [[nodiscard]] std::unique_ptr<Process> start(Arguments arguments,
                                               Variables variables = {}) const {
    return std::make_unique<Process>(invocation(std::move(arguments), std::move(variables)));
  }
  // `run NAME OPTIONS... -- sh -c SCRIPT`. The script finds the test's folder in $FOLDER.
  [[nodiscard]] static Arguments under_lock(const std::string& name, Arguments options,
                                            const std::string& script) {
    Arguments arguments{"run", name};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.insert(arguments.end(), {"--", "sh", "-c", script});
    return arguments;
  }
  [[nodiscard]] bool is_free(const std::string& name) const {
    const Ended ended = command({"inspect", name});
    if (ended.exit_code != 0 && ended.exit_code != 1) {
      throw std::runtime_error("inspect failed: " + ended.err);
    }
    return ended.exit_code == 1;
  }
  // The guardian of a `run` that has forked it.
  static pid_t guardian_of(const Process& process) {
    const std::string self = std::to_string(process.pid());
    return std::stoi(file_text("/proc/" + self + "/task/" + self + "/children"));
  }
  // Waits until a script has written a process id to the file; returns it.
  pid_t pid_in(const std::string& file) const {
    wait_until([&] { return file_text(path(file)).find('\n') != std::string::npos; },
               "a process id in " + file);
    return std::stoi(file_text(path(file)));
  }

  live::TemporaryDirectory folder_;
  std::string store_;  // empty: the embedded store
};

}  // namespace exclusive_lock::cli_test
