#pragma once
// The end of something, as a thread that waits for it sees it.

#include <functional>

namespace exclusive_lock {

class Awaited {
 public:
  virtual ~Awaited() = default;

  // Blocks until it has come.
  virtual void wait() = 0;
  // `come` is called once when it comes, on the thread that brings it, or inline where it has come
  // already; never after another call of this one, with null for nobody, has returned. It must not
  // block, nor call back.
  virtual void tell(std::function<void()> come) = 0;
};

}  // namespace exclusive_lock
