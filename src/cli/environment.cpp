#include "cli/environment.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "cli/secrets.hpp"
#include "cli/suggestion.hpp"
#include "exclusive_lock/printable.hpp"

namespace exclusive_lock::cli {
namespace {

bool is_named(std::string_view entry, std::string_view name) {
  return entry.size() > name.size() && entry.substr(0, name.size()) == name &&
         entry[name.size()] == '=';
}

std::string_view name_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

}  // namespace

std::string user_name() {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> texts{};
  ::getpwuid_r(::getuid(), &entry, texts.data(), texts.size(), &found);
  return found != nullptr ? found->pw_name : "user " + std::to_string(::getuid());
}

std::string parent_program() {
  std::string name;
  std::getline(std::ifstream("/proc/" + std::to_string(::getppid()) + "/comm"), name);
  return name;
}

Environment::Environment(char** variables) : variables_(variables) {
  for (char** entry = variables; *entry != nullptr; ++entry) {
    entries_.emplace_back(*entry);
    if (is_named(*entry, store_variable)) {
      store_url_ = entries_.back().substr(std::strlen(store_variable) + 1);
      scrub_url(*entry);
    }
  }
}

std::optional<std::string_view> Environment::value_of(std::string_view name) const {
  for (const std::string& entry : entries_) {
    if (is_named(entry, name)) {
      return std::string_view(entry).substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

bool Environment::has_credentials() const { return value_of(credentials_variable).has_value(); }

bool Environment::forbids_colour() const { return !value_of("NO_COLOR").value_or("").empty(); }

bool Environment::has(std::string_view name, std::string_view value) const {
  return value_of(name) == value;
}

bool Environment::runs_under(std::string_view owner) const {
  std::istringstream owners(std::string(value_of(owners_variable).value_or("")));
  return std::find(std::istream_iterator<std::string>(owners), {}, owner) !=
         std::istream_iterator<std::string>();
}

std::string Environment::owners_with(const std::string& owner) const {
  const std::string enclosing(value_of(owners_variable).value_or(""));
  return enclosing.empty() ? owner : enclosing + " " + owner;
}

void Environment::hide_credentials() {
  for (char** entry = variables_; *entry != nullptr; ++entry) {
    if (is_named(*entry, credentials_variable)) {
      char* const value = *entry + std::strlen(credentials_variable) + 1;
      std::fill(value, value + std::strlen(value), '*');
    }
  }
  if (const auto value = value_of(credentials_variable)) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe)
    ::setenv(credentials_variable, std::string(*value).c_str(), 1);
  }
}

std::vector<std::string> Environment::for_child(const std::vector<Variable>& facts) const {
  std::vector<std::string> result;
  for (const std::string& entry : entries_) {
    const bool replaced = std::any_of(facts.begin(), facts.end(), [&](const Variable& fact) {
      return is_named(entry, fact.name);
    });
    if (replaced || is_named(entry, credentials_variable)) {
      continue;
    }
    result.push_back(is_named(entry, store_variable) ? without_credentials(entry) : entry);
  }
  for (const Variable& fact : facts) {
    result.push_back(fact.name + "=" + fact.value);
  }
  return result;
}

std::optional<std::string> Environment::misspelt() const {
  constexpr std::string_view prefix = "EXCLUSIVE_LOCK_";
  constexpr std::array read{store_variable, credentials_variable, credentials_file_variable,
                            ca_file_variable, key_prefix_variable};
  const std::vector<std::string> known{
      store_variable,         credentials_variable,          credentials_file_variable,
      ca_file_variable,       key_prefix_variable,           "EXCLUSIVE_LOCK_NAME",
      "EXCLUSIVE_LOCK_KEY",   "EXCLUSIVE_LOCK_OWNER",        owners_variable,
      "EXCLUSIVE_LOCK_FENCE", "EXCLUSIVE_LOCK_SAFE_UNTIL_MS"};
  for (const std::string& entry : entries_) {
    const std::string_view name = name_of(entry);
    if (name.substr(0, prefix.size()) != prefix ||
        std::find(known.begin(), known.end(), name) != known.end()) {
      continue;
    }
    for (const char* meant : read) {
      if (edit_distance(name, meant) <= 2) {
        return "has " + printable(name, 64) + ", which means nothing here; did you mean " + meant +
               "?";
      }
    }
  }
  return std::nullopt;
}

}  // namespace exclusive_lock::cli
