// What comes from a server's socket, byte by byte, through what a link reads with: the parser of
// Boost.Redis, as this library compiles it, and RespReader.
//
// - It ends in replies, in pushes, or in one error. Nothing is thrown.
// - Replies and pushes are the same, and in the same order, however the bytes are cut. Where a
//   smaller buffer cannot take them, they are as many of the first as it took.
// - Each is within its limits of depth and nodes, and has no more nodes and no more text than there
//   were bytes for. The buffer is never larger than it may be.
//
// Input: how many commands were sent, the size of the small buffer, then how long the pieces are,
// as text up to a NUL, then the bytes.

#include <algorithm>

#include "stores/redis/resp_reader.hpp"
#include "targets.hpp"

namespace exclusive_lock::fuzz {
namespace {

using redis::Reply;

constexpr std::size_t min_node_bytes = 3;  // "_\r\n"

struct Heard {
  bool is_push;
  Reply reply;

  friend bool operator==(const Heard&, const Heard&) = default;
};

struct Conversation {
  std::vector<Heard> heard;
  std::string error;  // empty: it goes on
  bool is_full = false;
};

// What a link does with its reader once the commands are written.
class Reader {
 public:
  Reader(std::size_t commands, redis::ReadLimits limits)
      : limits_(limits), reader_(on_reply_, on_push_, limits) {
    reader_.expect(commands);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  [[nodiscard]] bool has_ended() const { return result_.is_full || !result_.error.empty(); }
  Conversation take() { return std::move(result_); }

  // At most as many bytes as it has room for; says how many.
  std::size_t read(std::string_view bytes) {
    const auto room = reader_.room();
    require(room.size() <= limits_.read, "there is room for one read");
    if (room.empty()) {
      result_.is_full = true;
      return 0;
    }
    const std::size_t size = std::min(bytes.size(), room.size());
    std::copy_n(bytes.begin(), size, room.begin());
    if (const auto error = reader_.take(size)) {
      result_.error = error.message();
    }
    return size;
  }

 private:
  const redis::ReadLimits limits_;
  Conversation result_;
  const std::function<void(Reply)> on_reply_ = [this](Reply reply) {
    result_.heard.push_back({.is_push = false, .reply = std::move(reply)});
  };
  const std::function<void(Reply)> on_push_ = [this](Reply reply) {
    result_.heard.push_back({.is_push = true, .reply = std::move(reply)});
  };
  redis::RespReader reader_;
};

struct Size {
  std::size_t nodes = 0;
  std::size_t depth = 0;
  std::size_t text = 0;
};

Size size_of(const Reply& reply) {
  Size size{.nodes = 1, .depth = 0, .text = reply.text.size()};
  for (const Reply& element : reply.elements) {
    const Size part = size_of(element);
    size.nodes += part.nodes;
    size.depth = std::max(size.depth, 1 + part.depth);
    size.text += part.text;
  }
  return size;
}

void check_sizes(const Conversation& conversation, std::size_t bytes) {
  Size sum;
  for (const Heard& heard : conversation.heard) {
    const redis::ReplyLimits limits = heard.is_push ? redis::push_limits : redis::ReplyLimits();
    const Size size = size_of(heard.reply);
    require(size.depth <= limits.depth, "a reply is no deeper than allowed");
    require(size.nodes <= limits.nodes, "a reply has no more nodes than allowed");
    sum.nodes += size.nodes;
    sum.text += size.text;
  }
  require(sum.nodes * min_node_bytes + sum.text <= bytes, "replies are made of bytes");
}

// `pieces`: the size of each, again and again from the front; empty: as much as there is room for.
Conversation converse(Reader& reader, std::string_view bytes, std::string_view pieces) {
  for (std::size_t piece = 0; !bytes.empty() && !reader.has_ended(); ++piece) {
    const std::size_t size =
        pieces.empty() ? bytes.size() : static_cast<unsigned char>(pieces[piece % pieces.size()]);
    bytes.remove_prefix(reader.read(bytes.substr(0, size)));
  }
  return reader.take();
}

}  // namespace

void check_resp(Bytes input_bytes) {
  Input input(input_bytes);
  const std::size_t commands = input.choice(8);
  const redis::ReadLimits small{.buffer = 64 + 8U * input.byte(), .read = 64};
  const std::string pieces = input.text();
  const std::string bytes = input.rest();

  Reader usual(commands, {});
  const Conversation whole = converse(usual, bytes, "");
  check_sizes(whole, bytes.size());
  Reader cut_reader(commands, {});
  const Conversation cut = converse(cut_reader, bytes, pieces);
  require(whole.heard == cut.heard && whole.error == cut.error, "bytes can be cut anywhere", bytes);
  Reader small_reader(commands, small);
  const Conversation first = converse(small_reader, bytes, pieces);
  require(first.heard.size() <= whole.heard.size() &&
              std::equal(first.heard.begin(), first.heard.end(), whole.heard.begin()),
          "a small buffer takes the same, or less", bytes);
  require(first.is_full || (first.heard == whole.heard && first.error == whole.error),
          "what there is room for is read", bytes);
}

}  // namespace exclusive_lock::fuzz
