#pragma once
// The model and another store, side by side: each command is carried out on both, and all that they
// say, push and keep has to be the same.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "conformance/cross_check/command.hpp"
#include "conformance/cross_check/model_side.hpp"

namespace exclusive_lock::conformance {

struct Difference {
  std::string what;   // of the command that it was seen at
  std::string model;  // what the model said
  std::string other;
};

// What was done and said, a line for each command.
using Transcript = std::vector<std::string>;

// The first difference; none: they are the same to the end.
std::optional<Difference> find_difference(const Sequence& sequence, ModelSide& model, Side& other,
                                          Transcript* transcript = nullptr);

// The sequence without commands that the difference does not need, as far as that is found out in
// that time. It must have one.
Sequence shorten(Sequence sequence, ModelSide& model, Side& other, std::chrono::seconds limit);

// What a person needs to see: seed, shortened transcript, both answers.
std::string story_of(const Sequence& sequence, ModelSide& model, Side& other,
                     std::chrono::seconds limit);

}  // namespace exclusive_lock::conformance
