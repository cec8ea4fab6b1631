#pragma once
// Which lock a subcommand works on: the lock NAME, the lock at the key that --key gives, or, with
// --original-key, the lock that the original package keeps for NAME.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exclusive_lock/error.hpp"
#include "exclusive_lock/lock_directory.hpp"
#include "exclusive_lock/options.hpp"

namespace CLI {
class App;
}

namespace exclusive_lock::cli {

struct LockName {
  std::string name;  // after settle(), with --key: the key
  std::optional<std::string> key;
  bool has_original_key = false;
  bool is_given = false;  // set by settle()

  // The key, if it differs from the library's key for this name and prefix.
  [[nodiscard]] std::optional<std::string> special_key(const std::string& key_prefix) const;
  // The library's options for this lock; the rest are defaults.
  [[nodiscard]] Options options(const std::string& key_prefix) const;
};

// Adds NAME, --key and --original-key.
void add_lock_name(CLI::App& app, LockName& lock, const std::string& help);

// Call it once the arguments were read. Adds a mistake if there is no name, or more than one.
void settle(LockName& lock, bool has_name, std::vector<Mistake>& mistakes);
// Adds a mistake if the owner is missing, or does not have the form that acquire prints.
void append_mistakes_in_owner(const std::string& owner, std::vector<Mistake>& mistakes);

// LockDirectory::inspect() or inspect_key(); the record has the name as it was given.
std::optional<LockRecord> inspect(const LockDirectory& locks, const LockName& lock,
                                  const std::string& key_prefix);

// The same for the last recorded run.
std::optional<LastDone> last_done_of(const LockDirectory& locks, const LockName& lock,
                                     const std::string& key_prefix);

// Adds the mistakes in the library's options, except a missing connection: it is opened later.
void append_mistakes_in(const Options& options, std::vector<Mistake>& mistakes);

}  // namespace exclusive_lock::cli
