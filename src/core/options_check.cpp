#include "core/options_check.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "core/key_codec.hpp"
#include "core/utf8.hpp"

namespace exclusive_lock {
namespace {

using Mistakes = std::vector<Mistake>;

std::string text_of(Milliseconds time) { return std::to_string(time.count()) + " ms"; }

std::string up_to(std::size_t max, std::string_view what) {
  return "1 to " + std::to_string(max) + " " + std::string(what);
}

std::string size_problem(std::size_t size) {
  return size == 0 ? "is empty" : "has " + std::to_string(size) + " bytes";
}

bool is_size(std::size_t size, std::size_t max) { return size >= 1 && size <= max; }

bool stays_in_prefix(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.' || c == ':';
}

void append(Mistakes& mistakes, Mistakes more) {
  mistakes.insert(mistakes.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
}

// The maximum of lock_refresh. lock_ttl is within its range, so this cannot overflow.
Milliseconds max_refresh(const Options& options) {
  return options.allow_short_ttl ? options.lock_ttl * 2 / 3 : options.lock_ttl - refresh_reserve;
}

std::string refresh_rule(const Options& options) {
  const auto range = text_of(min_refresh) + " to " + text_of(max_refresh(options));
  return options.allow_short_ttl
             ? range + ", two thirds of lock_ttl"
             : range + ", 500 ms below lock_ttl (allow_short_ttl, for tests, lifts that)";
}

Mistakes mistakes_in_times(const Options& options) {
  Mistakes mistakes = mistakes_in_ttl(options.lock_ttl);
  bool is_ttl_good = mistakes.empty();
  if (is_ttl_good && max_refresh(options) < min_refresh) {
    mistakes.push_back({"lock_ttl", "is " + text_of(options.lock_ttl),
                        text_of(refresh_reserve + min_refresh) +
                            " to 7 days (allow_short_ttl, for tests, lowers that to 100 ms)"});
    is_ttl_good = false;
  }
  // The range of lock_refresh depends on lock_ttl. If lock_ttl is wrong, report only a value that
  // no lock_ttl allows.
  const auto max = is_ttl_good ? max_refresh(options) : max_ttl - refresh_reserve;
  if (options.lock_refresh < min_refresh || options.lock_refresh > max) {
    mistakes.push_back(
        {"lock_refresh", "is " + text_of(options.lock_refresh),
         is_ttl_good ? refresh_rule(options) : text_of(min_refresh) + " to " + text_of(max)});
  }
  return mistakes;
}

Mistakes mistakes_in_contents(const Options& options) {
  if (!is_size(options.contents_cap, max_contents_cap)) {
    const auto cap = std::to_string(options.contents_cap);
    return {{"contents_cap", "is " + cap, up_to(max_contents_cap, "bytes")}};
  }
  const std::size_t size = options.lock_contents.text().size();
  if (size > options.contents_cap) {
    return {{"lock_contents", "has " + std::to_string(size) + " bytes of JSON text",
             up_to(options.contents_cap, "bytes (contents_cap)")}};
  }
  return {};
}

Mistakes mistakes_in_label(const std::string& label) {
  constexpr std::string_view allowed = "up to 256 bytes of UTF-8";
  if (label.size() > max_label_bytes) {
    return {{"label", size_problem(label.size()), std::string(allowed)}};
  }
  if (const auto position = first_non_utf8(label)) {
    return {{"label", "is not UTF-8 at byte " + std::to_string(*position), std::string(allowed)}};
  }
  return {};
}

void append_if_too_long(Mistakes& mistakes, std::string_view field, std::size_t size,
                        std::size_t max) {
  if (size > max) {
    mistakes.push_back(
        {std::string(field), size_problem(size), "up to " + std::to_string(max) + " bytes"});
  }
}

}  // namespace

std::vector<Mistake> mistakes_in_key(std::string_view key) {
  if (!is_size(key.size(), max_key_bytes)) {
    return {{"key", size_problem(key.size()), up_to(max_key_bytes, "bytes")}};
  }
  if (is_side_key(key)) {
    return {{"key", "could be a side key, in which another lock keeps its fences or waiters",
             "keys that do not end in :fence, :queue, :waiters or :done behind a {tag}"}};
  }
  if (!fence_key(key)) {
    return {
        {"key", "has braces with which no side key for its fences can be in its cluster slot",
         "no '}', or a tag in braces that is neither empty nor the whole key: 'job', 'job{a}'"}};
  }
  return {};
}

std::vector<Mistake> mistakes_in_name(std::string_view app_name) {
  if (!is_size(app_name.size(), max_name_bytes)) {
    return {{"app_name", size_problem(app_name.size()), up_to(max_name_bytes, "bytes")}};
  }
  return {};
}

std::vector<Mistake> mistakes_in_key_prefix(std::string_view key_prefix) {
  const auto allowed = up_to(max_key_prefix_bytes, "bytes of [A-Za-z0-9_.:-]");
  if (!is_size(key_prefix.size(), max_key_prefix_bytes)) {
    return {{"key_prefix", size_problem(key_prefix.size()), allowed}};
  }
  const auto wrong = std::find_if_not(key_prefix.begin(), key_prefix.end(), stays_in_prefix);
  if (wrong != key_prefix.end()) {
    const auto position = std::to_string(wrong - key_prefix.begin());
    return {{"key_prefix", "has another character at byte " + position, allowed}};
  }
  return {};
}

std::vector<Mistake> mistakes_in_ttl(Milliseconds lock_ttl) {
  if (lock_ttl < min_ttl || lock_ttl > max_ttl) {
    return {{"lock_ttl", "is " + text_of(lock_ttl), "100 ms to 7 days"}};
  }
  return {};
}

std::vector<Mistake> mistakes_in_period(Milliseconds period, std::string_view field) {
  if (period < Milliseconds(1) || period > max_period) {
    return {{std::string(field), "is " + text_of(period), "1 ms to 3650 days"}};
  }
  return {};
}

std::vector<Mistake> mistakes_in_min_hold(Milliseconds time) {
  if (time < Milliseconds(0) || time > max_ttl) {
    return {{"min_hold", "is " + text_of(time), "0 ms to 7 days"}};
  }
  return {};
}

void refuse(std::vector<Mistake> mistakes) {
  if (!mistakes.empty()) {
    throw ValidationError(std::move(mistakes));
  }
}

std::vector<Mistake> mistakes_in(const Options& options) {
  Mistakes mistakes = mistakes_in_name(options.app_name);
  if (!options.cache_connection) {
    mistakes.push_back({"cache_connection", "is missing", "what connect() returned"});
  }
  append(mistakes, mistakes_in_times(options));
  append(mistakes, mistakes_in_contents(options));
  append(mistakes, mistakes_in_key_prefix(options.key_prefix));
  append(mistakes, options.key ? mistakes_in_key(*options.key) : Mistakes{});
  append(mistakes, mistakes_in_label(options.label));
  append_if_too_long(mistakes, "user", options.user.size(), max_user_bytes);
  append_if_too_long(mistakes, "program", options.program.size(), max_program_bytes);
  append_if_too_long(mistakes, "command", options.command.size(), max_command_bytes);
  if (!is_size(options.queue_limit, max_queue_limit)) {
    mistakes.push_back({"queue_limit", "is " + std::to_string(options.queue_limit),
                        "1 to " + std::to_string(max_queue_limit)});
  }
  if (options.barging_limit > max_barging_limit) {
    mistakes.push_back({"barging_limit", "is " + std::to_string(options.barging_limit),
                        "0 to " + std::to_string(max_barging_limit)});
  }
  return mistakes;
}

}  // namespace exclusive_lock
