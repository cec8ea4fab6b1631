#include "stores/local/local_store.hpp"

#include <spdlog/logger.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
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
#include "os/process.hpp"
#include "stores/local/default_place.hpp"
#include "stores/local/directory.hpp"
#include "stores/local/file_size_signal.hpp"
#include "stores/local/late_requests.hpp"
#include "stores/local/local_error.hpp"
#include "stores/local/local_session.hpp"
#include "stores/local/push_socket.hpp"
#include "stores/local/sqlite.hpp"
#include "stores/local/store_folder.hpp"
#include "stores/local/turn.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

// A look costs some 4 us: a hundred waiters take a twenty-fifth of a core.
constexpr Milliseconds max_retry_pause = 10ms;
// SQLite takes paths of up to 512 bytes, its own suffixes included (MAX_PATHNAME in os_unix.c).
constexpr std::size_t max_path_bytes = 400;
// How long the calling thread waits for other processes, and for other threads, before the request
// is one for the thread of late ones. A transaction takes some 10 us.
constexpr std::chrono::nanoseconds inline_limit = 1ms;
// How long a request waits before it claims the next turn (write_claim.hpp): far longer than on a
// machine that is not loaded. A hold depends on a refresh. If all claimed as early, each turn would
// wait for the thread whose turn it is, and no process would write meanwhile.
constexpr Milliseconds refresh_claims_after = 5ms;
constexpr Milliseconds others_claim_after = 100ms;

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
        folder_(session_->folder()),
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
      static_cast<void>(late_.release());
    }
  }
  LocalStore(const LocalStore&) = delete;
  LocalStore& operator=(const LocalStore&) = delete;

  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    answer<AttemptReply>(deadline, std::move(done), [this, request = std::move(request)] {
      if (request.wait_options && on_wake_up_) {
        const AttemptReply reply = attempt_once(request);
        if (reply.outcome != AttemptReplyStatus::busy) {
          return reply;
        }
        hear_pushes();
      }
      return session_->attempt(request);
    });
  }
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override {
    answer<HeartbeatReply>(deadline, std::move(done), [this, request = std::move(request)] {
      return session_->heartbeat(request);
    });
  }
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    const auto step = [this, requests = std::move(requests)] {
      return session_->refresh(requests);
    };
    answer<RefreshReply>(deadline, std::move(done), step, refresh_claims_after);
  }
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    answer<ReleaseReply>(deadline, std::move(done), [this, request = std::move(request)] {
      return session_->release(request);
    });
  }
  void inspect(std::string key, Instant deadline, Done<InspectReply> done) override {
    answer<InspectReply>(deadline, std::move(done),
                         [this, key = std::move(key)] { return session_->inspect(key); });
  }
  void list(std::string key_prefix, std::size_t most, Instant deadline,
            Done<ListReply> done) override {
    answer<ListReply>(deadline, std::move(done), [this, key_prefix = std::move(key_prefix), most] {
      return session_->list(key_prefix, most);
    });
  }
  void remove(std::string key, std::string expected, Instant deadline,
              Done<RemoveReply> done) override {
    answer<RemoveReply>(deadline, std::move(done),
                        [this, key = std::move(key), expected = std::move(expected)] {
                          return session_->remove(key, expected);
                        });
  }
  void list_marks(std::string key_prefix, std::size_t most, Instant deadline,
                  Done<ListMarksReply> done) override {
    answer<ListMarksReply>(deadline, done, [&] { return session_->list_marks(key_prefix, most); });
  }
  void forget(std::string key, Instant deadline, Done<ForgetReply> done) override {
    answer<ForgetReply>(deadline, done, [&] { return session_->forget(key); });
  }

  void listen(WakeUpListener listener) override {
    if (is_in_its_process()) {
      const Turn::Held guard(turn_);
      on_wake_up_ = std::move(listener.wake_up);
    }
  }
  [[nodiscard]] bool pushes_grants() const override { return hears_pushes_ && is_in_its_process(); }
  [[nodiscard]] Milliseconds retry_pause() const override { return max_retry_pause; }
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
    // Without the turn: their threads may be in a call that asks again.
    listener.reset();
    late_->stop();
    const HoldBackFileSizeSignal quietly;
    session.reset();
  }

 private:
  [[nodiscard]] bool is_in_its_process() const noexcept { return process_.is_of_this_process(); }

  // The first that would wait need not: a store that finds its locks free needs no socket and no
  // thread. With the turn.
  AttemptReply attempt_once(AttemptRequest request) {
    request.wait_options.reset();
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

  // On the calling thread if the store is free within a moment, else on the thread of late
  // requests.
  template <class Reply, class Step>
  void answer(Instant deadline, Done<Reply> done, Step step,
              Milliseconds claims_after = others_claim_after) {
    if (!is_in_its_process()) {  // before the mutexes, which a thread of the parent may have held
      done(failure(errc::connection_closed,
                   "the connection was made before a fork(); the child needs one of its own"));
      return;
    }
    const Instant asked_at = now();
    if (asked_at > deadline) {
      StoreFailure late =
          failure(errc::store_unavailable,
                  "the time for the request was over before it was sent; nothing was done");
      late.is_time_over = true;
      done(std::move(late));
      return;
    }
    const Times times{.deadline = deadline, .claims_at = asked_at + claims_after};
    if (late_->is_empty() && try_answer(times, done, step, inline_limit, false)) {
      return;
    }
    try {
      late_->add(deadline, [this, times, done, step](bool is_last) {
        return try_answer(times, done, step, 0ns, is_last);
      });
    } catch (const std::system_error&) {  // no thread: this one waits
      try_answer(times, done, step, std::max<std::chrono::nanoseconds>(deadline - now(), 0ns),
                 true);
    }
  }

  struct Times {
    Instant deadline;
    Instant claims_at;
  };

  // False: it is busy still, `is_last` is not set, and nothing was done.
  template <class Reply, class Step>
  bool try_answer(Times times, const Done<Reply>& done, const Step& step,
                  std::chrono::nanoseconds max_wait, bool is_last) {
    const bool may_come_again = !is_last && now() < times.deadline;
    bool is_checkpoint_due = false;
    Answer<Reply> answer = carry_out<Reply>(times, step, max_wait, is_checkpoint_due);
    if (may_come_again && is_busy(answer)) {
      return false;
    }
    // `done` is called without the turn, because it may ask again, and before the checkpoint, which
    // waits for the disk.
    done(std::move(answer));
    if (is_checkpoint_due) {
      const Turn::Held guard(turn_);
      if (session_ && session_->is_checkpoint_due()) {
        const HoldBackFileSizeSignal quietly;
        session_->checkpoint();
      }
    }
    return true;
  }

  template <class Reply>
  static bool is_busy(const Answer<Reply>& answer) {
    const auto* refused = std::get_if<StoreFailure>(&answer);
    return refused != nullptr && refused->code == errc::store_busy && !refused->may_have_run;
  }

  template <class Reply, class Step>
  Answer<Reply> carry_out(Times times, const Step& step, std::chrono::nanoseconds max_wait,
                          bool& is_checkpoint_due) {
    const Instant tried_at = now();
    const bool is_in_time = tried_at <= times.deadline;
    const auto left = is_in_time
                          ? std::min<std::chrono::nanoseconds>(times.deadline - tried_at, max_wait)
                          : std::chrono::nanoseconds(0);
    const Wait wait{.until = BootClock::now() + left, .may_claim = tried_at >= times.claims_at};
    const Turn::Held guard(turn_, left);
    if (!guard.is_given() || !is_in_time) {
      return failure(errc::store_busy, local_message(errc::store_busy, folder_,
                                                     "it was busy until the time was over"));
    }
    if (!session_) {
      return failure(errc::connection_closed, "the connection was closed; make a new one");
    }
    Answer<Reply> answer = answer_or_failure<Reply>(wait, step);
    is_checkpoint_due = session_->is_checkpoint_due();
    return answer;
  }

  template <class Reply, class Step>
  Answer<Reply> answer_or_failure(Wait wait, const Step& step) {
    const HoldBackFileSizeSignal quietly;
    try {
      session_->begin_verb(wait);
      return step();
    } catch (const SqliteError& error) {
      return failure(error.code(), local_message(error.code(), folder_, error.what()),
                     error.may_have_run());
    } catch (const LocalError& error) {
      return error.failure();
    } catch (const std::bad_alloc&) {  // whatever was begun is rolled back
      return failure(errc::store_out_of_memory,
                     local_message(errc::store_out_of_memory, folder_, "out of memory"));
    }
  }

  [[nodiscard]] Instant now() const { return machine_.clock->now(); }

  const ProcessMark process_;
  const Machine machine_;
  const std::shared_ptr<spdlog::logger> log_;
  Turn turn_;  // guards session_ and everything behind it
  std::unique_ptr<LocalSession> session_;
  std::function<void(const WakeUp&)> on_wake_up_;  // until the listener has it
  std::unique_ptr<PushListener> listener_;         // needs the session
  std::atomic<bool> hears_pushes_ = false;
  // Its thread calls everything above.
  std::unique_ptr<LateRequests> late_ = std::make_unique<LateRequests>([this] { return now(); });
  const std::string path_;
  const std::string folder_;
  const std::string url_;
};

StorePlace place_of(const LocalStoreOptions& options) {
  const std::string& path = options.directory.native();
  if (path.empty()) {
    return default_place(account_of(::geteuid()));
  }
  if (path.size() > max_path_bytes || path.find('\0') != std::string::npos) {
    throw ValidationError({{.field = "local store: directory",
                            .problem = path.size() > max_path_bytes ? "is too long" : "holds a NUL",
                            .allowed = "a path of 1 to 400 bytes"}});
  }
  const auto& directory = options.directory;
  if ((directory.has_filename() ? directory : directory.parent_path()).filename() ==
      store_folder_name) {
    throw ValidationError({{.field = "local store: directory",
                            .problem = "is the folder that a store makes in its directory",
                            .allowed = "the directory above it"}});
  }
  return {.path = std::filesystem::absolute(options.directory), .private_to = std::nullopt};
}

std::shared_ptr<Store> with_store_errors(const std::function<std::shared_ptr<Store>()>& open) {
  try {
    return open();
  } catch (const LocalError& error) {
    throw StoreError(error.failure().code, error.failure().message, false);
  }
}

}  // namespace

std::shared_ptr<Store> open_local_store(const LocalStoreOptions& options, const ClockSource& clock,
                                        std::shared_ptr<spdlog::logger> log) {
  return with_store_errors(
      [&] { return open_local_store(options, this_machine(clock), std::move(log)); });
}

std::shared_ptr<Store> open_local_store(const LocalStoreOptions& options, Machine machine,
                                        std::shared_ptr<spdlog::logger> log) {
  return with_store_errors([&] {
    const HoldBackFileSizeSignal quietly;
    return std::make_shared<LocalStore>(place_of(options), std::move(machine), std::move(log));
  });
}

}  // namespace exclusive_lock
