#pragma once
// For stores/redis until it includes os/ itself.

#include "os/quiet_thread.hpp"  // IWYU pragma: export
