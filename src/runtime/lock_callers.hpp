#pragma once
// Who waits for an answer of one lock object. Only used on its strand.
//
// Each request to the lock machine has an id. What the machine answers names that id, or it answers
// all requests of a kind; here is whose requests those are. The caller of an acquire is an
// AcquireOperation, which may request again and again until it has ended.

#include <boost/container/small_vector.hpp>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "core/lock_machine.hpp"
#include "exclusive_lock/outcomes.hpp"
#include "runtime/acquire_operation.hpp"

namespace exclusive_lock {

using ReleaseAnswered = std::function<void(const DoneRelease&)>;
using RefreshAnswered = std::function<void(RefreshOutcome)>;

class LockCallers {
 public:
  using Operation = std::shared_ptr<AcquireOperation>;
  using Operations = boost::container::small_vector<Operation, 1>;  // mostly one

  [[nodiscard]] RequestId new_request() noexcept { return ++last_request_; }

  // --- acquires that have not ended, in the order in which they came ---

  void add(const Operation& operation) { acquires_.push_back(operation); }
  void remove(const AcquireOperation& operation);
  [[nodiscard]] Operations acquires() const { return acquires_; }
  // Whose request that is.
  [[nodiscard]] Operation acquire_of(RequestId request) const;
  // Those that have a request, and wait for the answer to one attempt. The one that began it comes
  // first; the others have joined it.
  [[nodiscard]] Operations asked() const;
  [[nodiscard]] bool began_attempt(const AcquireOperation& operation) const;
  // The first that may go on now; null: none. A hold is in the way of those that see a mutex.
  [[nodiscard]] Operation first_idle(bool is_held) const;

  // --- others ---

  void add(RequestId request, ReleaseAnswered answered);
  // Null: it was taken before.
  [[nodiscard]] ReleaseAnswered take_release(RequestId request);
  void add(RefreshAnswered answered) { refreshes_.push_back(std::move(answered)); }
  [[nodiscard]] std::vector<RefreshAnswered> take_refreshes() {
    return std::exchange(refreshes_, {});
  }

 private:
  struct Release {
    RequestId request;
    ReleaseAnswered answered;
  };

  RequestId last_request_ = 0;
  Operations acquires_;
  std::vector<Release> releases_;
  std::vector<RefreshAnswered> refreshes_;
};

}  // namespace exclusive_lock
