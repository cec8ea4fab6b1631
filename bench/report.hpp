#pragma once
// The table for people and the JSON for bench/plot and for later comparison.

#include <filesystem>
#include <string>
#include <vector>

#include "machine.hpp"
#include "measurement.hpp"

namespace exclusive_lock::bench {

struct Report {
  Machine machine;
  Versions versions;
  std::string command;   // how this run was started
  std::string began_at;  // wall clock, UTC
  std::string extent;    // how many rounds, and whether anything is left out
  std::vector<Measurement> measurements{};
};

void print_heading(const Report& report);
// A line is printed as soon as it is known.
void print_table_head();
void print_line(const Measurement& measurement);
// Throws std::runtime_error where the file cannot be written.
void write_json(const Report& report, const std::filesystem::path& file);

}  // namespace exclusive_lock::bench
