#include "stores/local/local_store.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "exclusive_lock/error.hpp"
#include "exclusive_lock/printable.hpp"
#include "stores/local/directory.hpp"
#include "stores/local/local_error.hpp"
#include "stores/local/local_session.hpp"
#include "stores/local/push_socket.hpp"
#include "stores/local/sqlite.hpp"
#include "stores/local/turn.hpp"
#include "stores/process_mark.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

// A look costs some 4 us: a hundred waiters take a twenty-fifth of a core.
constexpr Milliseconds longest_retry_pause = 10ms;
// SQLite takes paths of up to 512 bytes, its own suffixes included (MAX_PATHNAME in os_unix.c).
constexpr std::size_t most_path_bytes = 400;
// The far end of the clock is no time to compute with.
constexpr auto longest_wait = std::chrono::nanoseconds(1h);

StoreFailure failure(errc code, std::string message, bool may_have_run = false) {
  return {
      .code = make_error_code(code), .message = std::move(message), .may_have_run = may_have_run};
}

// A path as it stands in a URL.
std::string url_of(std::string_view path) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string url = "local://";
  for (const char c : path) {
    if (plain.find(c) != std::string_view::npos) {
      url += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      url.append(1, '%').append(1, digits[byte >> 4U]).append(1, digits[byte & 0xFU]);
    }
  }
  return url;
}

class LocalStore final : public Store {
 public:
  LocalStore(const StorePlace& place, Machine machine, std::shared_ptr<spdlog::logger> log)
      : machine_(std::move(machine)),
        log_(std::move(log)),
        session_(std::make_unique<LocalSession>(place, machine_)),
        path_(session_->path()),
        url_(url_of(path_)) {
    if (log_) {
      log_->debug("local store in {}", printable(path_));
    }
  }
  ~LocalStore() override {
    if (is_in_its_process()) {
      close();
    } else {
      static_cast<void>(session_.release());  // the parent's: leaked on purpose
      static_cast<void>(listener_.release());
    }
  }
  LocalStore(const LocalStore&) = delete;
  LocalStore& operator=(const LocalStore&) = delete;

  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    answer<AttemptReply>(deadline, done, [&] {
      if (request.patience && on_wake_up_) {
        const AttemptReply reply = attempt_once(request);
        if (reply.outcome != AttemptOutcome::busy) {
          return reply;
        }
        hear_pushes();
      }
      return session_->attempt(request);
    });
  }
  void beat(BeatRequest request, Instant deadline, Done<BeatReply> done) override {
    answer<BeatReply>(deadline, done, [&] { return session_->beat(request); });
  }
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    answer<RefreshReply>(deadline, done, [&] { return session_->refresh(requests); });
  }
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    answer<ReleaseReply>(deadline, done, [&] { return session_->release(request); });
  }
  void inspect(std::string key, Instant deadline, Done<InspectReply> done) override {
    answer<InspectReply>(deadline, done, [&] { return session_->inspect(key); });
  }
  void list(std::string key_prefix, std::size_t most, Instant deadline,
            Done<ListReply> done) override {
    answer<ListReply>(deadline, done, [&] { return session_->list(key_prefix, most); });
  }
  void remove(std::string key, std::string expected, Instant deadline,
              Done<RemoveReply> done) override {
    answer<RemoveReply>(deadline, done, [&] { return session_->remove(key, expected); });
  }

  void listen(WakeUpListener listener) override {
    if (is_in_its_process()) {
      const Turn::Held guard(turn_);
      on_wake_up_ = std::move(listener.wake_up);
    }
  }
  [[nodiscard]] bool pushes_grants() const override { return hears_pushes_ && is_in_its_process(); }
  [[nodiscard]] Milliseconds retry_pause() const override { return longest_retry_pause; }
  [[nodiscard]] bool blocks() const override { return true; }
  [[nodiscard]] const std::string& url() const override { return url_; }

  // Frees whatever locks were held through this store, but for detached ones: their holder is gone.
  void close() override {
    if (!is_in_its_process()) {
      return;
    }
    std::unique_ptr<PushListener> listener;
    std::unique_ptr<LocalSession> session;
    {
      const Turn::Held guard(turn_);
      hears_pushes_ = false;
      listener = std::move(listener_);
      session = std::move(session_);
    }
    listener.reset();  // without the turn: its thread may be in a call that asks again
  }

 private:
  [[nodiscard]] bool is_in_its_process() const noexcept { return process_.is_of_this_process(); }

  // The first that would wait need not: a store that finds its locks free needs no socket and no
  // thread. With the turn.
  AttemptReply attempt_once(AttemptRequest request) {
    request.patience.reset();
    return session_->attempt(request);
  }
  // With the turn. Tried once.
  void hear_pushes() {
    try {
      listener_ = session_->hear_pushes(std::exchange(on_wake_up_, nullptr));
      hears_pushes_ = true;
    } catch (const LocalError& error) {
      warn_of_no_pushes(error.what());
    } catch (const std::system_error& error) {
      warn_of_no_pushes(error.what());
    }
  }
  void warn_of_no_pushes(const char* why) {
    if (log_) {
      log_->warn("local store in {}: waiters are not woken and look for themselves: {}",
                 printable(path_), printable(why));
    }
  }

  // --- the contract of every verb ---

  template <class Reply, class Step>
  void answer(Instant deadline, const Done<Reply>& done, Step step) {
    bool is_checkpoint_due = false;
    // `done` is called without the mutex, because it may ask again, and before the checkpoint,
    // which waits for the disk.
    done(carry_out<Reply>(deadline, step, is_checkpoint_due));
    if (is_checkpoint_due) {
      const Turn::Held guard(turn_);
      if (session_ && session_->is_checkpoint_due()) {
        session_->checkpoint();
      }
    }
  }

  template <class Reply, class Step>
  Answer<Reply> carry_out(Instant deadline, Step step, bool& is_checkpoint_due) {
    if (!is_in_its_process()) {  // before the mutex, which a thread of the parent may have held
      return failure(errc::connection_closed,
                     "the connection was made before a fork(); the child needs one of its own");
    }
    const Instant now = machine_.clock->now();
    if (now > deadline) {
      return failure(errc::store_unavailable,
                     "the time for the request was over before it was sent; nothing was done");
    }
    const auto left = std::min<std::chrono::nanoseconds>(deadline - now, longest_wait);
    const Instant limit = BootClock::now() + left;
    const Turn::Held guard(turn_, left);
    if (!guard.is_given()) {
      return failure(errc::store_busy,
                     local_message(errc::store_busy, path_, "other threads kept it busy"));
    }
    if (!session_) {
      return failure(errc::connection_closed, "the connection was closed; make a new one");
    }
    Answer<Reply> answer = answer_or_failure<Reply>(limit, step);
    is_checkpoint_due = session_->is_checkpoint_due();
    return answer;
  }

  template <class Reply, class Step>
  Answer<Reply> answer_or_failure(Instant limit, Step step) {
    try {
      session_->begin_verb(limit);
      return step();
    } catch (const SqliteError& error) {
      return failure(error.code(), local_message(error.code(), path_, error.what()),
                     error.may_have_run());
    } catch (const LocalError& error) {
      return error.failure();
    } catch (const std::bad_alloc&) {  // whatever was begun is rolled back
      return failure(errc::store_out_of_memory,
                     local_message(errc::store_out_of_memory, path_, "out of memory"));
    }
  }

  const ProcessMark process_;
  const Machine machine_;
  const std::shared_ptr<spdlog::logger> log_;
  Turn turn_;  // guards session_ and everything behind it
  std::unique_ptr<LocalSession> session_;
  std::function<void(const WakeUp&)> on_wake_up_;  // until the listener has it
  std::unique_ptr<PushListener> listener_;         // needs the session
  std::atomic<bool> hears_pushes_ = false;
  const std::string path_;
  const std::string url_;
};

StorePlace place_of(const LocalStoreOptions& options) {
  const std::string& path = options.directory.native();
  if (path.empty()) {
    return default_place(::secure_getenv("XDG_RUNTIME_DIR"), ::geteuid());
  }
  if (path.size() > most_path_bytes || path.find('\0') != std::string::npos) {
    throw ValidationError(
        {{.field = "local store: directory",
          .problem = path.size() > most_path_bytes ? "is too long" : "holds a NUL",
          .allowed = "a path of 1 to 400 bytes"}});
  }
  return {.path = std::filesystem::absolute(options.directory), .private_to = std::nullopt};
}

std::shared_ptr<Store> told_as_store_error(const std::function<std::shared_ptr<Store>()>& open) {
  try {
    return open();
  } catch (const LocalError& error) {
    throw StoreError(error.failure().code, error.failure().message, false);
  }
}

}  // namespace

std::shared_ptr<Store> open_local_store(const LocalStoreOptions& options, const ClockSource& clock,
                                        std::shared_ptr<spdlog::logger> log) {
  return told_as_store_error(
      [&] { return open_local_store(options, this_machine(clock), std::move(log)); });
}

std::shared_ptr<Store> open_local_store(const LocalStoreOptions& options, Machine machine,
                                        std::shared_ptr<spdlog::logger> log) {
  return told_as_store_error([&] {
    return std::make_shared<LocalStore>(place_of(options), std::move(machine), std::move(log));
  });
}

}  // namespace exclusive_lock
