#pragma once
// Asks the embedded store, and waits for its answers; and looks at its file from
// outside.

#include <sys/random.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include "core/record_codec.hpp"
#include "live/job_key.hpp"
#include "os/clock.hpp"
#include "stores/local/local_store.hpp"
#include "stores/local/sqlite.hpp"
#include "stores/local/store_folder.hpp"
#include "stores/store.hpp"

namespace exclusive_lock::live {

// Where the files of a store are.
inline std::filesystem::path folder_of(const std::filesystem::path& directory) {
  return directory / store_folder_name;
}

inline Owner new_local_owner() {
  Owner owner;
  if (::getrandom(owner.id.data(), owner.id.size(), 0) != static_cast<ssize_t>(owner.id.size())) {
    throw std::runtime_error("no random bytes");
  }
  owner.ticket = 1;
  return owner;
}

struct LocalWish {
  std::string key = live::key;
  Owner owner = new_local_owner();
  Milliseconds ttl{600'000};  // far beyond any test: what frees the lock before is no expiry
  std::string contents = "1";
  bool detached = false;
  std::optional<WaitOptions> wait_options{};
  std::size_t barging_limit = 0;
};

// Long enough for any test: what ends the waiting is no silence.
inline constexpr WaitOptions long_wait{.alive_for = Milliseconds(500'000),
                                       .confirm_ttl = Milliseconds(400'000)};

class LocalRequester {
 public:
  explicit LocalRequester(const std::filesystem::path& directory)
      : LocalRequester(directory, this_machine(system_clock())) {}
  LocalRequester(const std::filesystem::path& directory, Machine machine)
      : clock_(*machine.clock),
        store_(open_local_store({.directory = directory}, std::move(machine), nullptr)) {}

  // The calls that end in `now` give failures; the others throw them as StoreError.
  Answer<AttemptReply> attempt_now(const LocalWish& wish, Milliseconds max_wait = max_wait_) {
    return answer_of<AttemptReply>([&](auto done) {
      store_->attempt({.key = wish.key,
                       .owner = wish.owner,
                       .ttl = wish.ttl,
                       .record_tail = encode_record_tail({.ttl = wish.ttl,
                                                          .host = "host",
                                                          .pid = 1,
                                                          .label = "label",
                                                          .contents_text = wish.contents}),
                       .floor = {},
                       .not_after = Instant::max(),
                       .detached = wish.detached,
                       .wait_options = wish.wait_options,
                       .barging_limit = wish.barging_limit},
                      clock_.now() + max_wait, std::move(done));
    });
  }
  Answer<ReleaseReply> release_now(const LocalWish& wish) {
    return answer_of<ReleaseReply>([&](auto done) {
      store_->release({.key = wish.key, .owner = wish.owner, .barging_limit = wish.barging_limit},
                      soon(), std::move(done));
    });
  }
  Answer<ReleaseReply> release_done_now(const LocalWish& wish, Milliseconds done_for) {
    return answer_of<ReleaseReply>([&](auto done) {
      store_->release({.key = wish.key, .owner = wish.owner, .done_for = done_for}, soon(),
                      std::move(done));
    });
  }
  Answer<InspectReply> inspect_now(const std::string& key) {
    return answer_of<InspectReply>(
        [&](auto done) { store_->inspect(key, soon(), std::move(done)); });
  }

  Answer<HeartbeatReply> heartbeat_now(const LocalWish& wish) {
    return answer_of<HeartbeatReply>([&](auto done) {
      store_->heartbeat({.key = wish.key,
                         .owner = wish.owner,
                         .ttl = wish.ttl,
                         .alive_for = wish.wait_options.value_or(long_wait).alive_for},
                        soon(), std::move(done));
    });
  }
  HeartbeatReply heartbeat(const LocalWish& wish) { return value_of(heartbeat_now(wish)); }
  AttemptReply attempt(const LocalWish& wish) { return value_of(attempt_now(wish)); }
  ReleaseReply release_done(const LocalWish& wish, Milliseconds done_for) {
    return value_of(release_done_now(wish, done_for));
  }
  ReleaseReplyStatus release(const LocalWish& wish) { return value_of(release_now(wish)).verdict; }
  std::optional<StoredRecord> inspect(const std::string& key) {
    return value_of(inspect_now(key)).record;
  }
  bool has_mark(const std::string& key) { return value_of(inspect_now(key)).mark.has_value(); }
  RefreshReplyStatus refresh(const LocalWish& wish) {
    return value_of(answer_of<RefreshReply>([&](auto done) {
             store_->refresh({{.key = wish.key, .owner = wish.owner, .ttl = wish.ttl}}, soon(),
                             std::move(done));
           }))
        .verdicts.at(0);
  }
  bool remove(const std::string& key, const std::string& expected) {
    return value_of(answer_of<RemoveReply>(
                        [&](auto done) { store_->remove(key, expected, soon(), std::move(done)); }))
        .removed;
  }
  ListReply list(const std::string& key_prefix) {
    return value_of(answer_of<ListReply>(
        [&](auto done) { store_->list(key_prefix, 100'000, soon(), std::move(done)); }));
  }

  Store& store() { return *store_; }
  void forget() { store_.reset(); }

  template <class Reply>
  static Reply value_of(Answer<Reply> answer) {
    if (const auto* failure = std::get_if<StoreFailure>(&answer)) {
      throw StoreError(failure->code, failure->message, failure->may_have_run);
    }
    return std::get<Reply>(std::move(answer));
  }

 private:
  static constexpr Milliseconds max_wait_{10'000};

  [[nodiscard]] Instant soon() const { return clock_.now() + max_wait_; }

  template <class Reply, class Verb>
  static Answer<Reply> answer_of(Verb verb) {
    const auto answer = std::make_shared<std::promise<Answer<Reply>>>();
    verb(Done<Reply>([answer](Answer<Reply> given) {
      answer->set_value(std::move(given));  // throws where the store answers twice
    }));
    return answer->get_future().get();
  }

  static const ClockSource& system_clock() {
    static const SystemClockSource clock;
    return clock;
  }

  const ClockSource& clock_;
  std::shared_ptr<Store> store_;
};

// As `sqlite3 DIRECTORY/exclusive-lock.d/locks.db` would see it.
inline std::int64_t number_in(const std::filesystem::path& directory, std::string_view sql) {
  return Database(folder_of(directory) / "locks.db").integer_of(sql);
}
inline std::string integrity_of(const std::filesystem::path& directory) {
  Database database(folder_of(directory) / "locks.db");
  Statement check(database, "PRAGMA integrity_check");
  Query query(check);
  return query.next() ? std::string(query.bytes(0)) : "no answer";
}

}  // namespace exclusive_lock::live
