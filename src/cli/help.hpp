#pragma once
// What --help prints: at most 80 columns wide, and broken between words.

#include <string>

namespace CLI {
class App;
}

namespace exclusive_lock::cli {

// Of the command itself or of one subcommand: usage, its options and those of every subcommand, an
// example, exit codes and variables.
std::string help_for(const CLI::App& app);

}  // namespace exclusive_lock::cli
