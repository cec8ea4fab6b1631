#pragma once
// A text that many lock objects share: there is one copy of it.

#include <memory>
#include <string>
#include <utility>

namespace exclusive_lock {

class SharedText {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): it is used like a std::string.
  SharedText(std::string text) : text_(std::make_shared<const std::string>(std::move(text))) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  SharedText(const char* text) : SharedText(std::string(text)) {}

  [[nodiscard]] const std::string& operator*() const noexcept { return *text_; }

 private:
  std::shared_ptr<const std::string> text_;  // not null
};

}  // namespace exclusive_lock
