#pragma once
// The argument list: what CLI11 does not do by itself. All mistakes are found, not only the first,
// and they are in our own words, whatever version of CLI11 it is.

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
  std::vector<std::string> command;  // behind the first "--" of run, exactly as given
};

// Only run has a command behind "--"; for the others, and for CLI11, it means that no option
// follows.
SplitArguments split(const CLI::App& app, std::vector<std::string> arguments);

// The arguments without those that are wrong as such, which are added to the mistakes: unknown
// options and subcommands, options that lack their value or have an empty one, flags with a value
// ("-v=1": CLI11 would take it for "-v" and an argument), options that are given twice.
std::vector<std::string> without_mistakes(const CLI::App& app, const std::vector<std::string>& own,
                                          std::vector<Mistake>& mistakes);

// Once they were parsed: those that are too many.
void append_extra_arguments(const CLI::App& app, std::vector<Mistake>& mistakes);

// What CLI11 refuses all the same.
Mistake unexpected_mistake(const CLI::Error& error);

// The word as it can be quoted: a store URL that stands in the wrong place is no less secret there.
// It is made safe before it is cut: behind the cut nobody sees the '@' that ends a password.
std::string shown_word(const std::string& word);

}  // namespace exclusive_lock::cli
