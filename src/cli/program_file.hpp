#pragma once
// The file of a program, before it is started.

#include <optional>
#include <string>
#include <string_view>

namespace exclusive_lock::cli {

// A warning where the program will run as another user, so that this process may send it no signal
// (kill(2)): it is set-user-ID of another user, and this process is not root. `name` as execvp(3)
// takes it, `path` as PATH holds it.
std::optional<std::string> warning_about_user_of(const std::string& name, std::string_view path);

}  // namespace exclusive_lock::cli
