#include "connect/credentials.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "os/descriptors.hpp"

namespace exclusive_lock {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view allowed_text = "one line: 'password' or 'user:password'";

std::string_view without_line_break(std::string_view text) {
  if (text.ends_with('\n')) {
    text.remove_suffix(1);
    if (text.ends_with('\r')) {
      text.remove_suffix(1);
    }
  }
  return text;
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7F;
}

std::optional<std::string> problem_with(std::string_view line) {
  if (line.size() > max_credentials_bytes) {
    return "holds more than " + std::to_string(max_credentials_bytes) + " bytes";
  }
  if (line.empty() || line == ":") {
    return "is empty";
  }
  if (std::any_of(line.begin(), line.end(), is_control)) {
    return "holds a line break or another control character";
  }
  return std::nullopt;
}

std::optional<Credentials> credentials_in(std::string_view text, std::string_view field,
                                          std::vector<Mistake>& mistakes) {
  const auto line = without_line_break(text);
  if (auto problem = problem_with(line)) {
    mistakes.push_back({std::string(field), std::move(*problem), std::string(allowed_text)});
    return std::nullopt;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) {
    return Credentials{"", std::string(line)};
  }
  return Credentials{std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))};
}

bool is_file_or_pipe(const Descriptor& file) {
  struct stat status {};
  return ::fstat(file.get(), &status) == 0 && (S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode));
}

// Reads up to `max_bytes` bytes. None: it failed, see errno.
std::optional<std::string> read(const Descriptor& file, std::size_t max_bytes) {
  std::string bytes(max_bytes, '\0');
  std::size_t size = 0;
  while (size < max_bytes) {
    const auto got = ::read(file.get(), bytes.data() + size, max_bytes - size);
    if (got == 0) {
      break;
    }
    if (got > 0) {
      size += static_cast<std::size_t>(got);
    } else if (errno != EINTR) {
      return std::nullopt;
    }
  }
  bytes.resize(size);
  return bytes;
}

std::string problem_from_errno() {
  return "cannot be read: " + std::generic_category().message(errno);
}

bool is_variable_name(std::string_view name) {
  return !name.empty() &&
         std::none_of(name.begin(), name.end(), [](char c) { return c == '=' || is_control(c); });
}

}  // namespace

std::optional<Credentials> credentials_in_file(const fs::path& file,
                                               std::vector<Mistake>& mistakes) {
  constexpr std::string_view field = "credentials_file";
  const auto refuse = [&](std::string problem) {
    mistakes.push_back({std::string(field), std::move(problem), "a readable file or pipe"});
    return std::nullopt;
  };
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!descriptor.is_open()) {
    return refuse(problem_from_errno());
  }
  if (!is_file_or_pipe(descriptor)) {
    return refuse("is neither a file nor a pipe");
  }
  constexpr std::size_t line_break_and_one_more = 3;  // one more, to detect that there is too much
  const auto text = read(descriptor, max_credentials_bytes + line_break_and_one_more);
  return text ? credentials_in(*text, field, mistakes) : refuse(problem_from_errno());
}

std::optional<Credentials> credentials_in_variable(const std::string& name,
                                                   const Environment& environment,
                                                   std::vector<Mistake>& mistakes) {
  constexpr std::string_view field = "credentials_variable";
  if (!is_variable_name(name)) {
    mistakes.push_back({std::string(field), "is not the name of a variable",
                        "the variable's name, not its value"});
    return std::nullopt;
  }
  const auto value = environment(name);
  if (!value) {
    // Does not show the name: it may be a password that was passed by mistake.
    mistakes.push_back({std::string(field), "names a variable that is not set",
                        "the name of a variable that holds " + std::string(allowed_text)});
    return std::nullopt;
  }
  return credentials_in(*value, field, mistakes);
}

}  // namespace exclusive_lock
