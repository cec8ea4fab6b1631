#pragma once
// The walk over all records below a prefix: SCAN from cursor to cursor, and what the keys of each
// page hold. What it knows and what is next; no I/O.
//
//   next step   then
//   scan        send SCAN with cursor(); on_page() with its reply
//   inspect     run the inspect script for each of take_keys(); on_values() with their replies
//   end         take()
//
// SCAN may name a key more than once, so the keys that were named are remembered. Those that hold a
// lock are as many as are wanted; of the others, which a server that never comes back to cursor 0
// could name without an end, the walk bears so many bytes, and then fails.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/protocol.hpp"
#include "stores/redis/reply.hpp"

namespace exclusive_lock::redis {

// Of the locks below a prefix: their records, or the marks beside them.
enum class ListOf { records, marks };

class ListWalk {
 public:
  enum class Step { scan, inspect, end };
  struct Found {
    std::vector<StoredRecord> records;
    std::vector<StoredMark> marks;
    bool truncated = false;
    [[nodiscard]] std::size_t count() const { return records.size() + marks.size(); }
  };

  // Half a million keys of usual length: more than can be looked at in the usual command timeout.
  // Keys beside the prefix do not count, as the server leaves them out.
  static constexpr std::size_t usual_bytes_without_locks = std::size_t{64} * 1024 * 1024;
  // What a remembered key takes beside its text, about.
  static constexpr std::size_t bytes_per_key = 64;

  // `most` of them are wanted.
  explicit ListWalk(std::size_t most, std::size_t bytes_without_locks = usual_bytes_without_locks,
                    ListOf what = ListOf::records)
      : what_(what), most_(most), max_bytes_(bytes_without_locks) {}

  [[nodiscard]] Step next() const;
  [[nodiscard]] const std::string& cursor() const { return cursor_; }
  // Some of the keys that were found, each once: values are asked for together.
  std::vector<std::string> take_keys();
  Found take();

  // Some: that is what the walk ends in.
  [[nodiscard]] std::optional<StoreFailure> on_page(const Reply& page);
  // As many replies as keys.
  [[nodiscard]] std::optional<StoreFailure> on_values(std::span<const std::string> keys,
                                                      std::span<const Reply> values);

 private:
  bool take_page(const Reply& page);
  // The key of the lock; none: it is not what is wanted.
  [[nodiscard]] std::optional<std::string> wanted(const std::string& key) const;
  bool keep(InspectReply found);
  [[nodiscard]] std::optional<StoreFailure> bear(const std::string& key_without_lock);

  const ListOf what_;
  const std::size_t most_;
  const std::size_t max_bytes_;
  std::size_t bytes_ = 0;  // of keys that hold no lock
  std::string cursor_ = "0";
  bool has_begun_ = false;
  std::unordered_set<std::string> seen_;
  std::vector<std::string> keys_;  // of this page, not yet inspected
  Found found_;
};

// A pattern for MATCH that stands for exactly this text and whatever follows it.
std::string prefix_pattern(std::string_view prefix);
// The same for the keys that such a list is about.
std::string list_pattern(ListOf what, std::string_view key_prefix);

}  // namespace exclusive_lock::redis
