#pragma once
// What is said about many samples: quartiles, shares, ratios. Empty input gives NaN, which the
// report shows as "-" and JSON as null.

#include <vector>

namespace exclusive_lock::bench {

// The value below which `share` of them lie, 0 to 1; of few values the nearest one.
double quantile(std::vector<double> values, double share);
inline double median(std::vector<double> values) { return quantile(std::move(values), 0.5); }

struct Quartiles {
  double lower;
  double median;
  double upper;
};
Quartiles quartiles(const std::vector<double>& values);

}  // namespace exclusive_lock::bench
