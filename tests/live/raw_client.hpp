#pragma once
// A blocking client that speaks plain RESP2, for tests: it plants keys and looks at them past the
// library.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace exclusive_lock::live {

struct Reply {
  enum class Type { status, error, integer, text, null, array };
  Type type = Type::null;
  std::string text{};          // status, error, text
  std::int64_t integer = 0;    // integer
  std::vector<Reply> items{};  // array

  [[nodiscard]] bool is_error(std::string_view code) const;  // "NOAUTH"
  [[nodiscard]] bool is_null() const { return type == Type::null; }
};

// Not thread-safe. Every call throws std::runtime_error when the server does not answer in time,
// hangs up or speaks something else. Error replies are returned by command() and thrown by the
// calls below it.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port,
                     std::chrono::milliseconds timeout = std::chrono::seconds(10));
  RawClient(const std::string& host, std::uint16_t port,
            std::chrono::milliseconds timeout = std::chrono::seconds(10));
  explicit RawClient(const std::filesystem::path& unix_socket,
                     std::chrono::milliseconds timeout = std::chrono::seconds(10));
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&&) = delete;

  Reply command(const std::vector<std::string>& words);
  // The two halves of command(), for what is sent and not waited for.
  void send(const std::vector<std::string>& words);
  Reply receive();

  Reply must(const std::vector<std::string>& words);  // throws for an error reply
  std::string text(const std::vector<std::string>& words);
  std::int64_t integer(const std::vector<std::string>& words);
  std::vector<std::string> texts(const std::vector<std::string>& words);

 private:
  RawClient(int descriptor, std::chrono::milliseconds timeout);
  void send_bytes(std::string_view bytes);
  std::string line();
  std::string bytes(std::size_t count);
  void fill();

  int descriptor_;
  std::string buffer_;
};

// Whether the reply to a command has this in its text.
bool says(RawClient& client, const std::vector<std::string>& words, const std::string& part);

}  // namespace exclusive_lock::live
