#pragma once
// Exceptions, told to people and turned into exit codes.

#include <exception>
#include <string>
#include <vector>

#include "cli/output/talk.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock::cli {

// To be called with the exception that left a subcommand. Says what it means; returns the exit
// code.
int report_failure(std::exception_ptr failure, Talk& talk);

// A line for each, in the words of the command.
void report_mistakes(const std::vector<Mistake>& mistakes, Talk& talk);

// What happened and what it means, fit for a terminal.
std::string message_of(const StoreError& error);

}  // namespace exclusive_lock::cli
