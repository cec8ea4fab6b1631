#pragma once
// The text of --help: at most 80 columns wide, broken between words.

#include <string>

namespace CLI {
class App;
}

namespace exclusive_lock::cli {

// Help for the command or for one subcommand: usage, its options, the options of every subcommand,
// an example, exit codes and variables.
std::string help_for(const CLI::App& app);

}  // namespace exclusive_lock::cli
