#pragma once
// Exceptions, told to people and turned into exit codes.

#include <exception>

#include "cli/output/talk.hpp"

namespace exclusive_lock::cli {

// To be called with the exception that left a subcommand. Says what it means; returns the exit
// code.
int report_failure(std::exception_ptr failure, Talk& talk);

}  // namespace exclusive_lock::cli
