#pragma once
// The walk over all records below a prefix: SCAN from cursor to cursor, and what the keys of each
// page hold. What it knows and what is next; no I/O.
//
//   next step   then
//   scan        send SCAN with cursor(); on_page() with its reply
//   inspect     run the inspect script for each of take_keys(); on_values() with their replies
//   end         take()

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

class ListWalk {
 public:
  enum class Step { scan, inspect, end };

  // `most` records are wanted.
  explicit ListWalk(std::size_t most) : most_(most) {}

  [[nodiscard]] Step next() const;
  [[nodiscard]] const std::string& cursor() const { return cursor_; }
  // Some of the keys that were found, each once: values are asked for together.
  std::vector<std::string> take_keys();
  ListReply take();

  // Some: that is what the walk ends in.
  [[nodiscard]] std::optional<StoreFailure> on_page(const Reply& page);
  // As many replies as keys.
  [[nodiscard]] std::optional<StoreFailure> on_values(std::span<const std::string> keys,
                                                      std::span<const Reply> values);

 private:
  bool take_page(const Reply& page);

  const std::size_t most_;
  std::string cursor_ = "0";
  bool has_begun_ = false;
  std::unordered_set<std::string> seen_;
  std::vector<std::string> keys_;  // of this page, not yet inspected
  ListReply reply_;
};

// A pattern for MATCH that stands for exactly this text and whatever follows it.
std::string prefix_pattern(std::string_view prefix);

}  // namespace exclusive_lock::redis
