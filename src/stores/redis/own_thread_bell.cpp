#include "stores/redis/own_thread_bell.hpp"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <system_error>

namespace exclusive_lock::redis {
OwnThreadBell::OwnThreadBell()
    : alarm_(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)) {
  if (alarm_ < 0) {
    throw std::system_error(errno, std::generic_category(), "timerfd_create");
  }
  for (const int each : {rings_.descriptor(), alarm_}) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = each}};
    if (::epoll_ctl(news.descriptor(), EPOLL_CTL_ADD, each, &event) != 0) {
      const int error = errno;
      ::close(alarm_);
      throw std::system_error(error, std::generic_category(), "epoll_ctl");
    }
  }
}

OwnThreadBell::~OwnThreadBell() { ::close(alarm_); }

void OwnThreadBell::wait() const {
  std::array<epoll_event, 4> events{};
  const int count =
      ::epoll_wait(news.descriptor(), events.data(), static_cast<int>(events.size()), -1);
  for (int i = 0; i < count; ++i) {
    if (events[i].data.fd == rings_.descriptor()) {
      rings_.silence();
    } else if (events[i].data.fd == alarm_) {
      std::uint64_t count_of_alarms = 0;
      static_cast<void>(::read(alarm_, &count_of_alarms, sizeof count_of_alarms));
    }
  }
}

void OwnThreadBell::set_alarm(Instant at) {
  if (alarm_at_ && *alarm_at_ <= at && *alarm_at_ > BootClock::now()) {
    return;
  }
  alarm_at_ = at;
  // An instant that has passed is now; zero would be never.
  const auto time = std::max(at.time_since_epoch(), Instant::duration(1));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const itimerspec setting{
      .it_interval = {},
      .it_value = {.tv_sec = seconds.count(),
                   .tv_nsec = std::chrono::nanoseconds(time - seconds).count()}};
  ::timerfd_settime(alarm_, TFD_TIMER_ABSTIME, &setting, nullptr);
}

}  // namespace exclusive_lock::redis
