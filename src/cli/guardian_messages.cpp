#include "cli/guardian_messages.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <type_traits>

namespace exclusive_lock::cli {
namespace {

// A message is much smaller than a socket's buffer, so it is sent whole or not at all.
template <class Message>
bool send_whole(int socket, const Message& message) {
  static_assert(std::is_trivially_copyable_v<Message>);
  return ::send(socket, &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<ssize_t>(sizeof message);
}

template <class Message>
std::optional<Message> receive_whole(int socket, bool& is_closed) {
  Message message{};
  const ssize_t size = ::recv(socket, &message, sizeof message, MSG_DONTWAIT);
  if (size == static_cast<ssize_t>(sizeof message)) {
    return message;
  }
  is_closed = size >= 0 || (errno != EAGAIN && errno != EINTR);
  return std::nullopt;
}

bool send_all(int socket, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(socket, bytes, size, MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR) {
      return false;
    }
    bytes += sent > 0 ? sent : 0;
    size -= sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }
  return true;
}

bool receive_all(int socket, char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::recv(socket, bytes, size, 0);
    if (got == 0 || (got < 0 && errno != EINTR)) {
      return false;
    }
    bytes += got > 0 ? got : 0;
    size -= got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  return true;
}

struct PlanHead {
  std::size_t arguments;
  std::size_t variables;
  std::size_t bytes;
};

void append(const std::vector<std::string>& texts, std::string& bytes) {
  for (const std::string& text : texts) {
    bytes.append(text.c_str(), text.size() + 1);
  }
}

std::vector<std::string> take(std::size_t count, const std::string& bytes, std::size_t& position) {
  std::vector<std::string> texts;
  texts.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    texts.emplace_back(bytes.c_str() + position);
    position += texts.back().size() + 1;
  }
  return texts;
}

}  // namespace

Report survivor_report(const Descendant& survivor) {
  Report report{.kind = Report::Kind::left, .error = survivor.error, .pid = survivor.pid};
  const std::size_t size = std::min(survivor.program.size(), report.program.size() - 1);
  std::copy_n(survivor.program.begin(), size, report.program.begin());
  return report;
}

Descendant survivor_of(const Report& report) {
  return {.pid = report.pid, .program = report.program.data(), .error = report.error};
}

bool send_message(int socket, const Instruction& message) { return send_whole(socket, message); }
bool send_message(int socket, const Report& message) { return send_whole(socket, message); }

std::optional<Instruction> receive_instruction(int socket, bool& is_closed) {
  return receive_whole<Instruction>(socket, is_closed);
}
std::optional<Report> receive_report(int socket, bool& is_closed) {
  return receive_whole<Report>(socket, is_closed);
}

bool send_plan(int socket, const ChildPlan& plan) {
  std::string bytes(sizeof(PlanHead), '\0');
  append(plan.arguments, bytes);
  append(plan.environment, bytes);
  const PlanHead head{.arguments = plan.arguments.size(),
                      .variables = plan.environment.size(),
                      .bytes = bytes.size() - sizeof(PlanHead)};
  std::memcpy(bytes.data(), &head, sizeof head);
  return send_all(socket, bytes.data(), bytes.size());
}

std::optional<ChildPlan> receive_plan(int socket) {
  PlanHead head{};
  if (!receive_all(socket, reinterpret_cast<char*>(&head), sizeof head)) {
    return std::nullopt;
  }
  std::string bytes(head.bytes, '\0');
  if (!receive_all(socket, bytes.data(), bytes.size())) {
    return std::nullopt;
  }
  std::size_t position = 0;
  ChildPlan plan;
  plan.arguments = take(head.arguments, bytes, position);
  plan.environment = take(head.variables, bytes, position);
  return plan;
}

}  // namespace exclusive_lock::cli
