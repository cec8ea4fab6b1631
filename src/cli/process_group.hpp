#pragma once
// Who is in a process group.

#include <sys/types.h>

namespace exclusive_lock::cli {

// Whether anybody in `group` but its leader is alive; zombies are not. Read from /proc: no system
// call tells it while the leader is an unreaped zombie, which it must be so that its number stays
// its own. True where /proc cannot be read.
bool has_living_followers(pid_t group);

}  // namespace exclusive_lock::cli
