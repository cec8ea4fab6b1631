#include "stores/redis/resp_reader.hpp"

#include <algorithm>
#include <boost/redis/error.hpp>
#include <boost/redis/resp3/node.hpp>
#include <charconv>
#include <utility>

namespace exclusive_lock::redis {
namespace {

using NodeType = boost::redis::resp3::type;

// Fewer than 2^63 of anything, so that twice as many, or two more, are no overflow.
constexpr std::size_t max_size_digits = 18;

// Whether the parser may see the line that `bytes` begin with; of one that is not complete, whether
// it can still become such a line. False: it announces a size that is not 1 to 18 digits, or a part
// of a streamed string, which no server that we know sends.
bool is_sound_line(std::string_view bytes) {
  constexpr std::string_view types_with_size = "$!=*~%>|";
  if (bytes.empty() || bytes.front() == ';') {
    return bytes.empty();
  }
  if (types_with_size.find(bytes.front()) == std::string_view::npos) {
    return true;
  }
  const std::string_view size = bytes.substr(1, max_size_digits + 2);
  const std::size_t digits = std::min(size.find_first_not_of("0123456789"), size.size());
  const std::string_view end = bytes.substr(1 + digits, 2);
  return digits <= max_size_digits &&
         (end.empty() || (digits > 0 && std::string_view("\r\n").starts_with(end)));
}

// False: more than we take.
bool add_node(ReplyBuilder& builder, const boost::redis::resp3::node_view& node) {
  const auto value = [&node](Reply::Kind kind) {
    return Reply{.kind = kind, .text = std::string(node.value)};
  };
  switch (node.data_type) {
    case NodeType::array:
    case NodeType::set:
    case NodeType::push:
      return builder.add_array(node.aggregate_size, node.depth);
    case NodeType::map:
    case NodeType::attribute:
      return builder.add_array(2 * node.aggregate_size, node.depth);
    case NodeType::null:
      return builder.add_value({}, node.depth);
    case NodeType::simple_error:
    case NodeType::blob_error:
      return builder.add_value(value(Reply::Kind::error), node.depth);
    case NodeType::number: {
      Reply reply{.kind = Reply::Kind::integer};
      const char* end = node.value.data() + node.value.size();
      const auto [stopped, error] = std::from_chars(node.value.data(), end, reply.integer);
      return error == std::errc{} && stopped == end &&
             builder.add_value(std::move(reply), node.depth);
    }
    case NodeType::simple_string:
    case NodeType::blob_string:
    case NodeType::verbatim_string:
    case NodeType::doublean:
    case NodeType::boolean:
    case NodeType::big_number:
      return builder.add_value(value(Reply::Kind::string), node.depth);
    case NodeType::streamed_string:
    case NodeType::streamed_string_part:
    case NodeType::invalid:
      return false;  // no server that we know sends them
  }
  return false;
}

}  // namespace

std::span<char> RespReader::room() {
  if (begin_ > 0) {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  const std::size_t size = std::min(limits_.read, limits_.buffer - end_);
  if (buffer_.size() < end_ + size) {
    buffer_.resize(end_ + size);
  }
  return std::span(buffer_).subspan(end_, size);
}

boost::system::error_code RespReader::take(std::size_t size) {
  end_ += size;
  while (begin_ < end_) {
    const std::string_view bytes(buffer_.data() + begin_, end_ - begin_);
    if (under_way_ == nullptr) {
      under_way_ = missing_ == 0 || bytes.front() == '>' ? &push_ : &reply_;
      under_way_->builder.clear();
    }
    boost::system::error_code error;
    if (!read_message(bytes, *under_way_, error)) {
      return error;
    }
    begin_ += parser_.get_consumed();
    parser_.reset();
    missing_ -= std::exchange(under_way_, nullptr) == &push_ ? 0 : 1;
  }
  return {};
}

bool RespReader::read_message(std::string_view bytes, Message& message,
                              boost::system::error_code& error) {
  while (!parser_.done()) {
    const std::size_t read = parser_.get_consumed();
    if (!is_in_text_ && !is_sound_line(bytes.substr(read))) {
      error = boost::redis::error::not_a_number;
      return false;
    }
    const auto node = parser_.consume(bytes, error);
    if (error) {
      return false;
    }
    // It stops before a line that is not complete, and behind the size of a text that is not.
    is_in_text_ = !node && (is_in_text_ || parser_.get_consumed() > read);
    if (!node) {
      return false;
    }
    if (!add_node(message.builder, *node)) {
      error = boost::redis::error::incompatible_size;
      return false;
    }
  }
  message.on_end(message.builder.take());
  return true;
}

}  // namespace exclusive_lock::redis
