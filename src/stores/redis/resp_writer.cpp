#include "stores/redis/resp_writer.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>

namespace exclusive_lock::redis {
namespace {

// "<kind><number>\r\n"
char* put_number(char* to, char kind, std::size_t number) {
  *to++ = kind;
  if (number < 10) {  // most words are short
    *to++ = static_cast<char>('0' + number);
  } else {
    to = std::to_chars(to, to + std::numeric_limits<std::size_t>::digits10 + 1, number).ptr;
  }
  return std::ranges::copy(std::string_view("\r\n"), to).out;
}

}  // namespace

void append_command(std::string& to, const Command& command) {
  constexpr std::size_t max_framing = 26;
  std::size_t max_size = max_framing;
  for (const std::string_view word : command) {
    max_size += word.size() + max_framing;
  }
  const std::size_t begin = to.size();
  if (to.capacity() - begin < max_size) {
    to.reserve(std::max(begin + max_size, 2 * to.capacity()));
  }
  to.resize(begin + max_size);
  char* at = put_number(to.data() + begin, '*', command.size());
  for (const std::string_view word : command) {
    at = put_number(at, '$', word.size());
    at = std::ranges::copy(word, at).out;
    at = std::ranges::copy(std::string_view("\r\n"), at).out;
  }
  to.resize(static_cast<std::size_t>(at - to.data()));
}

}  // namespace exclusive_lock::redis
