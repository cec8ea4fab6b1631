#include "exclusive_lock/lock_directory.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "core/done_mark.hpp"
#include "core/key_codec.hpp"
#include "core/options_check.hpp"
#include "core/record_codec.hpp"
#include "core/utf8.hpp"
#include "runtime/inspection.hpp"

namespace exclusive_lock {
namespace {

void refuse_truncated(bool is_truncated, std::size_t most) {
  if (is_truncated) {
    refuse(
        {{.field = "most",
          .problem = "is " + std::to_string(most) + ", but there are more locks than that",
          .allowed = "a larger number, or a key prefix of their own for the locks of interest"}});
  }
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

// Of a text: its code points, where it is no UTF-8 its bytes, none of which is a code point.
std::u32string characters_of(std::string_view text) {
  std::u32string characters;
  while (!text.empty()) {
    const auto found = first_code_point(text);
    const char32_t no_character = 0x110000U + static_cast<unsigned char>(text.front());
    characters += found ? found->value : no_character;
    text.remove_prefix(found ? found->size : 1);
  }
  return characters;
}

// A pattern as of the shell. Not fnmatch(3): it knows characters by the program's locale only, and
// then tries bytes as well.
class Pattern {
 public:
  explicit Pattern(std::string_view text) : pattern_(characters_of(text)) {}

  // Goes back to the last '*' only, so that the time is bounded by the product of both lengths.
  [[nodiscard]] bool fits(std::string_view name) const {
    const std::u32string text = characters_of(name);
    std::size_t at = 0;
    std::size_t in_text = 0;
    std::optional<std::size_t> star;
    std::size_t star_in_text = 0;
    while (in_text < text.size()) {
      if (at < pattern_.size() && pattern_[at] == U'*') {
        star = ++at;
        star_in_text = in_text;
      } else if (const std::size_t size = fitting(at, text[in_text])) {
        at += size;
        ++in_text;
      } else if (star) {
        at = *star;
        in_text = ++star_in_text;
      } else {
        return false;
      }
    }
    return std::all_of(pattern_.begin() + static_cast<std::ptrdiff_t>(at), pattern_.end(),
                       [](char32_t c) { return c == U'*'; });
  }

 private:
  // How much of the pattern stands for that character; 0: it does not.
  [[nodiscard]] std::size_t fitting(std::size_t at, char32_t c) const {
    if (at >= pattern_.size()) {
      return 0;
    }
    if (pattern_[at] == U'[') {
      if (const auto end = end_of_set(at)) {
        return is_in_set(at, *end, c) ? *end + 1 - at : 0;
      }
    }
    if (pattern_[at] == U'\\' && at + 1 < pattern_.size()) {
      return pattern_[at + 1] == c ? 2 : 0;
    }
    return pattern_[at] == U'?' || pattern_[at] == c ? 1 : 0;
  }

  [[nodiscard]] bool is_negated(std::size_t at) const {
    return at + 1 < pattern_.size() && (pattern_[at + 1] == U'!' || pattern_[at + 1] == U'^');
  }
  // Where its ']' is; none: the '[' stands for itself. A ']' that comes first is in the set.
  [[nodiscard]] std::optional<std::size_t> end_of_set(std::size_t at) const {
    const auto end = pattern_.find(U']', at + (is_negated(at) ? 3 : 2));
    return end == std::u32string::npos ? std::nullopt : std::optional(end);
  }
  [[nodiscard]] bool is_in_set(std::size_t at, std::size_t end, char32_t c) const {
    bool is_in = false;
    for (std::size_t i = at + (is_negated(at) ? 2 : 1); i < end; ++i) {
      if (i + 2 < end && pattern_[i + 1] == U'-') {
        is_in = is_in || (pattern_[i] <= c && c <= pattern_[i + 2]);
        i += 2;
      } else {
        is_in = is_in || pattern_[i] == c;
      }
    }
    return is_in != is_negated(at);
  }

  std::u32string pattern_;
};

RefreshOutcome refresh_record(Engine& engine, std::vector<Mistake> mistakes, const std::string& key,
                              std::string_view owner, OptionMilliseconds lock_ttl) {
  append(mistakes, mistakes_in_ttl(lock_ttl));
  const Owner holder = owner_or_refuse(owner, std::move(mistakes));
  const auto answer = ask<RefreshReply>(engine, [&](Instant deadline, Done<RefreshReply> done) {
    engine.store().refresh({{.key = key, .owner = holder, .ttl = lock_ttl}}, deadline,
                           std::move(done));
  });
  const auto* failure = std::get_if<StoreFailure>(&answer);
  if (failure != nullptr && failure->may_have_run)
    return RefreshOutcome::unknown;
  const auto reply = reply_or_throw(answer);
  const bool refreshed =
      !reply.verdicts.empty() && reply.verdicts.front() == RefreshReplyStatus::refreshed;
  return refreshed ? RefreshOutcome::refreshed : RefreshOutcome::lost;
}

ReleaseOutcome release_record(Engine& engine, std::vector<Mistake> mistakes, const std::string& key,
                              std::string_view owner) {
  const Owner holder = owner_or_refuse(owner, std::move(mistakes));
  const auto answer = ask<ReleaseReply>(engine, [&](Instant deadline, Done<ReleaseReply> done) {
    engine.store().release({.key = key, .owner = holder}, deadline, std::move(done));
  });
  const auto* failure = std::get_if<StoreFailure>(&answer);
  if (failure != nullptr && failure->may_have_run)
    return ReleaseOutcome::unknown;
  const auto reply = reply_or_throw(answer);
  return reply.verdict == ReleaseReplyStatus::released ? ReleaseOutcome::released
                                                       : ReleaseOutcome::not_held;
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
  auto record =
      exclusive_lock::inspect_key(*connection_->engine(), record_key(key_prefix_, app_name));
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
  refuse_truncated(reply.truncated, most);
  const Pattern shell_pattern(pattern);
  std::vector<LockRecord> records;
  for (const StoredRecord& stored : reply.records) {
    const auto name = name_of_key(key_prefix_, stored.key);
    LockRecord record = shown(stored);
    record.name = name ? *name : stored.key;
    if (shell_pattern.fits(record.name))
      records.push_back(std::move(record));
  }
  std::sort(records.begin(), records.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return records;
}

std::optional<LockRecord> LockDirectory::inspect_key(std::string_view key) const {
  refuse(mistakes_in_key(key));
  auto record = exclusive_lock::inspect_key(*connection_->engine(), std::string(key));
  if (record)
    record->name = name_of_key(key_prefix_, key).value_or(std::string(key));
  return record;
}

RefreshOutcome LockDirectory::refresh(std::string_view app_name, std::string_view owner,
                                      OptionMilliseconds lock_ttl) {
  return refresh_record(*connection_->engine(), mistakes_in_name(app_name),
                        record_key(key_prefix_, app_name), owner, lock_ttl);
}

RefreshOutcome LockDirectory::refresh_key(std::string_view key, std::string_view owner,
                                          OptionMilliseconds lock_ttl) {
  return refresh_record(*connection_->engine(), mistakes_in_key(key), std::string(key), owner,
                        lock_ttl);
}

ReleaseOutcome LockDirectory::release(std::string_view app_name, std::string_view owner) {
  return release_record(*connection_->engine(), mistakes_in_name(app_name),
                        record_key(key_prefix_, app_name), owner);
}

ReleaseOutcome LockDirectory::release_key(std::string_view key, std::string_view owner) {
  return release_record(*connection_->engine(), mistakes_in_key(key), std::string(key), owner);
}

std::optional<LastDone> LockDirectory::last_done(std::string_view app_name) const {
  refuse(mistakes_in_name(app_name));
  auto done = last_done_of_key(*connection_->engine(), record_key(key_prefix_, app_name));
  if (done)
    done->name = app_name;
  return done;
}

std::optional<LastDone> LockDirectory::last_done_of(std::string_view key) const {
  refuse(mistakes_in_key(key));
  auto done = last_done_of_key(*connection_->engine(), std::string(key));
  if (done)
    done->name = name_of_key(key_prefix_, key).value_or(std::string(key));
  return done;
}

std::vector<LastDone> LockDirectory::list_done(std::string_view pattern, std::size_t most) const {
  Engine& engine = *connection_->engine();
  const auto reply =
      reply_or_throw(ask<ListMarksReply>(engine, [&](Instant deadline, Done<ListMarksReply> done) {
        engine.store().list_marks(key_prefix_ + ":", most, deadline, std::move(done));
      }));
  refuse_truncated(reply.truncated, most);
  const Pattern shell_pattern(pattern);
  std::vector<LastDone> all;
  for (const StoredMark& mark : reply.marks) {
    auto done = decode_done_mark(mark);
    if (done) {
      done->name = name_of_key(key_prefix_, mark.key).value_or(mark.key);
      if (shell_pattern.fits(done->name))
        all.push_back(std::move(*done));
    }
  }
  std::ranges::sort(all, {}, &LastDone::name);
  return all;
}

bool LockDirectory::forget(std::string_view app_name) {
  refuse(mistakes_in_name(app_name));
  return forget_key(record_key(key_prefix_, app_name));
}

bool LockDirectory::forget_key(std::string_view key) {
  refuse(mistakes_in_key(key));
  Engine& engine = *connection_->engine();
  return reply_or_throw(ask<ForgetReply>(engine,
                                         [&](Instant deadline, Done<ForgetReply> done) {
                                           engine.store().forget(std::string(key), deadline,
                                                                 std::move(done));
                                         }))
      .forgotten;
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
