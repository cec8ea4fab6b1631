#pragma once
// What happened, for a person to read. Off while seeds are explored: a run that fails is run again
// with its trace on.

#include <functional>
#include <string>
#include <vector>

#include "exclusive_lock/clock.hpp"
#include "sim/timeline.hpp"

namespace exclusive_lock::sim {

class Trace {
 public:
  Trace(const Timeline& timeline, bool on) : timeline_(timeline), on_(on) {}

  // `key`: of the lock that it is about; empty: of all.
  template <class Text>
  void say(const std::string& key, const Text& text) {
    if (on_) {
      lines_.push_back({timeline_.now(), key, text()});
    }
  }

  // The last `most` lines that are about `key` (empty: about any), one each.
  [[nodiscard]] std::vector<std::string> lines(const std::string& key, std::size_t most) const;

 private:
  struct Line {
    Instant when;
    std::string key;
    std::string text;
  };
  const Timeline& timeline_;
  bool on_;
  std::vector<Line> lines_;
};

}  // namespace exclusive_lock::sim
