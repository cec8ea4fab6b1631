#include "stores/local/machine.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "exclusive_lock/error.hpp"
#include "stores/local/local_error.hpp"

namespace exclusive_lock {
namespace {

constexpr const char* boot_id_file = "/proc/sys/kernel/random/boot_id";
constexpr const char* clock_offsets_file = "/proc/self/timens_offsets";

// Empty if there is no such file, and only then: to take what could not be read for what is not
// there would be to guess the time.
std::string text_of(const char* path) {
  errno = 0;
  std::ifstream file(path);
  if (!file && errno != ENOENT) {
    throw_errno(errno, path, "cannot open it");
  }
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

Machine this_machine(const ClockSource& clock) {
  const auto boot = parse_boot_id(text_of(boot_id_file));
  if (!boot) {
    throw_local(errc::unsuitable_store, boot_id_file,
                "the kernel does not say which boot this is; is /proc mounted?");
  }
  return {.clock = &clock,
          .boot = *boot,
          .clock_ahead = parse_clock_ahead(text_of(clock_offsets_file)),
          .wall_us = [] { return wall_time().count(); }};
}

std::optional<BootId> parse_boot_id(std::string_view text) {
  constexpr std::size_t uuid_size = 36;
  if (text.ends_with('\n')) {
    text.remove_suffix(1);
  }
  if (text.size() != uuid_size) {
    return std::nullopt;
  }
  BootId boot{};
  std::size_t at = 0;
  for (std::uint8_t& byte : boot) {
    if (at == 8 || at == 13 || at == 18 || at == 23) {
      if (text[at++] != '-') {
        return std::nullopt;
      }
    }
    const char* const end = text.data() + at + 2;
    if (std::from_chars(text.data() + at, end, byte, 16).ptr != end) {
      return std::nullopt;
    }
    at += 2;
  }
  return boot;
}

std::string_view bytes_of(const BootId& boot) noexcept {
  return {reinterpret_cast<const char*>(boot.data()), boot.size()};
}

std::optional<BootId> boot_id_of(std::string_view bytes) noexcept {
  BootId boot{};
  if (bytes.size() != boot.size()) {
    return std::nullopt;
  }
  std::copy(bytes.begin(), bytes.end(), boot.begin());
  return boot;
}

std::chrono::nanoseconds parse_clock_ahead(std::string_view text) {
  std::istringstream lines{std::string(text)};
  std::string clock;
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  while (lines >> clock >> seconds >> nanoseconds) {
    if (clock == "boottime") {
      return std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanoseconds);
    }
  }
  return std::chrono::nanoseconds(0);
}

}  // namespace exclusive_lock
