#pragma once
// An eventfd(2): readable from wake_up() on, until silence().

namespace exclusive_lock::redis {

class WakeUpDescriptor {
 public:
  WakeUpDescriptor();  // throws std::system_error
  ~WakeUpDescriptor();
  WakeUpDescriptor(const WakeUpDescriptor&) = delete;
  WakeUpDescriptor& operator=(const WakeUpDescriptor&) = delete;

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  // Both: any thread.
  void wake_up() const noexcept;
  void silence() const noexcept;

 private:
  const int descriptor_;
};

}  // namespace exclusive_lock::redis
