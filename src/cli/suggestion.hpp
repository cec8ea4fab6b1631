#pragma once
// "Did you mean ...?" for misspelt options, subcommands and variables; and names in the order in
// which people look for them.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exclusive_lock::cli {

// How many letters must be put in, left out, replaced or swapped with their neighbour to get from
// one to the other (optimal string alignment distance).
std::size_t letters_apart(std::string_view a, std::string_view b);

// The known word that is nearest; none where all are further than a third of its letters (at least
// one, at most three).
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

// Digits count as a number: "job-2" is before "job-10".
bool is_naturally_before(std::string_view a, std::string_view b);

}  // namespace exclusive_lock::cli
