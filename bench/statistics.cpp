#include "statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace exclusive_lock::bench {

double quantile(std::vector<double> values, double share) {
  if (values.empty()) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const auto last = static_cast<double>(values.size() - 1);
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(std::lround(share * last));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

Quartiles quartiles(const std::vector<double>& values) {
  return {.lower = quantile(values, 0.25),
          .median = quantile(values, 0.5),
          .upper = quantile(values, 0.75)};
}

}  // namespace exclusive_lock::bench
