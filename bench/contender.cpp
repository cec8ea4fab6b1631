#include "contender.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "exclusive_lock/error.hpp"
#include "exclusive_lock/exclusive_lock.hpp"
#include "floor_lock.hpp"
#include "system_call.hpp"

namespace exclusive_lock::bench {
namespace {

class LibraryContender final : public Contender {
 public:
  explicit LibraryContender(std::shared_ptr<Connection> connection)
      : lock_({.app_name = "contest", .cache_connection = std::move(connection)}) {}

  // A first request that the end of the measurement cuts off is none of its failures.
  bool enter(Instant deadline) override {
    std::error_code error;
    const bool has_entered = lock_.acquire_until(deadline, {}, error);
    if (error && error != errc::outcome_unknown) {
      throw std::system_error(error, "a lock could not be entered");
    }
    return has_entered;
  }
  void leave() override {
    if (lock_.release() != ReleaseOutcome::released) {
      throw std::runtime_error("a lock that was entered could not be released");
    }
  }

 private:
  ExclusiveLock lock_;
};

// 1: it had been passed on to who gave up, who now has to pass it on.
constexpr const char* give_up_script = R"(
if redis.call('LREM', KEYS[2], 1, ARGV[1]) == 1 then return 0 end
return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0)";

class QueueContender final : public Contender {
 public:
  QueueContender(std::uint16_t port, std::int64_t client)
      : client_(std::to_string(client)), commands_(port), pushes_(port) {
    join_ = load(join_script);
    pass_ = load(pass_script);
    give_up_ = load(give_up_script);
    pushes_.ask({"SUBSCRIBE", "floor-" + client_});
  }

  bool enter(Instant deadline) override {
    name_ = client_ + ":" + std::to_string(++tries_);
    if (call(join_)->integer == 1) {
      return true;
    }
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - BootClock::now());
      if (!pushes_.wait_readable(left)) {
        break;
      }
      const FloorReply push = pushes_.next();
      constexpr std::size_t payload = 2;  // behind "message" and the channel
      if (push->elements > payload && push->element[payload]->str == name_) {
        // A push proves nothing: it asks.
        const FloorReply holder =
            commands_.ask(std::vector<std::string_view>{"GET", "{floor}:lock"});
        return holder->str != nullptr && holder->str == name_;
      }
    }
    if (call(give_up_)->integer == 1) {
      leave();
    }
    return false;
  }

  void leave() override {
    if (call(pass_)->integer != 1) {
      throw std::runtime_error("the floor's lock was not its holder's");
    }
  }

 private:
  std::string load(const char* script) { return commands_.ask({"SCRIPT", "LOAD", script})->str; }
  FloorReply call(const std::string& sha) {
    return commands_.ask({"EVALSHA", sha, "2", "{floor}:lock", "{floor}:queue", name_});
  }

  std::string client_;
  FloorClient commands_;
  FloorClient pushes_;
  std::string join_;
  std::string pass_;
  std::string give_up_;
  std::string name_;
  std::uint64_t tries_ = 0;
};

class ScriptsContender final : public Contender {
 public:
  ScriptsContender(std::uint16_t port, std::int64_t client) : commands_(port), pushes_(port) {
    const std::string channel = "exclusive-lock:push:floor-" + std::to_string(client);
    waiter_ = floor_waiter("contest", "client-" + std::to_string(client), channel);
    load_scripts(commands_);
    pushes_.ask({"SUBSCRIBE", channel});
  }

  bool enter(Instant deadline) override {
    if (is_granted(*commands_.ask(waiter_.acquire))) {
      return true;
    }
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - BootClock::now());
      if (!pushes_.wait_readable(left)) {
        // Leaves the queue, or releases what it was granted just now.
        commands_.ask(waiter_.release);
        return false;
      }
      pushes_.next();
      if (is_granted(*commands_.ask(waiter_.heartbeat))) {
        return true;
      }
    }
  }

  void leave() override { require_released(*commands_.ask(waiter_.release)); }

 private:
  FloorClient commands_;
  FloorClient pushes_;
  FloorWaiter waiter_;
};

class FlockContender final : public Contender {
 public:
  explicit FlockContender(const std::filesystem::path& file)
      : descriptor_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    if (descriptor_ < 0) {
      throw_errno(file.string());
    }
  }
  ~FlockContender() override { ::close(descriptor_); }
  FlockContender(const FlockContender&) = delete;
  FlockContender& operator=(const FlockContender&) = delete;

  // Has no deadline; holders leave soon, and the kernel releases for those that die.
  bool enter(Instant) override {
    change(LOCK_EX);
    return true;
  }
  void leave() override { change(LOCK_UN); }

 private:
  void change(int operation) {
    while (::flock(descriptor_, operation) != 0) {
      if (errno != EINTR) {
        throw_errno("flock");
      }
    }
  }

  int descriptor_;
};

}  // namespace

std::unique_ptr<Contender> library_contender(std::shared_ptr<Connection> connection) {
  return std::make_unique<LibraryContender>(std::move(connection));
}

std::unique_ptr<Contender> queue_contender(std::uint16_t port, std::int64_t client) {
  return std::make_unique<QueueContender>(port, client);
}

std::unique_ptr<Contender> scripts_contender(std::uint16_t port, std::int64_t client) {
  return std::make_unique<ScriptsContender>(port, client);
}

std::unique_ptr<Contender> flock_contender(const std::filesystem::path& file) {
  return std::make_unique<FlockContender>(file);
}

}  // namespace exclusive_lock::bench
