// A disk fails (docs/failure_modes.md, 47), call by call: each read, write, sync, truncation and
// mapping of SQLite fails with EIO, once and from then on. The results stay true: no lock has two
// holders, a refused call leaves nothing, and the store works again when the disk does.
//
// SQLite calls all but the syncs through a table that tests may change; the syncs are this
// program's own (bottom of the file), and so those of the store's files themselves are met too.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "live/local_requester.hpp"
#include "live/temporary_directory.hpp"

namespace exclusive_lock::live {
namespace {

enum class Call { none, read, write, truncate, map, status, sync };

struct Failure {
  Call call = Call::none;
  long spared = std::numeric_limits<long>::max();  // so many are carried out before one fails
  bool is_lasting = false;
  long seen = 0;
};
// Of the thread that makes the calls: other threads of the store make none of these.
thread_local Failure failure;

bool fails(Call call) {
  if (call != failure.call) {
    return false;
  }
  const long before = failure.seen++;
  if (before < failure.spared || (before > failure.spared && !failure.is_lasting)) {
    return false;
  }
  errno = EIO;
  return true;
}

ssize_t read_or_fail(int fd, void* bytes, std::size_t size, off_t offset) {
  return fails(Call::read) ? -1 : ::pread(fd, bytes, size, offset);
}
ssize_t write_or_fail(int fd, const void* bytes, std::size_t size, off_t offset) {
  return fails(Call::write) ? -1 : ::pwrite(fd, bytes, size, offset);
}
int truncate_or_fail(int fd, off_t size) {
  return fails(Call::truncate) ? -1 : ::ftruncate(fd, size);
}
void* map_or_fail(void* at, std::size_t size, int protection, int flags, int fd, off_t offset) {
  return fails(Call::map) ? MAP_FAILED : ::mmap(at, size, protection, flags, fd, offset);
}
int status_or_fail(int fd, struct stat* status) {
  return fails(Call::status) ? -1 : ::fstat(fd, status);
}
int sync_or_fail(int fd, long number) {
  return fails(Call::sync) ? -1 : static_cast<int>(::syscall(number, fd));
}

struct Replaced {
  const char* name;
  sqlite3_syscall_ptr call;
};

template <class Function>
sqlite3_syscall_ptr pointer(Function* function) {
  return reinterpret_cast<sqlite3_syscall_ptr>(function);
}

std::vector<Replaced> replaced_calls() {
  return {{"pread", pointer(&read_or_fail)},         {"pread64", pointer(&read_or_fail)},
          {"pwrite", pointer(&write_or_fail)},       {"pwrite64", pointer(&write_or_fail)},
          {"ftruncate", pointer(&truncate_or_fail)}, {"mmap", pointer(&map_or_fail)},
          {"fstat", pointer(&status_or_fail)}};
}

// The calls of SQLite come by here while it lives.
class WatchedCalls {
 public:
  WatchedCalls() {
    for (const Replaced& each : replaced_calls()) {
      set(each.name, each.call);
    }
  }
  ~WatchedCalls() {
    failure = {};
    for (const Replaced& each : replaced_calls()) {
      set(each.name, nullptr);
    }
  }
  WatchedCalls(const WatchedCalls&) = delete;
  WatchedCalls& operator=(const WatchedCalls&) = delete;

 private:
  static void set(const char* name, sqlite3_syscall_ptr call) {
    sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
    vfs->xSetSystemCall(vfs, name, call);  // it has not both of pread and pread64
  }
};

// Two owners use a store while its disk fails, and afterwards.
class Use {
 public:
  // `failure_code`: of what is told.
  Use(std::filesystem::path path, errc failure_code)
      : path_(std::move(path)), failure_code_(failure_code) {}

  // Opens the store and goes through `rounds` of all verbs. True: something was told.
  bool run(int rounds) {
    if (!open()) {
      return true;
    }
    for (int i = 0; i < rounds && !is_told_; ++i) {
      go_round();
    }
    return is_told_;
  }

  // The disk is whole again.
  void expect_whole() {
    ASSERT_TRUE(requester_ || open());
    static_cast<void>(requester_->release(mine_));
    static_cast<void>(requester_->release(other_));
    EXPECT_FALSE(requester_->inspect(mine_.key)) << "nobody has it";
    EXPECT_EQ(requester_->attempt(mine_).outcome, AttemptReplyStatus::granted);
    LocalRequester another(path_);
    EXPECT_EQ(another.attempt(other_).outcome, AttemptReplyStatus::busy);
    EXPECT_EQ(another.attempt({.key = "another"}).outcome, AttemptReplyStatus::granted);
    EXPECT_EQ(requester_->release(mine_), ReleaseReplyStatus::released);
    EXPECT_EQ(integrity_of(path_), "ok");
  }

 private:
  void told(const std::error_code& code, const std::string& message) {
    is_told_ = true;
    EXPECT_EQ(code, failure_code_) << message;
  }

  bool open() {
    try {
      requester_.emplace(path_);
    } catch (const StoreError& error) {
      told(error.code(), error.what());
    }
    return requester_.has_value();
  }

  // None: it was told that it is not known.
  std::optional<bool> is_granted(const LocalWish& wish) {
    const auto answer = requester_->attempt_now(wish);
    if (const auto* failure = std::get_if<StoreFailure>(&answer)) {
      told(failure->code, failure->message);
      return failure->may_have_run ? std::nullopt : std::optional(false);
    }
    return std::get<AttemptReply>(answer).outcome == AttemptReplyStatus::granted;
  }

  void release(const LocalWish& wish, std::optional<bool> is_held) {
    const auto answer = requester_->release_now(wish);
    if (const auto* failure = std::get_if<StoreFailure>(&answer)) {
      told(failure->code, failure->message);
    } else if (is_held) {
      EXPECT_EQ(std::get<ReleaseReply>(answer).verdict == ReleaseReplyStatus::released, *is_held);
    }
  }

  void go_round() {
    mine_.owner = new_local_owner();
    other_.owner = new_local_owner();
    const auto is_mine = is_granted(mine_);
    const auto is_others = is_granted(other_);
    EXPECT_FALSE(is_mine.value_or(false) && is_others.value_or(false)) << "two have it";
    if (is_mine == false && is_others == false) {
      EXPECT_TRUE(is_told_) << "somebody has it, or was told why not";
    }
    try {
      EXPECT_TRUE(requester_->refresh(mine_) == RefreshReplyStatus::refreshed || is_mine != true);
    } catch (const StoreError& error) {
      told(error.code(), error.what());
    }
    release(other_, is_others);
    release(mine_, is_mine);
  }

  const std::filesystem::path path_;
  const errc failure_code_;
  std::optional<LocalRequester> requester_;
  LocalWish mine_;
  LocalWish other_;
  bool is_told_ = false;
};

// So many that the log is copied back in between.
constexpr int rounds = 500;

struct FailingCall {
  const char* name;
  Call call;
  errc code = errc::store_unavailable;
  bool must_be_told = true;  // by somebody; SQLite can do without some
};

class LocalIo : public testing::TestWithParam<FailingCall> {
 protected:
  // How many calls of this kind there are when none fails.
  [[nodiscard]] long calls() const {
    const TemporaryDirectory directory;
    failure = {.call = GetParam().call};
    EXPECT_FALSE(Use(directory.path(), GetParam().code).run(rounds));
    return failure.seen;
  }

  const WatchedCalls watched_;
};

TEST_P(LocalIo, FailsOnceOrForGoodAndWhatIsToldIsTrue) {
  const long all = calls();
  ASSERT_GT(all, 0) << "this SQLite makes no such call";
  constexpr long at_each_end = 40;  // opening; and the log that is copied back, or after it
  int told = 0;
  for (long spared = 0; spared < all && !HasFailure(); ++spared) {
    if (spared == at_each_end && all > 2 * at_each_end) {
      spared = all - at_each_end;
    }
    for (const bool is_lasting : {false, true}) {
      SCOPED_TRACE("call " + std::to_string(spared) + (is_lasting ? " and all after it" : ""));
      const TemporaryDirectory directory;
      Use use(directory.path(), GetParam().code);
      failure = {.call = GetParam().call, .spared = spared, .is_lasting = is_lasting};
      told += use.run(rounds) ? 1 : 0;
      failure = {};
      use.expect_whole();
    }
  }
  EXPECT_TRUE(told > 0 || !GetParam().must_be_told);
}

INSTANTIATE_TEST_SUITE_P(
    Calls, LocalIo,
    testing::Values(
        // What cannot be read may be damaged.
        FailingCall{"pread", Call::read, errc::store_corrupt}, FailingCall{"pwrite", Call::write},
        FailingCall{"ftruncate", Call::truncate, errc::store_unavailable, false},
        FailingCall{"mmap", Call::map}, FailingCall{"fstat", Call::status},
        FailingCall{"fsync", Call::sync}),
    [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace exclusive_lock::live

extern "C" {

__attribute__((visibility("default"))) int fsync(int fd) {
  return exclusive_lock::live::sync_or_fail(fd, SYS_fsync);
}

__attribute__((visibility("default"))) int fdatasync(int fd) {
  return exclusive_lock::live::sync_or_fail(fd, SYS_fdatasync);
}

}  // extern "C"
