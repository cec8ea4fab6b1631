#pragma once
// Checks the file of a program before it is started.

#include <optional>
#include <string>
#include <string_view>

namespace exclusive_lock::cli {

// A warning if the program will run as another user, so that this process may not signal it
// (kill(2)): its file is set-user-ID of another user, and this process is not root. `name` is as
// for execvp(3), `path` is the value of PATH.
std::optional<std::string> warning_about_user_of(const std::string& name, std::string_view path);

}  // namespace exclusive_lock::cli
