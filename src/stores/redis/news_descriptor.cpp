#include "stores/redis/news_descriptor.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace exclusive_lock::redis {

NewsDescriptor::NewsDescriptor() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_create1");
  }
}

NewsDescriptor::~NewsDescriptor() { ::close(epoll_); }

void NewsDescriptor::add(int socket) {
  sockets_.insert(socket);
  set(EPOLL_CTL_ADD, socket);
}

void NewsDescriptor::remove(int socket) {
  if (sockets_.erase(socket) > 0) {
    set(EPOLL_CTL_DEL, socket);
  }
}

void NewsDescriptor::turn(bool on) {
  if (std::exchange(is_on_, on) == on) {
    return;
  }
  for (const int socket : sockets_) {
    set(EPOLL_CTL_MOD, socket);
  }
}

void NewsDescriptor::set(int operation, int socket) const {
  epoll_event event{.events = is_on_ ? EPOLLIN : 0U, .data = {.fd = socket}};
  ::epoll_ctl(epoll_, operation, socket, &event);
}

}  // namespace exclusive_lock::redis
