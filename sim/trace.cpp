#include "sim/trace.hpp"

#include <algorithm>
#include <cstdio>

namespace exclusive_lock::sim {

std::vector<std::string> Trace::lines(const std::string& key, std::size_t most) const {
  std::vector<std::string> chosen;
  for (auto line = lines_.rbegin(); line != lines_.rend() && chosen.size() < most; ++line) {
    if (!key.empty() && !line->key.empty() && line->key != key) {
      continue;
    }
    const auto since_start = line->when - Timeline().now();
    std::array<char, 32> stamp{};
    std::snprintf(stamp.data(), stamp.size(), "%12.3f ms  ",
                  static_cast<double>(since_start.count()) / 1e6);
    chosen.push_back(stamp.data() +
                     (line->key.empty() ? line->text : line->key + ": " + line->text));
  }
  std::reverse(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace exclusive_lock::sim
