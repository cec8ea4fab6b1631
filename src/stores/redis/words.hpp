#pragma once
// Texts, one behind the other in one piece of memory: a refresh has hundreds of them.

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace exclusive_lock::redis {

class Words {
 public:
  Words() = default;
  Words(std::initializer_list<std::string_view> words) {
    std::size_t bytes = 0;
    for (const std::string_view word : words)
      bytes += word.size();
    reserve(words.size(), bytes);
    for (const std::string_view word : words)
      add(word);
  }

  // For so many in all.
  void reserve(std::size_t words, std::size_t bytes) {
    ends_.reserve(words);
    text_.reserve(bytes);
  }
  void add(std::string_view word) { add(word, {}); }
  // One word of two parts.
  void add(std::string_view begin, std::string_view rest) {
    text_.append(begin).append(rest);
    ends_.push_back(text_.size());
  }

  [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
  // All of them, behind what is in `to`. Good until the next word is added here.
  void append_to(std::vector<std::string_view>& to) const {
    std::size_t begin = 0;
    for (const std::size_t end : ends_) {
      to.push_back(std::string_view(text_).substr(begin, end - begin));
      begin = end;
    }
  }

 private:
  std::string text_;
  std::vector<std::size_t> ends_;  // of each, in text_
};

}  // namespace exclusive_lock::redis
