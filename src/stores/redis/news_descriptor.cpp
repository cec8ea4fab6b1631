#include "stores/redis/news_descriptor.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace exclusive_lock::redis {

NewsDescriptor::NewsDescriptor() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_create1");
  }
}

NewsDescriptor::~NewsDescriptor() { ::close(epoll_); }

bool NewsDescriptor::add(int socket) {
  sockets_[socket] = false;
  return set(EPOLL_CTL_ADD, socket, false);
}

void NewsDescriptor::remove(int socket) {
  if (sockets_.erase(socket) > 0) {
    set(EPOLL_CTL_DEL, socket, false);
  }
}

void NewsDescriptor::turn(int socket, bool on) {
  if (std::exchange(sockets_[socket], on) != on) {
    set(EPOLL_CTL_MOD, socket, on);
  }
}

bool NewsDescriptor::set(int operation, int socket, bool on) const {
  const std::uint32_t events = on ? EPOLLIN : EPOLLRDHUP;
  epoll_event event{.events = events, .data = {.fd = socket}};
  return ::epoll_ctl(epoll_, operation, socket, &event) == 0;
}

}  // namespace exclusive_lock::redis
