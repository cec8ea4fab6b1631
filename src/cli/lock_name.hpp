#pragma once
// Which lock is meant: the one of NAME, the one at the key that --key gives, or, with
// --original-key, the one that the original package keeps for NAME.

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
  std::string name;  // with --key, once it was settled: the key
  std::optional<std::string> key;
  bool has_original_key = false;
  bool is_given = false;  // set by settle()

  // The key where it is not the library's own for this name and prefix.
  [[nodiscard]] std::optional<std::string> special_key(const std::string& key_prefix) const;
  // For a lock of this name; the rest is as by default.
  [[nodiscard]] Options options(const std::string& key_prefix) const;
};

// NAME, --key and --original-key.
void add_lock_name(CLI::App& app, LockName& lock, const std::string& help);

// Once the arguments were read. Adds what is wrong with them: no name, or more than one.
void settle(LockName& lock, bool has_name, std::vector<Mistake>& mistakes);
// Where it is missing, or has not the form that acquire prints.
void append_mistakes_in_owner(const std::string& owner, std::vector<Mistake>& mistakes);

// LockDirectory's call, with the name as it was given.
std::optional<LockRecord> inspect(const LockDirectory& locks, const LockName& lock,
                                  const std::string& key_prefix);

// The same for what was last recorded as done.
std::optional<LastDone> last_done_of(const LockDirectory& locks, const LockName& lock,
                                     const std::string& key_prefix);

// Those of the library's options, but for a connection, which comes later.
void append_mistakes_in(const Options& options, std::vector<Mistake>& mistakes);

}  // namespace exclusive_lock::cli
