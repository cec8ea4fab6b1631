#pragma once
// "Did you mean ...?" for misspelt options, subcommands and variables; and the natural order of
// names.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exclusive_lock::cli {

// How many letters must be inserted, deleted, replaced or swapped with their neighbour to turn one
// word into the other (optimal string alignment distance).
std::size_t edit_distance(std::string_view a, std::string_view b);

// The known word with the smallest edit distance. None: every distance is greater than a third of
// the word's letters (at least one, at most three).
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

// Compares digits as numbers: "job-2" is before "job-10".
bool is_naturally_before(std::string_view a, std::string_view b);

}  // namespace exclusive_lock::cli
