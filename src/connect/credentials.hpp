#pragma once
// Reads user name and password from a file or an environment variable, as an alternative to the
// URL.
//
// Both contain "password" or "user:password". The first ':' separates the two, so a password that
// contains one is written ":pass:word". One line break at the end is removed. A mistake never
// contains the text that was read (G11).

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exclusive_lock/error.hpp"

namespace exclusive_lock {

inline constexpr std::size_t max_credentials_bytes = 4096;

struct Credentials {
  std::string username{};  // empty: the server's default user
  std::string password{};
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

// The value of a variable. None: it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// If there are no valid credentials, these return none and add a mistake for the field
// `credentials_file` or `credentials_variable`. Only regular files and pipes are read.
std::optional<Credentials> credentials_in_file(const std::filesystem::path& file,
                                               std::vector<Mistake>& mistakes);
std::optional<Credentials> credentials_in_variable(const std::string& name,
                                                   const Environment& environment,
                                                   std::vector<Mistake>& mistakes);

}  // namespace exclusive_lock
