#pragma once
// A measurement as JSON: in the file that a run writes, and on its way from the process that
// measured it. What is not a number is null.

#include <boost/json/fwd.hpp>

#include "measurement.hpp"

namespace exclusive_lock::bench {

boost::json::object to_json(const Measurement& measurement);
// Throws where it is not what to_json() makes.
Measurement from_json(const boost::json::value& value);

}  // namespace exclusive_lock::bench
