#pragma once
// The command line: all subcommands and the options that they share. Parses; carries nothing out.

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

  // Call it once. Sets the session's options, command and mistakes. Null: the arguments name no
  // subcommand. Throws CLI::Success for --help and --version.
  const Subcommand* parse(std::vector<std::string> arguments);

  [[nodiscard]] const CLI::App& parser() const { return *app_; }

 private:
  Session& session_;
  std::unique_ptr<CLI::App> app_;
  std::vector<Subcommand> subcommands_;
};

}  // namespace exclusive_lock::cli
