// The original package's spelling of a key, for fleets that are moved over worker by worker.
//
// There it is JavaScript's `replace(/[\s\W]+/g, '-')`: every run of what is not [A-Za-z0-9_]
// becomes one '-'. JavaScript counts UTF-16 units and we count bytes, but neither a unit nor a byte
// outside of ASCII is in that set, so the runs are the same.

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
