#pragma once
// The argument list: what CLI11 does not do by itself.

#include <string>
#include <vector>

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace exclusive_lock::cli {

struct SplitArguments {
  std::vector<std::string> own;      // for the parser
  std::vector<std::string> command;  // behind the first "--" of run, exactly as given
};

// Only run has a command behind "--"; for the others, and for CLI11, it means that no option
// follows.
SplitArguments split(const CLI::App& app, std::vector<std::string> arguments);

// CLI11 takes the next argument for the value of "--label=". Throws CLI::ValidationError.
void refuse_empty_values(const std::vector<std::string>& own);

// CLI11 takes what follows the flag in "-v name" or "-v-" for an argument of its own, "- name" or
// "--". Throws CLI::ValidationError.
void refuse_values_of_flags(const CLI::App& app, const std::vector<std::string>& own);

// Help as CLI11 writes it, but run's usage.
void set_help_style(CLI::App& app);

// The message for a person: what is wrong, and what may have been meant.
std::string explain(const CLI::Error& error, const CLI::App& app);

}  // namespace exclusive_lock::cli
