#include "floor_client.hpp"

#include <poll.h>

#include <algorithm>
#include <stdexcept>

namespace exclusive_lock::bench {

std::string wire_bytes(const std::vector<std::string_view>& words) {
  std::vector<const char*> starts;
  std::vector<std::size_t> sizes;
  for (const std::string_view word : words) {
    starts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* bytes = nullptr;
  const int size =
      ::redisFormatCommandArgv(&bytes, static_cast<int>(words.size()), starts.data(), sizes.data());
  if (size < 0) {
    throw std::runtime_error("hiredis cannot write this command");
  }
  std::string command(bytes, static_cast<std::size_t>(size));
  ::redisFreeCommand(bytes);
  return command;
}

FloorClient::FloorClient(std::uint16_t port, std::chrono::milliseconds timeout) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
  const timeval limit{.tv_sec = seconds.count(), .tv_usec = (timeout - seconds).count() * 1000};
  context_.reset(::redisConnectWithTimeout("127.0.0.1", port, limit));
  if (!context_ || context_->err != 0 || ::redisSetTimeout(context_.get(), limit) != REDIS_OK) {
    throw std::runtime_error(std::string("the floor cannot connect: ") +
                             (context_ ? context_->errstr : "out of memory"));
  }
}

FloorReply FloorClient::ask(std::string_view bytes) {
  add(bytes);
  return next();
}

void FloorClient::add(std::string_view bytes) {
  ::redisAppendFormattedCommand(context_.get(), bytes.data(), bytes.size());
}

FloorReply FloorClient::next() {
  void* raw = nullptr;
  if (::redisGetReply(context_.get(), &raw) != REDIS_OK) {
    throw std::runtime_error(std::string("the floor got no reply: ") + context_->errstr);
  }
  FloorReply reply(static_cast<redisReply*>(raw));
  if (reply->type == REDIS_REPLY_ERROR) {
    throw std::runtime_error("the floor's command was refused: " + std::string(reply->str));
  }
  return reply;
}

bool FloorClient::wait_readable(std::chrono::milliseconds limit) {
  if (context_->reader->pos < context_->reader->len) {
    return true;
  }
  pollfd watched{.fd = context_->fd, .events = POLLIN, .revents = 0};
  const auto ms = std::max<std::int64_t>(limit.count(), 0);
  return ::poll(&watched, 1, static_cast<int>(ms)) > 0;
}

}  // namespace exclusive_lock::bench
