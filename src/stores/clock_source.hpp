#pragma once
// For stores/redis until it includes os/ itself.

#include "os/clock.hpp"  // IWYU pragma: export
