#pragma once
// A descriptor that is readable while one of its sockets is, and while it is told to be: what an
// event loop of the program's watches. It stays the same when connections come and go, and nobody
// who has a copy of it keeps their sockets open.
//
// It is an epoll(7) instance in which nobody waits. Everything but descriptor() on the loop's
// thread.

#include <set>

namespace exclusive_lock::redis {

class NewsDescriptor {
 public:
  NewsDescriptor();  // throws std::system_error
  ~NewsDescriptor();
  NewsDescriptor(const NewsDescriptor&) = delete;
  NewsDescriptor& operator=(const NewsDescriptor&) = delete;

  [[nodiscard]] int descriptor() const noexcept { return epoll_; }

  void add(int socket);
  // After which it may be closed.
  void remove(int socket);
  // Whether it tells at all; at first it does not.
  void tell(bool of_news);

 private:
  void set(int operation, int socket) const;

  const int epoll_;
  std::set<int> sockets_;
  bool tells_ = false;
};

}  // namespace exclusive_lock::redis
