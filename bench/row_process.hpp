#pragma once
// A row is measured in a process of its own: one that hangs or crashes is reported, and the next
// one is measured all the same.

#include <chrono>
#include <functional>

#include "bench.hpp"
#include "rows/rows.hpp"

namespace exclusive_lock::bench {

// Lines are told as they come; a row that fails or is not finished in time becomes a line that says
// so. To be called while this process has one thread.
void measure_in_process(const Row& row, const Effort& effort, const Programs& programs,
                        live::Server& server, std::chrono::seconds limit, const Bench::Tell& tell);

}  // namespace exclusive_lock::bench
