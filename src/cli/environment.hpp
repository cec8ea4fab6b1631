#pragma once
// What the command reads from its environment, and what of it its child gets to see.
//
//   EXCLUSIVE_LOCK_STORE             the store URL where --store is not given
//   EXCLUSIVE_LOCK_CREDENTIALS       "password" or "user:password" for the store
//   EXCLUSIVE_LOCK_CREDENTIALS_FILE  as --credentials-file }  of the store in EXCLUSIVE_LOCK_STORE:
//   EXCLUSIVE_LOCK_CA_FILE           as --ca-file          }  without effect where --store is given
//   EXCLUSIVE_LOCK_KEY_PREFIX        as --key-prefix       }
//   EXCLUSIVE_LOCK_OWNERS            the holds of enclosing runs: no wait for one of them is
//   allowed NO_COLOR                         set and not empty: no colour (no-color.org)
//
// A child gets all variables but the password: EXCLUSIVE_LOCK_CREDENTIALS is left out, and the
// facts of the store and of the hold are added, so that the child asks the same store.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exclusive_lock::cli {

inline constexpr const char* store_variable = "EXCLUSIVE_LOCK_STORE";
inline constexpr const char* credentials_variable = "EXCLUSIVE_LOCK_CREDENTIALS";
// The owners of all holds that this process runs under, with blanks in between.
inline constexpr const char* owners_variable = "EXCLUSIVE_LOCK_OWNERS";
inline constexpr const char* credentials_file_variable = "EXCLUSIVE_LOCK_CREDENTIALS_FILE";
inline constexpr const char* ca_file_variable = "EXCLUSIVE_LOCK_CA_FILE";
inline constexpr const char* key_prefix_variable = "EXCLUSIVE_LOCK_KEY_PREFIX";

struct Variable {
  std::string name;
  std::string value;
};

// By the user database; "user 1000" where it has no name for this process's user.
std::string user_name();
// What started this process; empty: not known.
std::string parent_program();

class Environment {
 public:
  // Copies what is there, and overwrites the user information in EXCLUSIVE_LOCK_STORE in place:
  // this process's environment can be read through /proc by its user. `variables` is main()'s, and
  // outlives this object.
  explicit Environment(char** variables);

  [[nodiscard]] const std::optional<std::string>& store_url() const { return store_url_; }
  [[nodiscard]] bool has_credentials() const;
  [[nodiscard]] bool forbids_colour() const;
  [[nodiscard]] bool has(std::string_view name, std::string_view value) const;
  [[nodiscard]] std::optional<std::string_view> value_of(std::string_view name) const;
  // Whether this process was started, directly or not, by a `run` that holds a lock as `owner`.
  [[nodiscard]] bool runs_under(std::string_view owner) const;
  // The value of owners_variable for a child that runs under one more.
  [[nodiscard]] std::string owners_with(const std::string& owner) const;
  // Of all variables, as "NAME=value".
  [[nodiscard]] const std::vector<std::string>& entries() const { return entries_; }

  // Moves EXCLUSIVE_LOCK_CREDENTIALS to where getenv(3) finds it and /proc/PID/environ, also that
  // of a forked process, does not show it. To be called before there are other threads.
  void hide_credentials();

  // "NAME=value" of everything that a child gets: `facts` replace variables of the same name.
  [[nodiscard]] std::vector<std::string> for_child(const std::vector<Variable>& facts) const;

  // What is wrong with a variable that is nearly, but not quite, one of ours: a setting that would
  // be without effect in silence. Others that begin with EXCLUSIVE_LOCK_ are nobody's business.
  [[nodiscard]] std::optional<std::string> misspelt() const;

 private:
  char** variables_;
  std::vector<std::string> entries_;  // with EXCLUSIVE_LOCK_STORE as it was, password and all
  std::optional<std::string> store_url_;
};

}  // namespace exclusive_lock::cli
