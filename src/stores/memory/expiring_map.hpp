#pragma once
// A map whose values are gone when their time is over. They leave memory when so many have come in
// that looking through all of them costs little for each (G8).

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "exclusive_lock/clock.hpp"

namespace exclusive_lock {

// Value: bool has_expired(Instant now) const.
template <class Value>
class ExpiringMap {
 public:
  using Map = std::map<std::string, Value, std::less<>>;

  // Null where there is nothing, or nothing any more.
  [[nodiscard]] Value* find(const std::string& key, Instant now) {
    const auto found = map_.find(key);
    return found == map_.end() || found->second.has_expired(now) ? nullptr : &found->second;
  }
  [[nodiscard]] const Value* find(const std::string& key, Instant now) const {
    const auto found = map_.find(key);
    return found == map_.end() || found->second.has_expired(now) ? nullptr : &found->second;
  }
  Value& put(std::string key, Value value, Instant now) {
    if (map_.size() >= sweep_at_) {
      std::erase_if(map_, [now](const auto& each) { return each.second.has_expired(now); });
      sweep_at_ = 2 * map_.size() + 64;
    }
    return map_.insert_or_assign(std::move(key), std::move(value)).first->second;
  }
  bool erase(const std::string& key) { return map_.erase(key) != 0; }

  // Those that have expired may be among them.
  [[nodiscard]] const Map& all() const { return map_; }

 private:
  Map map_;
  std::size_t sweep_at_ = 64;
};

}  // namespace exclusive_lock
