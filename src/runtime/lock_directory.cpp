#include "exclusive_lock/lock_directory.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/key_codec.hpp"
#include "core/options_check.hpp"
#include "core/record_codec.hpp"
#include "runtime/inspection.hpp"

namespace exclusive_lock {
namespace {

void refuse(std::vector<Mistake> mistakes) {
  if (!mistakes.empty())
    throw ValidationError(std::move(mistakes));
}

void append(std::vector<Mistake>& mistakes, std::vector<Mistake> more) {
  std::move(more.begin(), more.end(), std::back_inserter(mistakes));
}

Owner owner_or_refuse(std::string_view text, std::vector<Mistake> mistakes) {
  const auto owner = parse_owner(text);
  if (!owner) {
    mistakes.push_back(
        {.field = "owner",
         .problem = "is not the owner of a lock",
         .allowed = "32 hex digits, '-', 16 hex digits, as acquire and inspect print it"});
  }
  refuse(std::move(mistakes));
  return *owner;
}

}  // namespace

LockDirectory::LockDirectory(std::shared_ptr<Connection> connection, std::string key_prefix)
    : connection_(std::move(connection)), key_prefix_(std::move(key_prefix)) {
  std::vector<Mistake> mistakes = mistakes_in_key_prefix(key_prefix_);
  if (!connection_) {
    mistakes.push_back(
        {.field = "connection", .problem = "is missing", .allowed = "what connect(url) returns"});
  }
  refuse(std::move(mistakes));
}

std::optional<LockRecord> LockDirectory::inspect(std::string_view app_name) const {
  refuse(mistakes_in_name(app_name));
  auto record = inspect_key(*connection_->engine(), record_key(key_prefix_, app_name));
  if (record)
    record->name = app_name;
  return record;
}

std::vector<LockRecord> LockDirectory::list(std::string_view pattern, std::size_t most) const {
  Engine& engine = *connection_->engine();
  const auto reply =
      reply_or_throw(ask<ListReply>(engine, [&](Instant deadline, Done<ListReply> done) {
        engine.store().list(key_prefix_ + ":", most, deadline, std::move(done));
      }));
  if (reply.truncated) {
    refuse(
        {{.field = "most",
          .problem = "is " + std::to_string(most) + ", but there are more locks than that",
          .allowed = "a larger number, or a key prefix of their own for the locks of interest"}});
  }
  const std::string shell_pattern(pattern);
  std::vector<LockRecord> records;
  for (const StoredRecord& stored : reply.records) {
    const auto name = name_of_key(key_prefix_, stored.key);
    LockRecord record = shown(stored);
    record.name = name ? *name : stored.key;
    if (::fnmatch(shell_pattern.c_str(), record.name.c_str(), 0) == 0)
      records.push_back(std::move(record));
  }
  std::sort(records.begin(), records.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return records;
}

RefreshOutcome LockDirectory::refresh(std::string_view app_name, std::string_view owner,
                                      OptionMilliseconds lock_ttl) {
  auto mistakes = mistakes_in_name(app_name);
  append(mistakes, mistakes_in_ttl(lock_ttl));
  const Owner holder = owner_or_refuse(owner, std::move(mistakes));
  Engine& engine = *connection_->engine();
  const auto answer = ask<RefreshReply>(engine, [&](Instant deadline, Done<RefreshReply> done) {
    engine.store().refresh(
        {{.key = record_key(key_prefix_, app_name), .owner = holder, .ttl = lock_ttl}}, deadline,
        std::move(done));
  });
  const auto* failure = std::get_if<StoreFailure>(&answer);
  if (failure != nullptr && failure->may_have_run)
    return RefreshOutcome::unknown;
  const auto reply = reply_or_throw(answer);
  const bool refreshed =
      !reply.verdicts.empty() && reply.verdicts.front() == RefreshVerdict::refreshed;
  return refreshed ? RefreshOutcome::refreshed : RefreshOutcome::lost;
}

ReleaseOutcome LockDirectory::release(std::string_view app_name, std::string_view owner) {
  const Owner holder = owner_or_refuse(owner, mistakes_in_name(app_name));
  Engine& engine = *connection_->engine();
  const auto answer = ask<ReleaseReply>(engine, [&](Instant deadline, Done<ReleaseReply> done) {
    engine.store().release({.key = record_key(key_prefix_, app_name), .owner = holder}, deadline,
                           std::move(done));
  });
  const auto* failure = std::get_if<StoreFailure>(&answer);
  if (failure != nullptr && failure->may_have_run)
    return ReleaseOutcome::unknown;
  const auto reply = reply_or_throw(answer);
  return reply.verdict == ReleaseVerdict::released ? ReleaseOutcome::released
                                                   : ReleaseOutcome::not_held;
}

bool LockDirectory::force_release(const LockRecord& seen) {
  Engine& engine = *connection_->engine();
  return reply_or_throw(ask<RemoveReply>(engine,
                                         [&](Instant deadline, Done<RemoveReply> done) {
                                           engine.store().remove(seen.key, seen.raw, deadline,
                                                                 std::move(done));
                                         }))
      .removed;
}

}  // namespace exclusive_lock
