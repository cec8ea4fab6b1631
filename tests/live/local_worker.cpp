// A process that uses the embedded store as it is told. Run by the tests of tests/live/local_*.
//
//   local_worker DIRECTORY once KEY       every verb once; stops itself first for whoever traces it
//   local_worker DIRECTORY open KEY       opens the store and acquires; stops itself first
//   local_worker DIRECTORY loop KEY       attempt, refresh and release without end
//   local_worker DIRECTORY hold KEY       attempt; ends at the end of its input without a release
//   local_worker DIRECTORY detached KEY   the same with a detached record
//   local_worker DIRECTORY fork KEY       as hold, but it is a child made by fork, which has done
//                                         nothing with the store, that waits for the end of the
//                                         input; prints its pid
//   local_worker DIRECTORY contend KEY N  takes the lock N times, trying for it; checks that it is
//                                         alone
//   local_worker DIRECTORY fill KEY       takes locks until files of 256 KiB are full, then
//                                         releases KEY
//   local_worker DIRECTORY wait KEY       waits in the queue; prints "waiting POSITION" and, when
//   it
//                                         gets a wake-up, "pushed OWNER"; releases at the end of
//                                         input
//   local_worker DIRECTORY queue KEY      every verb of the queue once; stops itself first
//   local_worker DIRECTORY rounds KEY N   takes the lock N times, waiting for it; checks that it is
//                                         alone
//
// Prints "fence N" after each grant. Ends by _exit: as if killed, nothing is closed or released.

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include "core/record_codec.hpp"
#include "live/local_requester.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

void say(const std::string& text) {
  const std::string line = text + "\n";
  if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    ::_exit(3);  // nobody listens any more
  }
}

void wait_for_end_of_input() {
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
}

void must(bool condition, const char* what) {
  if (!condition) {
    throw std::runtime_error(what);
  }
}

Fence take(LocalRequester& requester, const LocalWish& wish) {
  const AttemptReply reply = requester.attempt(wish);
  must(reply.outcome == AttemptReplyStatus::granted, "the lock is not free");
  say("fence " + std::to_string(reply.fence.value));
  return reply.fence;
}

void once(const fs::path& directory, const std::string& key) {
  ::raise(SIGSTOP);
  LocalRequester requester(directory);
  const LocalWish wish{.key = key};
  take(requester, wish);
  must(requester.refresh(wish) == RefreshReplyStatus::refreshed, "not refreshed");
  must(requester.inspect(key).has_value(), "not inspected");
  must(requester.list(key).records.size() == 1, "not listed");
  must(requester.release(wish) == ReleaseReplyStatus::released, "not released");
  take(requester, wish);
  must(requester.remove(key, requester.inspect(key).value().value), "not removed");
  requester.store().close();
}

void open(const fs::path& directory, const std::string& key) {
  ::raise(SIGSTOP);
  LocalRequester requester(directory);
  take(requester, {.key = key});
}

void loop(const fs::path& directory, const std::string& key) {
  LocalRequester requester(directory);
  LocalWish wish{.key = key};
  while (true) {
    ++wish.owner.ticket;
    // Long contents at times, so that a record stands in two tables.
    wish.contents = '"' + std::string(wish.owner.ticket % 4 == 0 ? 5000 : 5, 'x') + '"';
    take(requester, wish);
    must(requester.refresh(wish) == RefreshReplyStatus::refreshed, "not refreshed");
    if (wish.owner.ticket % 3 != 0) {  // the others are taken over
      must(requester.release(wish) == ReleaseReplyStatus::released, "not released");
    }
  }
}

void hold(const fs::path& directory, const LocalWish& wish) {
  LocalRequester requester(directory);
  take(requester, wish);
  wait_for_end_of_input();
  ::_exit(0);
}

void fork_and_wait(const fs::path& directory, const std::string& key) {
  LocalRequester requester(directory);
  take(requester, {.key = key});
  const pid_t child = ::fork();
  must(child >= 0, "cannot fork");
  if (child == 0) {
    wait_for_end_of_input();
    ::_exit(0);
  }
  say(std::to_string(child));
  while (true) {
    ::pause();
  }
}

void contend(const fs::path& directory, const std::string& key, int times) {
  LocalRequester requester(directory);
  const fs::path marker = directory / "somebody-holds-it";
  LocalWish wish{.key = key};
  for (int i = 0; i < times; ++i) {
    AttemptReply reply{};
    do {
      ++wish.owner.ticket;
      reply = requester.attempt(wish);
      std::this_thread::yield();
    } while (reply.outcome == AttemptReplyStatus::busy);
    must(reply.outcome == AttemptReplyStatus::granted, "neither granted nor busy");
    const int fd = ::open(marker.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    must(fd >= 0, "somebody else holds the lock too");
    say("fence " + std::to_string(reply.fence.value));
    ::close(fd);
    must(::unlink(marker.c_str()) == 0, "the marker is gone");
    must(requester.release(wish) == ReleaseReplyStatus::released, "not released");
  }
}

// Everything that waiting does, within one store; with long contents, so that all tables take part.
void queue(const fs::path& directory, const std::string& key) {
  ::raise(SIGSTOP);
  LocalRequester requester(directory);
  requester.store().listen({.wake_up = [](const WakeUp&) {}, .pushes_resumed = [] {}});
  const LocalWish first{.key = key};
  LocalWish second{
      .key = key, .contents = '"' + std::string(5000, 'x') + '"', .wait_options = long_wait};
  take(requester, first);
  must(requester.attempt(second).outcome == AttemptReplyStatus::waiting, "not in the queue");
  must(requester.heartbeat(second).outcome == HeartbeatReplyStatus::waiting, "not waiting");
  must(requester.release(first) == ReleaseReplyStatus::released, "not released");
  const HeartbeatReply handed = requester.heartbeat(second);
  must(handed.outcome == HeartbeatReplyStatus::granted, "not handed over");
  say("fence " + std::to_string(handed.fence.value));
  const LocalWish third{.key = key, .wait_options = long_wait};
  must(requester.attempt(third).outcome == AttemptReplyStatus::waiting, "not in the queue");
  must(requester.release(third) == ReleaseReplyStatus::left, "it did not leave");
  must(requester.release(second) == ReleaseReplyStatus::released, "not released");
  requester.store().close();
}

void wait(const fs::path& directory, const std::string& key) {
  LocalRequester requester(directory);
  requester.store().listen(
      {.wake_up = [](const WakeUp& wake_up) { say("pushed " + owner_text(wake_up.owner)); },
       .pushes_resumed = [] {}});
  const LocalWish wish{.key = key, .wait_options = long_wait};
  const AttemptReply reply = requester.attempt(wish);
  must(reply.outcome == AttemptReplyStatus::waiting, "not in the queue");
  say("waiting " + std::to_string(reply.position));
  wait_for_end_of_input();
  must(requester.release(wish) != ReleaseReplyStatus::not_owner, "neither record nor entry");
}

// Starts at a push, and looks for itself after a while without one: as every waiter does.
void rounds(const fs::path& directory, const std::string& key, int times) {
  LocalRequester requester(directory);
  std::mutex mutex;
  std::condition_variable is_pushed;
  Ticket pushed = 0;
  requester.store().listen({.wake_up =
                                [&](const WakeUp& wake_up) {
                                  const std::lock_guard guard(mutex);
                                  pushed = wake_up.owner.ticket;
                                  is_pushed.notify_one();
                                },
                            .pushes_resumed = [] {}});
  const fs::path marker = directory / "somebody-holds-it";
  LocalWish wish{.key = key, .wait_options = long_wait};
  for (int i = 0; i < times; ++i) {
    ++wish.owner.ticket;
    const AttemptReply reply = requester.attempt(wish);
    Fence fence = reply.fence;
    if (reply.outcome == AttemptReplyStatus::waiting) {
      HeartbeatReply heartbeat{.outcome = HeartbeatReplyStatus::waiting};
      while (heartbeat.outcome == HeartbeatReplyStatus::waiting) {
        std::unique_lock guard(mutex);
        is_pushed.wait_for(guard, 100ms, [&] { return pushed == wish.owner.ticket; });
        guard.unlock();
        heartbeat = requester.heartbeat(wish);
      }
      must(heartbeat.outcome == HeartbeatReplyStatus::granted, "its entry is gone");
      fence = heartbeat.fence;
    } else {
      must(reply.outcome == AttemptReplyStatus::granted, "neither granted nor waiting");
    }
    const int fd = ::open(marker.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    must(fd >= 0, "somebody else holds the lock too");
    say("fence " + std::to_string(fence.value));
    ::close(fd);
    must(::unlink(marker.c_str()) == 0, "the marker is gone");
    must(requester.release(wish) == ReleaseReplyStatus::released, "not released");
  }
  requester.store().close();
}

void fill(const fs::path& directory, const std::string& key) {
  const rlimit limit{.rlim_cur = 256 * 1024, .rlim_max = 256 * 1024};
  must(::setrlimit(RLIMIT_FSIZE, &limit) == 0, "cannot limit the size of files");
  LocalRequester requester(directory);
  const LocalWish first{.key = key};
  take(requester, first);
  for (int i = 0; i < 1000; ++i) {
    const auto answer = requester.attempt_now(
        {.key = key + std::to_string(i), .contents = '"' + std::string(10'000, 'x') + '"'});
    if (const auto* failure = std::get_if<StoreFailure>(&answer)) {
      must(failure->code == errc::store_full, failure->message.c_str());
      must(!failure->may_have_run, "a full store has not carried out anything");
      say(failure->message);
      must(requester.refresh(first) == RefreshReplyStatus::refreshed, "not refreshed");
      must(requester.release(first) == ReleaseReplyStatus::released, "not released");
      must(requester.list(key).records.size() == static_cast<std::size_t>(i), "locks were lost");
      return;
    }
  }
  throw std::runtime_error("the store never was full");
}

int run(const fs::path& directory, const std::string& what, const std::string& key,
        const char* number) {
  if (what == "once") {
    once(directory, key);
  } else if (what == "open") {
    open(directory, key);
  } else if (what == "loop") {
    loop(directory, key);
  } else if (what == "hold") {
    hold(directory, {.key = key});
  } else if (what == "detached") {
    hold(directory, {.key = key, .detached = true});
  } else if (what == "fork") {
    fork_and_wait(directory, key);
  } else if (what == "contend" && number != nullptr) {
    contend(directory, key, std::atoi(number));
  } else if (what == "queue") {
    queue(directory, key);
  } else if (what == "wait") {
    wait(directory, key);
  } else if (what == "rounds" && number != nullptr) {
    rounds(directory, key, std::atoi(number));
  } else if (what == "fill") {
    fill(directory, key);
  } else {
    throw std::invalid_argument(what);
  }
  return 0;
}

}  // namespace
}  // namespace exclusive_lock::live

int main(int count, char** arguments) {
  try {
    if (count < 4) {
      throw std::invalid_argument("local_worker DIRECTORY WHAT KEY [N]");
    }
    ::_exit(exclusive_lock::live::run(arguments[1], arguments[2], arguments[3],
                                      count > 4 ? arguments[4] : nullptr));
  } catch (const std::exception& error) {
    std::cerr << "local_worker: " << error.what() << std::endl;
    ::_exit(1);
  }
}
