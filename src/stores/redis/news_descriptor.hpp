#pragma once
// A descriptor that is readable while it is switched on and one of its sockets is: what a thread
// waits for that does not run the loop, and what an event loop of the program's watches. It stays
// the same when connections come and go, and nobody who has a copy of it keeps their sockets open.
//
// It is an epoll(7) instance. Everything but descriptor() by one thread at a time.

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
  // At first it is off.
  void turn(bool on);

 private:
  void set(int operation, int socket) const;

  const int epoll_;
  std::set<int> sockets_;
  bool is_on_ = false;
};

}  // namespace exclusive_lock::redis
