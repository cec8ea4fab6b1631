#pragma once
// What the parser of Boost.Redis asks before it reads a size (cmake/MendBoostRedis.cmake).

#include <boost/redis/resp3/type.hpp>
#include <string_view>

namespace exclusive_lock {

// Fewer than 2^63 of anything, so that twice as many, or two more, are no overflow.
inline constexpr std::size_t most_size_digits = 18;

// Whether `text` can stand behind the byte of this type. False: it announces a size, and is none of
// 1 to 18 digits, or is part of a streamed string, which no server that we know sends.
inline bool is_sound_size(boost::redis::resp3::type type, std::string_view text) {
  using Type = boost::redis::resp3::type;
  switch (type) {
    case Type::array:
    case Type::push:
    case Type::set:
    case Type::map:
    case Type::attribute:
    case Type::blob_error:
    case Type::verbatim_string:
    case Type::blob_string:
      return !text.empty() && text.size() <= most_size_digits &&
             text.find_first_not_of("0123456789") == std::string_view::npos;
    case Type::streamed_string:
    case Type::streamed_string_part:
      return false;
    case Type::simple_string:
    case Type::simple_error:
    case Type::number:
    case Type::doublean:
    case Type::boolean:
    case Type::big_number:
    case Type::null:
    case Type::invalid:
      return true;
  }
  return true;
}

}  // namespace exclusive_lock
