#pragma once
// A descriptor that is readable while one of its sockets is that is switched on, or was hung up:
// what a thread waits for that does not run the loop.
//
// It is an epoll(7) instance. Everything but descriptor() by one thread at a time.

#include <map>

namespace exclusive_lock::redis {

class NewsDescriptor {
 public:
  NewsDescriptor();  // throws std::system_error
  ~NewsDescriptor();
  NewsDescriptor(const NewsDescriptor&) = delete;
  NewsDescriptor& operator=(const NewsDescriptor&) = delete;

  [[nodiscard]] int descriptor() const noexcept { return epoll_; }

  // Switched off. False: the system refused it, and errno says why.
  [[nodiscard]] bool add(int socket);
  // After which it may be closed.
  void remove(int socket);
  // One that was added. Free where that changes nothing.
  void turn(int socket, bool on);

 private:
  bool set(int operation, int socket, bool on) const;

  const int epoll_;
  std::map<int, bool> sockets_;  // whether each is on
};

}  // namespace exclusive_lock::redis
