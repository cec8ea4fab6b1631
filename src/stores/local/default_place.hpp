#pragma once
// The one default place of a user: the same for a login shell, a cron job, a service and sudo.
//
// It follows from the effective user id and the password database alone, never from environment
// variables: processes that differ in XDG_RUNTIME_DIR, HOME or TMPDIR would otherwise use different
// stores, and all of them would hold the lock. It is no directory that a logout (/run/user/UID), an
// age-based cleaner (/tmp, /var/tmp) or PrivateTmp= takes away or replaces. Where it cannot be
// used, that is an error with its reason, never another place.
//
//   root     /var/lib/exclusive-lock               (private only if root made it so)
//   others   HOME/.local/state/exclusive-lock      (must be theirs alone)

#include <grp.h>
#include <sys/types.h>

#include <optional>
#include <string>

#include "stores/local/directory.hpp"

namespace exclusive_lock {

struct UserAccount {
  uid_t id = 0;
  std::string name;
  std::string home;
  // The primary group, where it is this user's own: directories that it may write are as good as
  // private.
  std::optional<gid_t> own_group{};
};

// Whether the group is named after the user and has no other members. Pure.
bool is_own_group(const struct group& group, const std::string& user_name);

// Throws LocalError where the user is not in the password database, or that cannot be read.
UserAccount account_of(uid_t user);

// Throws LocalError where the home directory is missing, "/", or another user's: system users have
// such.
StorePlace default_place(const UserAccount& account);

}  // namespace exclusive_lock
