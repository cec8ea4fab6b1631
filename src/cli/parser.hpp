#pragma once
// The parts of argument parsing that CLI11 does not do. Finds all mistakes, not only the first, and
// words them independently of the version of CLI11.

#include <string>
#include <vector>

#include "exclusive_lock/error.hpp"

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace exclusive_lock::cli {

struct SplitArguments {
  std::vector<std::string> own;      // for the parser
  std::vector<std::string> command;  // after the first "--" of run, exactly as given
};

// Only run has a command after "--". For the other subcommands, and for CLI11, "--" ends the
// options.
SplitArguments split(const CLI::App& app, std::vector<std::string> arguments);

// The arguments without those that are wrong in themselves; these are added to the mistakes:
// unknown options and subcommands, options without a value or with an empty one, flags with a value
// ("-v=1": CLI11 would take it for "-v" and an argument), options that are given twice.
std::vector<std::string> without_mistakes(const CLI::App& app, const std::vector<std::string>& own,
                                          std::vector<Mistake>& mistakes);

// Call it after parsing. Adds a mistake for each extra argument.
void append_extra_arguments(const CLI::App& app, std::vector<Mistake>& mistakes);

// A mistake that CLI11 found and the checks above did not.
Mistake unexpected_mistake(const CLI::Error& error);

// The word as a message may quote it. A store URL in the wrong place may hold a password, so the
// password is removed before the word is cut: after the cut, the '@' that ends a password may be
// missing.
std::string shown_word(const std::string& word);

}  // namespace exclusive_lock::cli
