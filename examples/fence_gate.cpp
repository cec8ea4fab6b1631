// A resource within one process that refuses writes of earlier holders.
#include <cstdio>
#include <exclusive_lock/exclusive_lock.hpp>
#include <mutex>
#include <string>
#include <utility>

class Report {
 public:
  // False: a later holder has written already.
  bool write(exclusive_lock::Fence fence, std::string text) {
    const std::scoped_lock step(mutex_);  // check and write are one step
    if (!gate_.admit(fence)) {
      return false;
    }
    text_ = std::move(text);
    return true;
  }

  const std::string& text() const { return text_; }

 private:
  std::mutex mutex_;
  exclusive_lock::FenceGate gate_;
  std::string text_;
};

int main(int argc, char** argv) {
  const auto store = exclusive_lock::connect(argc > 1 ? argv[1] : "local:");
  exclusive_lock::ExclusiveLock lock({.app_name = "report", .cache_connection = store});
  Report report;

  if (!lock.acquire()) {
    return 1;
  }
  // value() throws if the hold is over. Imagine that this worker is paused here until it is.
  const auto paused = lock.fence().value();
  lock.release();
  if (!lock.acquire()) {
    return 1;
  }
  const bool is_written = report.write(lock.fence().value(), "by the new holder");
  const bool is_late_written = report.write(paused, "by the earlier holder");
  std::printf("the report was written %s\n", report.text().c_str());
  return is_written && !is_late_written ? 0 : 1;
}
