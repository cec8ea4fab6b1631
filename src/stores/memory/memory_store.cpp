#include "stores/memory/memory_store.hpp"

#include <mutex>
#include <utility>

#include "exclusive_lock/error.hpp"
#include "os/process.hpp"
#include "stores/memory/memory_table.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

// A look costs less than a microsecond.
constexpr Milliseconds max_retry_pause = 10ms;

// What all clients of one store have in common. The mutex guards it, and what of a client says so.
struct Shared {
  Shared(const ClockSource& a_clock, const WallClockSource* wall)
      : clock(a_clock), table(a_clock, wall) {}

  const ClockSource& clock;
  const ProcessMark creator;
  mutable std::mutex mutex;
  MemoryTable table;
  MemoryTable::Data replica;
  bool closed = false;
};

StoreFailure memory_failure(errc code, std::string message) {
  return {.code = code, .message = std::move(message), .may_have_run = false};
}

// One client: the contract of every verb, around the steps of the table.
class Client : public MemoryStore {
 public:
  explicit Client(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  // G2, G4.
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    answer(deadline, done, [&](MemoryTable& table) { return table.attempt(request, channel_); });
  }
  // G4, G6.
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override {
    answer(deadline, done, [&](MemoryTable& table) { return table.heartbeat(request); });
  }
  // G1, G3.
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    answer(deadline, done, [&](MemoryTable& table) { return table.refresh(requests); });
  }
  // G3, G4.
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    answer(deadline, done, [&](MemoryTable& table) { return table.release(request); });
  }
  void inspect(std::string key, Instant deadline, Done<InspectReply> done) override {
    answer(deadline, done, [&](MemoryTable& table) { return table.inspect(key); });
  }
  void list(std::string key_prefix, std::size_t most, Instant deadline,
            Done<ListReply> done) override {
    answer(deadline, done, [&](MemoryTable& table) { return table.list(key_prefix, most); });
  }
  void remove(std::string key, std::string expected, Instant deadline,
              Done<RemoveReply> done) override {
    answer(deadline, done, [&](MemoryTable& table) { return table.remove(key, expected); });
  }
  void list_marks(std::string key_prefix, std::size_t most, Instant deadline,
                  Done<ListMarksReply> done) override {
    answer(deadline, done, [&](MemoryTable& table) { return table.list_marks(key_prefix, most); });
  }
  void forget(std::string key, Instant deadline, Done<ForgetReply> done) override {
    answer(deadline, done, [&](MemoryTable& table) { return table.forget(key); });
  }

  void listen(WakeUpListener listener) override {
    const std::lock_guard guard(shared_->mutex);
    if (channel_ == nullptr) {
      channel_ = std::make_shared<Channel>();
    }
    channel_->listener = std::make_shared<const WakeUpListener>(std::move(listener));
  }
  bool pushes_grants() const override {
    if (is_forked()) {
      return false;
    }
    const std::lock_guard guard(shared_->mutex);
    return channel_ != nullptr && channel_->listener != nullptr;
  }
  Milliseconds retry_pause() const override { return max_retry_pause; }
  const std::string& url() const override { return url_; }
  void close() override {
    if (!is_forked()) {
      const std::lock_guard guard(shared_->mutex);
      closed_ = true;
      hang_up();
    }
  }

  void plant(std::string key, std::string value, std::optional<Milliseconds> ttl) override {
    const std::lock_guard guard(shared_->mutex);
    shared_->table.plant(std::move(key), std::move(value), ttl);
  }
  void erase(std::string_view key) override {
    const std::lock_guard guard(shared_->mutex);
    shared_->table.erase(std::string(key));
  }
  void wipe() override {
    const std::lock_guard guard(shared_->mutex);
    shared_->table.wipe();
  }
  void lag_replica() override {
    const std::lock_guard guard(shared_->mutex);
    shared_->replica = shared_->table.data();
  }
  void promote_replica() override {
    const std::lock_guard guard(shared_->mutex);
    shared_->table.go_back_to(shared_->replica);
  }
  std::vector<StoredRecord> everything() const override {
    const std::lock_guard guard(shared_->mutex);
    return shared_->table.everything();
  }
  std::shared_ptr<Store> client() override { return std::make_shared<Client>(shared_); }
  void drop_client(Store& client) override {
    auto& dropped = dynamic_cast<Client&>(client);
    const std::lock_guard guard(shared_->mutex);
    dropped.hang_up();
  }

 protected:
  [[nodiscard]] Shared& shared() { return *shared_; }
  [[nodiscard]] bool is_forked() const { return !shared_->creator.is_of_this_process(); }

 private:
  // Under the mutex.
  void hang_up() {
    if (channel_ != nullptr) {
      channel_->listener = nullptr;
    }
  }

  // Without the mutex: `done` and the listeners may ask again.
  template <class Reply, class Step>
  void answer(Instant deadline, const Done<Reply>& done, Step step) {
    std::vector<Push> pushes;
    done(carry_out<Reply>(deadline, step, pushes));
    for (const Push& push : pushes) {
      push.to->wake_up(push.wake_up);
    }
  }

  template <class Reply, class Step>
  Answer<Reply> carry_out(Instant deadline, Step step, std::vector<Push>& pushes) {
    if (is_forked()) {  // before the mutex, which a thread of the parent may have held
      return memory_failure(
          errc::connection_closed,
          "the connection was made before a fork(); the child needs one of its own");
    }
    const std::lock_guard guard(shared_->mutex);
    if (closed_ || shared_->closed) {
      return memory_failure(errc::connection_closed, "the connection was closed; make a new one");
    }
    if (shared_->clock.now() > deadline) {
      auto failure =
          memory_failure(errc::store_unavailable,
                         "the time for the request was over before it was sent; nothing was done");
      failure.is_time_over = true;
      return failure;
    }
    Answer<Reply> reply = step(shared_->table);
    pushes = shared_->table.take_pushes();
    return reply;
  }

  const std::shared_ptr<Shared> shared_;
  const std::string url_ = "memory:";

  // Under the mutex of what is shared.
  std::shared_ptr<Channel> channel_;  // none until it listens
  bool closed_ = false;
};

// The client that the data end with.
class Whole final : public Client {
 public:
  using Client::Client;
  void close() override {
    Client::close();
    if (!is_forked()) {
      const std::lock_guard guard(shared().mutex);
      shared().closed = true;
      shared().table.wipe();
    }
  }
};

}  // namespace

std::shared_ptr<Store> make_memory_store(const ClockSource& clock) {
  return std::make_shared<Whole>(std::make_shared<Shared>(clock, nullptr));
}

std::shared_ptr<MemoryStore> make_memory_store(const ClockSource& clock,
                                               const WallClockSource& wall) {
  return std::make_shared<Whole>(std::make_shared<Shared>(clock, &wall));
}

}  // namespace exclusive_lock
