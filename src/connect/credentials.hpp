#pragma once
// User name and password from a file or an environment variable, so that they need not stand in a
// URL.
//
// Either holds "password" or "user:password"; the first ':' parts them, so a password that holds
// one is written ":pass:word". One last line break is dropped. What is read is never part of a
// mistake (G11).

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exclusive_lock/error.hpp"

namespace exclusive_lock {

inline constexpr std::size_t most_credentials_bytes = 4096;

struct Credentials {
  std::string username{};  // empty: the server's default user
  std::string password{};
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

// The value of a variable, none where it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// None, and a mistake of the field `credentials_file` or `credentials_variable` added, where there
// are none to be had. Nothing but regular files and pipes is read.
std::optional<Credentials> credentials_in_file(const std::filesystem::path& file,
                                               std::vector<Mistake>& mistakes);
std::optional<Credentials> credentials_in_variable(const std::string& name,
                                                   const Environment& environment,
                                                   std::vector<Mistake>& mistakes);

}  // namespace exclusive_lock
