#include "stores/redis/io_thread_sleep.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <system_error>

namespace exclusive_lock::redis {
namespace {

bool control(int epoll, int operation, int socket, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.fd = socket}};
  return ::epoll_ctl(epoll, operation, socket, &event) == 0;
}

}  // namespace

OwnedDescriptor::OwnedDescriptor(int descriptor, const char* call) : descriptor_(descriptor) {
  if (descriptor < 0) {
    throw std::system_error(errno, std::generic_category(), call);
  }
}

OwnedDescriptor::~OwnedDescriptor() { ::close(descriptor_); }

WakeUpDescriptor::WakeUpDescriptor()
    : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd") {}

void WakeUpDescriptor::wake_up() const noexcept {
  const std::uint64_t one = 1;
  static_cast<void>(::write(descriptor(), &one, sizeof one));
}

void WakeUpDescriptor::silence() const noexcept {
  std::uint64_t count = 0;
  static_cast<void>(::read(descriptor(), &count, sizeof count));  // EAGAIN: it was silent
}

IoThreadSleep::IoThreadSleep()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1"),
      alarm_(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create") {
  for (const int each : {wake_up_.descriptor(), alarm_.get()}) {
    if (!control(epoll_.get(), EPOLL_CTL_ADD, each, EPOLLIN)) {
      throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
  }
}

void IoThreadSleep::until_event() const {
  std::array<epoll_event, 4> events{};
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
  for (int i = 0; i < count; ++i) {
    if (events[i].data.fd == wake_up_.descriptor()) {
      wake_up_.silence();
    } else if (events[i].data.fd == alarm_.get()) {
      std::uint64_t expirations = 0;
      static_cast<void>(::read(alarm_.get(), &expirations, sizeof expirations));
    }
  }
}

void IoThreadSleep::until_woken() const {
  pollfd woken{.fd = wake_up_.descriptor(), .events = POLLIN, .revents = 0};
  ::poll(&woken, 1, -1);
  wake_up_.silence();
}

bool IoThreadSleep::add(int socket) const {
  return control(epoll_.get(), EPOLL_CTL_ADD, socket, EPOLLRDHUP);
}

void IoThreadSleep::remove(int socket) const { control(epoll_.get(), EPOLL_CTL_DEL, socket, 0); }

void IoThreadSleep::watch(int socket, bool on) const {
  control(epoll_.get(), EPOLL_CTL_MOD, socket, on ? EPOLLIN : EPOLLRDHUP);
}

void IoThreadSleep::set_alarm(Instant at) {
  if (at == Instant::max() || (alarm_at_ && *alarm_at_ <= at && *alarm_at_ > BootClock::now())) {
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
  ::timerfd_settime(alarm_.get(), TFD_TIMER_ABSTIME, &setting, nullptr);
}

}  // namespace exclusive_lock::redis
