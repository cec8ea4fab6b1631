#include "stores/redis/resp_reader.hpp"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

namespace exclusive_lock::redis {

RespReader::RespReader(const std::function<void(Reply)>& on_reply,
                       const std::function<void(Reply)>& on_push, ReadLimits limits)
    : limits_(limits),
      reply_adapter_(reply_adapter(std::make_shared<ReplyBuilder>(), on_reply)),
      push_adapter_(reply_adapter(std::make_shared<ReplyBuilder>(push_limits), on_push)) {}

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
    if (!std::exchange(is_under_way_, true)) {
      is_push_ = missing_ == 0 || bytes.front() == '>';
    }
    boost::system::error_code error;
    if (!parse(parser_, bytes, is_push_ ? push_adapter_ : reply_adapter_, error) || error) {
      return error;
    }
    begin_ += parser_.get_consumed();
    parser_.reset();
    is_under_way_ = false;
    missing_ -= is_push_ ? 0 : 1;
  }
  return {};
}

}  // namespace exclusive_lock::redis
