#pragma once
// All subcommands and the options that they share: the argument list, understood but not yet
// carried out.

#include <memory>
#include <string>
#include <vector>

#include "cli/session.hpp"

namespace CLI {
class App;
}

namespace exclusive_lock::cli {

class CommandLine {
 public:
  // `session` must outlive it.
  explicit CommandLine(Session& session);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // To be called once: what the session has of options and command is set, and its mistakes, which
  // are all that there are. Null where no subcommand is to be found. Throws CLI::Success for --help
  // and --version.
  const Subcommand* understand(std::vector<std::string> arguments);

  [[nodiscard]] const CLI::App& parser() const { return *app_; }

 private:
  Session& session_;
  std::unique_ptr<CLI::App> app_;
  std::vector<Subcommand> subcommands_;
};

}  // namespace exclusive_lock::cli
