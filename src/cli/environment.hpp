#pragma once
// The environment variables that the command reads and those that its child gets.
//
//   EXCLUSIVE_LOCK_STORE             the store URL, if --store is not given
//   EXCLUSIVE_LOCK_CREDENTIALS       "password" or "user:password" for the store
//   EXCLUSIVE_LOCK_CREDENTIALS_FILE  as --credentials-file }  of the store in EXCLUSIVE_LOCK_STORE:
//   EXCLUSIVE_LOCK_CA_FILE           as --ca-file          }  no effect with --store
//   EXCLUSIVE_LOCK_KEY_PREFIX        as --key-prefix       }
//   EXCLUSIVE_LOCK_OWNERS            the holds of enclosing runs; waiting for one is refused
//   NO_COLOR                         set and not empty: no colour (no-color.org)
//
// A child gets all variables except EXCLUSIVE_LOCK_CREDENTIALS, and the facts of the store and of
// the hold, so that the child uses the same store.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exclusive_lock::cli {

inline constexpr const char* store_variable = "EXCLUSIVE_LOCK_STORE";
inline constexpr const char* credentials_variable = "EXCLUSIVE_LOCK_CREDENTIALS";
// The owners of all holds that this process runs under, separated by blanks.
inline constexpr const char* owners_variable = "EXCLUSIVE_LOCK_OWNERS";
inline constexpr const char* credentials_file_variable = "EXCLUSIVE_LOCK_CREDENTIALS_FILE";
inline constexpr const char* ca_file_variable = "EXCLUSIVE_LOCK_CA_FILE";
inline constexpr const char* key_prefix_variable = "EXCLUSIVE_LOCK_KEY_PREFIX";

struct Variable {
  std::string name;
  std::string value;
};

// The name in the user database; "user 1000" if the user has none.
std::string user_name();
// The program that started this process; empty: not known.
std::string parent_program();

class Environment {
 public:
  // Copies the variables, and overwrites the user information in EXCLUSIVE_LOCK_STORE in place: the
  // user's other processes can read this process's environment through /proc. `variables` is
  // main()'s, and must outlive this object.
  explicit Environment(char** variables);

  [[nodiscard]] const std::optional<std::string>& store_url() const { return store_url_; }
  [[nodiscard]] bool has_credentials() const;
  [[nodiscard]] bool forbids_colour() const;
  [[nodiscard]] bool has(std::string_view name, std::string_view value) const;
  [[nodiscard]] std::optional<std::string_view> value_of(std::string_view name) const;
  // Whether a `run` that holds a lock as `owner` started this process, directly or not.
  [[nodiscard]] bool runs_under(std::string_view owner) const;
  // The value of owners_variable for a child that also runs under `owner`.
  [[nodiscard]] std::string owners_with(const std::string& owner) const;
  // All variables, as "NAME=value".
  [[nodiscard]] const std::vector<std::string>& entries() const { return entries_; }

  // Moves EXCLUSIVE_LOCK_CREDENTIALS to memory that getenv(3) finds and that /proc/PID/environ does
  // not show, not even that of a forked process. Call it while there is one thread.
  void hide_credentials();

  // All variables of a child, as "NAME=value". `facts` replace variables of the same name.
  [[nodiscard]] std::vector<std::string> for_child(const std::vector<Variable>& facts) const;

  // A message about a variable whose name is almost one that the command reads: without it, the
  // setting would be ignored silently. Other variables that begin with EXCLUSIVE_LOCK_ are allowed.
  [[nodiscard]] std::optional<std::string> misspelt() const;

 private:
  char** variables_;
  std::vector<std::string> entries_;  // EXCLUSIVE_LOCK_STORE is the original, with its password
  std::optional<std::string> store_url_;
};

}  // namespace exclusive_lock::cli
