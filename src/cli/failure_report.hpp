#pragma once
// Reports exceptions and turns them into exit codes.

#include <exception>
#include <string>
#include <vector>

#include "cli/output/talk.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock::cli {

// Reports an exception that left a subcommand; returns the exit code.
int report_failure(std::exception_ptr failure, Talk& talk);

// Reports each mistake in a line, with the names of the command's options.
void report_mistakes(const std::vector<Mistake>& mistakes, Talk& talk);

// What happened and what it means, printable on a terminal.
std::string message_of(const StoreError& error);

}  // namespace exclusive_lock::cli
