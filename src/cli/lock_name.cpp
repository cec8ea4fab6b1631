#include "cli/lock_name.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace exclusive_lock::cli {

std::optional<std::string> LockName::special_key(const std::string& key_prefix) const {
  return has_original_key ? seed_key(name, key_prefix) : key;
}

Options LockName::options(const std::string& key_prefix) const {
  Options options;
  // A key may be longer than a name, and a missing name is reported by settle().
  options.app_name = key || !is_given ? "key" : name;
  options.key_prefix = key_prefix;
  options.key = special_key(key_prefix);
  return options;
}

void add_lock_name(CLI::App& app, LockName& lock, const std::string& help) {
  app.add_option("NAME", lock.name, help);
  app.add_option("--key", lock.key, "Instead of NAME: the store's key, used as it stands")
      ->type_name("KEY");
  app.add_flag(
      "--original-key", lock.has_original_key,
      "Use the key that the Node package exclusive-lock keeps for NAME; its first version: "
      "with --key-prefix lock-manager");
}

void settle(LockName& lock, bool has_name, std::vector<Mistake>& mistakes) {
  lock.is_given = has_name || lock.key.has_value();
  if (!lock.is_given) {
    mistakes.push_back({"NAME", "is required", ""});
  }
  if (has_name && lock.key) {
    mistakes.push_back({"--key", "replaces NAME, but NAME is given too", "one of them"});
  }
  if (lock.has_original_key && lock.key) {
    mistakes.push_back(
        {"--original-key", "makes a key from NAME, but --key gives one", "one of them"});
  }
  lock.name = lock.key.value_or(lock.name);
}

void append_mistakes_in_owner(const std::string& owner, std::vector<Mistake>& mistakes) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  const auto are_hex = [&](std::size_t begin, std::size_t size) {
    return std::ranges::all_of(owner.substr(std::min(begin, owner.size()), size), is_hex);
  };
  if (owner.empty()) {
    mistakes.push_back({"--owner", "is required", "what acquire printed"});
  } else if (owner.size() != 49 || !are_hex(0, 32) || owner[32] != '-' || !are_hex(33, 16)) {
    mistakes.push_back({"--owner", "is not the owner of a lock",
                        "32 hex digits, '-', 16 hex digits, as acquire and inspect print it"});
  }
}

std::optional<LockRecord> inspect(const LockDirectory& locks, const LockName& lock,
                                  const std::string& key_prefix) {
  const auto key = lock.special_key(key_prefix);
  auto record = key ? locks.inspect_key(*key) : locks.inspect(lock.name);
  if (record) {
    record->name = lock.name;
  }
  return record;
}

std::optional<LastDone> last_done_of(const LockDirectory& locks, const LockName& lock,
                                     const std::string& key_prefix) {
  const auto key = lock.special_key(key_prefix);
  return key ? locks.last_done_of(*key) : locks.last_done(lock.name);
}

void append_mistakes_in(const Options& options, std::vector<Mistake>& mistakes) {
  for (Mistake& mistake : mistakes_in(options)) {
    if (mistake.field != "cache_connection") {
      mistakes.push_back(std::move(mistake));
    }
  }
}

}  // namespace exclusive_lock::cli
