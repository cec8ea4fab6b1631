#include "faults/checker.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

namespace exclusive_lock::faults {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t max_of_a_kind = 12;

std::string ms(Instant::duration time) {
  std::ostringstream text;
  text.precision(3);
  text << std::fixed << std::chrono::duration<double, std::milli>(time).count() << " ms";
  return text.str();
}

std::string name_of(const Hold& hold) {
  return "worker " + std::to_string(hold.worker) + " with fence " +
         std::to_string(hold.fence.value) + " (" + ms(hold.believed_from.time_since_epoch()) +
         " to " + ms(hold.believed_until.time_since_epoch()) + ")";
}

class Checker {
 public:
  Checker(const History& history, const Bounds& bounds)
      : history_(history), bounds_(bounds), holds_(history.holds) {
    std::sort(holds_.begin(), holds_.end(),
              [](const Hold& a, const Hold& b) { return a.believed_from < b.believed_from; });
  }

  std::vector<std::string> run() {
    check_shape();
    check_overlaps();
    check_fences_by_request();
    check_fences_by_belief();
    check_register();
    check_recovery();
    check_survivors();
    return std::move(found_);
  }

 private:
  void tell(const char* rule, const std::string& what) {
    if (++told_[rule] <= max_of_a_kind) {
      found_.push_back(std::string(rule) + ": " + what);
    }
  }

  void check_shape() {
    std::map<int, Instant> free_from;
    for (const Hold& hold : holds_) {
      if (hold.fence.value == 0) {
        tell("shape", name_of(hold) + " has no fence");
      }
      if (hold.requested_at > hold.believed_from || hold.believed_from > hold.believed_until) {
        tell("shape", name_of(hold) + " is not in order");
      }
      if (hold.believed_until >= hold.safe_until) {
        tell("shape", name_of(hold) + " believed beyond its own safe_until");
      }
      Instant& free = free_from[hold.worker];
      if (hold.requested_at < free) {
        tell("shape", name_of(hold) + " was asked for while the same worker held");
      }
      free = hold.believed_until;
    }
    if (holds_.empty()) {
      tell("shape", "nobody ever held");
    }
  }

  // All of the later ones that begin while `hold` is believed in.
  void check_overlaps() {
    for (auto hold = holds_.begin(); hold != holds_.end(); ++hold) {
      for (auto later = hold + 1; later != holds_.end(); ++later) {
        if (later->believed_from > hold->believed_until) {
          break;
        }
        if (later->worker != hold->worker) {
          check_overlap(*hold, *later);
        }
      }
    }
  }

  void check_overlap(const Hold& earlier, const Hold& later) {
    const auto length =
        std::min(earlier.believed_until, later.believed_until) - later.believed_from;
    const Fault* loss = loss_between(earlier.believed_from, later.believed_from);
    if (loss == nullptr) {
      tell("overlap", name_of(earlier) + " and " + name_of(later));
    } else if (length > bounds_.overlap_after_loss) {
      tell("overlap", name_of(earlier) + " and " + name_of(later) + " for " + ms(length) +
                          " after " + loss->name);
    } else if (earlier.believed_until > loss->ended_at + bounds_.ttl) {
      tell("overlap", name_of(earlier) + " believed more than one ttl after " + loss->name);
    }
  }

  // A loss of data that may lie between what an instant saw and what a later one did.
  [[nodiscard]] const Fault* loss_between(Instant earlier, Instant later) const {
    const auto found =
        std::find_if(history_.faults.begin(), history_.faults.end(), [&](const Fault& fault) {
          return fault.data == Data::lost && fault.began_at <= later && fault.ended_at >= earlier;
        });
    return found == history_.faults.end() ? nullptr : &*found;
  }

  // Goes through requests in their order, with the highest fence that had been granted by then.
  void check_fences_by_request() {
    std::vector<Hold> by_request = holds_;
    std::sort(by_request.begin(), by_request.end(),
              [](const Hold& a, const Hold& b) { return a.requested_at < b.requested_at; });
    const Hold* highest = nullptr;
    auto granted = holds_.begin();
    for (const Hold& hold : by_request) {
      for (; granted != holds_.end() && granted->believed_from < hold.requested_at; ++granted) {
        if (highest == nullptr || granted->fence > highest->fence) {
          highest = &*granted;
        }
      }
      if (highest != nullptr && hold.fence <= highest->fence) {
        tell("fences", name_of(hold) + " asked after " + name_of(*highest) + " had been granted");
      }
    }
  }

  void check_fences_by_belief() {
    for (std::size_t i = 1; i < holds_.size(); ++i) {
      const Hold& before = holds_[i - 1];
      const Hold& hold = holds_[i];
      if (hold.fence == before.fence) {
        tell("fences", name_of(hold) + " has the fence of " + name_of(before));
      } else if (hold.fence < before.fence &&
                 loss_between(before.requested_at, hold.believed_from) == nullptr) {
        tell("fences", name_of(hold) + " came after " + name_of(before));
      }
    }
  }

  void check_register() {
    std::map<std::uint64_t, const Hold*> hold_of;
    for (const Hold& hold : holds_) {
      hold_of[hold.fence.value] = &hold;
    }
    Fence highest{};
    std::int64_t order = 0;
    for (const Write& write : history_.writes) {
      const std::string what = "write " + std::to_string(write.order) + " of worker " +
                               std::to_string(write.worker) + " with fence " +
                               std::to_string(write.fence.value);
      if (write.order != ++order) {
        tell("register", what + " is out of order");
      }
      const auto found = hold_of.find(write.fence.value);
      if (found == hold_of.end() || found->second->worker != write.worker) {
        tell("register", what + ": that fence was not this worker's");
      } else if (!write.is_accepted) {
        check_refusal(*found->second, write, what);
      }
      if (write.is_accepted && write.fence < highest) {
        tell("register", what + " is stale and was accepted");
      }
      if (!write.is_accepted && write.fence >= highest) {
        tell("register", what + " was refused without cause");
      }
      highest = write.is_accepted ? std::max(highest, write.fence) : highest;
    }
  }

  void check_refusal(const Hold& hold, const Write& write, const std::string& what) {
    if (write.decided_at <= hold.believed_until &&
        loss_between(hold.requested_at, write.decided_at) == nullptr) {
      tell("register", what + " was refused although it believed");
    }
  }

  // The faults' ends after which nothing else happened for long enough.
  void check_recovery() {
    for (const Fault& fault : history_.faults) {
      const Instant by = fault.ended_at + bounds_.recovery;
      const bool is_followed =
          std::any_of(history_.faults.begin(), history_.faults.end(), [&](const Fault& other) {
            return &other != &fault && other.began_at < by && other.ended_at > fault.ended_at;
          });
      if (is_followed) {
        continue;
      }
      const bool is_recovered = std::any_of(holds_.begin(), holds_.end(), [&](const Hold& hold) {
        return hold.believed_until >= fault.ended_at && hold.believed_from <= by;
      });
      if (!is_recovered) {
        tell("recovery", "nobody held within " + ms(bounds_.recovery) + " after " + fault.name);
      }
    }
  }

  void check_survivors() {
    Instant last_end{};
    for (const Fault& fault : history_.faults) {
      last_end = std::max(last_end, fault.ended_at);
    }
    for (const int worker : bounds_.survivors) {
      const bool has_held = std::any_of(holds_.begin(), holds_.end(), [&](const Hold& hold) {
        return hold.worker == worker && hold.believed_from >= last_end;
      });
      if (!has_held) {
        tell("recovery", "worker " + std::to_string(worker) + " never held after the last fault");
      }
    }
  }

  const History& history_;
  const Bounds& bounds_;
  std::vector<Hold> holds_;  // in the order of their beliefs
  std::map<std::string, std::size_t> told_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> violations(const History& history, const Bounds& bounds) {
  return Checker(history, bounds).run();
}

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += line + "\n";
  }
  return text;
}

}  // namespace exclusive_lock::faults
