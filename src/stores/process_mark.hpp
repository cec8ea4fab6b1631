#pragma once
// For stores/redis until it includes os/ itself.

#include "os/process.hpp"  // IWYU pragma: export
