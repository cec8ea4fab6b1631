#pragma once
// Texts, one behind the other in one piece of memory: a refresh has hundreds of them.

#include <array>
#include <boost/container/small_vector.hpp>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

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
  void add(std::string_view word) { add({word}); }
  void add(std::integral auto number) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    add(std::string_view(digits.data(), end));
  }
  // One word of several parts.
  void add(std::initializer_list<std::string_view> parts) {
    for (const std::string_view part : parts)
      text_.append(part);
    ends_.push_back(text_.size());
  }

  [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
  // Good until the next word is added.
  [[nodiscard]] std::string_view operator[](std::size_t place) const {
    const std::size_t begin = place == 0 ? 0 : ends_[place - 1];
    return std::string_view(text_).substr(begin, ends_[place] - begin);
  }
  // All of them, behind what is in `to`; good for as long.
  void append_to(auto& to) const {
    std::size_t begin = 0;
    for (const std::size_t end : ends_) {
      to.push_back(std::string_view(text_).substr(begin, end - begin));
      begin = end;
    }
  }

  friend bool operator==(const Words&, const Words&) = default;

 private:
  std::string text_;
  boost::container::small_vector<std::size_t, 10> ends_;  // of each, in text_; most have no more
};

}  // namespace exclusive_lock::redis
