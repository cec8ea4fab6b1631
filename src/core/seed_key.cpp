// The key of the original package, so that a fleet can move over worker by worker.
//
// The original uses JavaScript's `replace(/[\s\W]+/g, '-')`: every run of characters other than
// [A-Za-z0-9_] becomes one '-'. JavaScript works on UTF-16 units and this function on bytes. No
// unit or byte outside of ASCII is in that set, so the runs are the same.

#include <string>
#include <string_view>

#include "exclusive_lock/options.hpp"

namespace exclusive_lock {
namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string slug(std::string_view text) {
  std::string out;
  bool is_in_run = false;
  for (const char c : text) {
    if (is_word(c)) {
      out += c;
    } else if (!is_in_run) {
      out += '-';
    }
    is_in_run = !is_word(c);
  }
  return out;
}

}  // namespace

std::string seed_key(std::string_view app_name, std::string_view key_prefix) {
  return slug(key_prefix) + ":" + slug(app_name);
}

}  // namespace exclusive_lock
