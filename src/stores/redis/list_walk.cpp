#include "stores/redis/list_walk.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "core/key_codec.hpp"
#include "exclusive_lock/error.hpp"
#include "stores/redis/redis_errors.hpp"
#include "stores/redis/script_calls.hpp"

namespace exclusive_lock::redis {
namespace {

// Each may have 1 MiB.
constexpr std::size_t values_together = 64;

}  // namespace

ListWalk::Step ListWalk::next() const {
  if (found_.count() > most_) {
    return Step::end;
  }
  if (!keys_.empty()) {
    return Step::inspect;
  }
  return has_begun_ && cursor_ == "0" ? Step::end : Step::scan;
}

std::vector<std::string> ListWalk::take_keys() {
  const std::size_t count = std::min(keys_.size(), values_together);
  const auto first = keys_.end() - static_cast<std::ptrdiff_t>(count);
  std::vector<std::string> taken(std::make_move_iterator(first),
                                 std::make_move_iterator(keys_.end()));
  keys_.erase(first, keys_.end());
  return taken;
}

ListWalk::Found ListWalk::take() {
  found_.truncated = found_.count() > most_;
  found_.records.resize(std::min(found_.records.size(), most_));
  found_.marks.resize(std::min(found_.marks.size(), most_));
  return std::move(found_);
}

std::optional<std::string> ListWalk::wanted(const std::string& key) const {
  if (what_ == ListOf::marks) {
    return key_of_done_key(key);
  }
  return is_side_key(key) ? std::nullopt : std::optional(key);
}

// False: there is nothing of what is wanted.
bool ListWalk::keep(InspectReply found) {
  if (what_ == ListOf::records && found.record) {
    found_.records.push_back(std::move(*found.record));
    return true;
  }
  if (what_ == ListOf::marks && found.mark) {
    found_.marks.push_back(std::move(*found.mark));
    return true;
  }
  return false;
}

std::optional<StoreFailure> ListWalk::on_page(const Reply& page) {
  has_begun_ = true;
  if (page.is_error()) {
    return server_refused(page.text);
  }
  return take_page(page) ? std::nullopt : std::optional(senseless_answer("SCAN"));
}

bool ListWalk::take_page(const Reply& page) {
  if (!page.is_array() || page.elements.size() != 2 || !page.elements[0].is_string() ||
      !page.elements[1].is_array()) {
    return false;
  }
  cursor_ = page.elements[0].text;
  for (const Reply& key : page.elements[1].elements) {
    if (!key.is_string()) {
      return false;
    }
    // SCAN may name a key more than once.
    if (auto of_lock = wanted(key.text); of_lock && seen_.insert(key.text).second) {
      keys_.push_back(std::move(*of_lock));
    }
  }
  return true;
}

std::optional<StoreFailure> ListWalk::on_values(std::span<const std::string> keys,
                                                std::span<const Reply> values) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (values[i].is_error() && is_wrong_type(values[i].text)) {  // not a record
      if (auto failure = bear(keys[i])) {
        return failure;
      }
      continue;
    }
    if (values[i].is_error()) {
      return server_refused(values[i].text);
    }
    auto found = read_inspect(values[i], keys[i]);
    if (!found) {
      return senseless_answer("the inspect script");
    }
    if (keep(std::move(*found))) {
      continue;
    }
    if (auto failure = bear(keys[i])) {  // it went meanwhile
      return failure;
    }
  }
  return std::nullopt;
}

std::optional<StoreFailure> ListWalk::bear(const std::string& key_without_lock) {
  bytes_ += key_without_lock.size() + bytes_per_key;
  if (bytes_ <= max_bytes_) {
    return std::nullopt;
  }
  return StoreFailure{
      .code = errc::unsuitable_store,
      .message =
          "the server names too many keys with the prefix of the locks that are no locks: " +
          std::to_string(bytes_ / 1024) +
          " KiB of them; if they are another program's data, give the locks a key prefix of their "
          "own, else this server's SCAN does not end"};
}

std::string prefix_pattern(std::string_view prefix) {
  std::string pattern;
  for (const char c : prefix) {
    if (std::string_view("*?[]\\").find(c) != std::string_view::npos) {
      pattern += '\\';
    }
    pattern += c;
  }
  return pattern + "*";
}

std::string list_pattern(ListOf what, std::string_view key_prefix) {
  return what == ListOf::records ? prefix_pattern(key_prefix)
                                 : prefix_pattern("{" + std::string(key_prefix)) + "}:done";
}

}  // namespace exclusive_lock::redis
