#include "runtime/store_thread.hpp"

#include <system_error>
#include <utility>

#include "exclusive_lock/error.hpp"
#include "os/quiet_thread.hpp"

namespace exclusive_lock {
namespace {

StoreFailure closed() {
  return {.code = errc::connection_closed,
          .message = "the connection was closed; make a new one",
          .may_have_run = false};
}

}  // namespace

StoreThread::StoreThread(std::shared_ptr<Store> store, MustNotWait must_not_wait)
    : ForwardingStore(std::move(store)), must_not_wait_(std::move(must_not_wait)) {}

StoreThread::~StoreThread() { close(); }

void StoreThread::attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) {
  if (must_not_wait_()) {
    leave(std::move(done), [this, request = std::move(request), deadline](auto answered) mutable {
      ForwardingStore::attempt(std::move(request), deadline, std::move(answered));
    });
  } else if (const auto refused = process_.is_of_this_process() ? start() : std::nullopt) {
    done(*refused);
  } else {
    ForwardingStore::attempt(std::move(request), deadline, std::move(done));
  }
}

void StoreThread::heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) {
  leave(std::move(done), [this, request = std::move(request), deadline](auto answered) mutable {
    ForwardingStore::heartbeat(std::move(request), deadline, std::move(answered));
  });
}

void StoreThread::refresh(std::vector<RefreshRequest> requests, Instant deadline,
                          Done<RefreshReply> done) {
  leave(std::move(done), [this, requests = std::move(requests), deadline](auto answered) mutable {
    ForwardingStore::refresh(std::move(requests), deadline, std::move(answered));
  });
}

void StoreThread::release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) {
  if (!must_not_wait_())
    return ForwardingStore::release(std::move(request), deadline, std::move(done));
  leave(std::move(done), [this, request = std::move(request), deadline](auto answered) mutable {
    ForwardingStore::release(std::move(request), deadline, std::move(answered));
  });
}

template <class Reply, class Call>
void StoreThread::leave(Done<Reply> done, Call call) {
  // Before the mutex, which a thread of the parent may have held.
  if (!process_.is_of_this_process())
    return call(std::move(done));
  auto refused = start();
  if (!refused) {
    Task task = [done, call = std::move(call)](const std::optional<StoreFailure>& refusal) mutable {
      if (refusal) {
        done(*refusal);
      } else {
        call(done);
      }
    };
    const std::lock_guard guard(mutex_);
    if (!is_closed_) {
      tasks_.push_back(std::move(task));
      changed_.notify_one();
      return;
    }
    refused = closed();
  }
  done(*refused);
}

// None: it runs.
std::optional<StoreFailure> StoreThread::start() {
  const std::lock_guard guard(mutex_);
  if (is_closed_)
    return closed();
  if (thread_.joinable())
    return std::nullopt;
  try {
    thread_ = quiet_thread([this] { run(); });
    return std::nullopt;
  } catch (const std::system_error& error) {
    return StoreFailure{
        .code = errc::store_unavailable,
        .message = "cannot start a thread for this store: " + error.code().message() +
                   ". This process has used up what it is allowed to have: raise its limits "
                   "(ulimit -u), or end threads that it does not need",
        .may_have_run = false};
  }
}

void StoreThread::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_closed_ || !tasks_.empty(); });
    if (tasks_.empty())
      return;
    const auto refused = is_closed_ ? std::optional(closed()) : std::nullopt;
    Task next = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    next(refused);
    next = nullptr;  // what it owns goes without the mutex
    lock.lock();
  }
}

void StoreThread::close() {
  std::thread thread;
  {
    const std::lock_guard guard(mutex_);
    is_closed_ = true;
    thread.swap(thread_);
  }
  changed_.notify_one();
  ForwardingStore::close();  // ends what waits in the store, where the store can
  if (thread.joinable())
    thread.join();
}

}  // namespace exclusive_lock
