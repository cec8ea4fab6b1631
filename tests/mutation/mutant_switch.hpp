#pragma once
// Turns mutants of the C++ code on and off at run time. Only in a build of cpp_mutants.py, whose
// compiler includes it in front of every file.
//
// MUTANT=<number> in the environment turns one on. MUTANTS_REACHED=<file>: the number of each
// mutant whose code runs is added to that file once per process, a line each.

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <type_traits>

namespace mutant_switch {

inline constexpr int max_mutants = 4096;

// Async-signal-safe, for the code of a child between fork and exec is mutated too.
inline void note_reached(const char* path, int number) noexcept {
  static std::array<std::atomic<bool>, max_mutants> is_noted{};
  if (is_noted[static_cast<unsigned>(number) % max_mutants].exchange(true)) {
    return;
  }
  std::array<char, 8> line{};
  auto at = line.size();
  line[--at] = '\n';
  for (int rest = number; rest > 0 || at == line.size() - 1; rest /= 10) {
    line[--at] = static_cast<char>('0' + rest % 10);
  }
  const int file = ::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file >= 0) {
    [[maybe_unused]] const auto written = ::write(file, line.data() + at, line.size() - at);
    ::close(file);
  }
}

inline bool is_chosen(int number) noexcept {
  static const int chosen = [] {
    const char* text = std::getenv("MUTANT");
    return text == nullptr ? 0 : std::atoi(text);
  }();
  static const char* const reached = std::getenv("MUTANTS_REACHED");
  if (reached != nullptr) {
    note_reached(reached, number);
  }
  return number == chosen;
}

// What a compiler works out is never a mutant.
constexpr bool is_on(int number) noexcept {
  return !std::is_constant_evaluated() && is_chosen(number);
}

}  // namespace mutant_switch
