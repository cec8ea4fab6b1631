#include "core/record_codec.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <concepts>
#include <limits>
#include <system_error>
#include <utility>

#include "core/done_mark.hpp"
#include "core/json_text.hpp"
#include "core/utf8.hpp"

namespace exclusive_lock {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::size_t id_text_size = 32;
constexpr std::string_view fence_opening = R"(","fence":)";
// A record has up to twelve members. A newer version may have more, up to this limit.
constexpr std::size_t max_members = 64;
// Far more than any version allows, and far less than a nanosecond clock can represent.
constexpr Milliseconds max_ttl = std::chrono::years(100);

std::optional<unsigned> hex_value(char digit) {
  if (digit >= '0' && digit <= '9') {
    return static_cast<unsigned>(digit - '0');
  }
  if (digit >= 'a' && digit <= 'f') {
    return static_cast<unsigned>(digit - 'a' + 10);
  }
  return std::nullopt;
}

// Reads a JSON integer: no sign but '-', no leading zero, no text after it.
template <std::integral Integer>
std::optional<Integer> integer_in(std::string_view text) {
  Integer value{};
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  const bool is_canonical = error == std::errc{} && stopped == end && std::to_string(value) == text;
  return is_canonical ? std::optional(value) : std::nullopt;
}

// None: the clock of this machine cannot represent that time.
std::optional<std::chrono::system_clock::time_point> wall_time(std::int64_t since_us) {
  using Ticks = std::chrono::system_clock::duration;
  constexpr auto max = std::chrono::floor<std::chrono::microseconds>(Ticks::max()).count();
  if (since_us < 0 || since_us > max) {
    return std::nullopt;
  }
  return std::chrono::system_clock::time_point(
      std::chrono::duration_cast<Ticks>(std::chrono::microseconds(since_us)));
}

// Looks up the members of a record by name. A name that occurs twice counts as absent: this library
// writes no such record.
class RecordMembers {
 public:
  explicit RecordMembers(std::vector<JsonMember> members) : members_(std::move(members)) {}

  [[nodiscard]] std::optional<std::string_view> text(std::string_view name) const {
    std::optional<std::string_view> found;
    for (const auto& member : members_) {
      if (member.name == name) {
        if (found) {
          return std::nullopt;
        }
        found = member.value;
      }
    }
    return found;
  }

  template <std::integral Integer>
  [[nodiscard]] std::optional<Integer> integer(std::string_view name) const {
    const auto value = text(name);
    return value ? integer_in<Integer>(*value) : std::nullopt;
  }

  [[nodiscard]] std::optional<std::string> string(std::string_view name) const {
    const auto value = text(name);
    return value ? unquote_json(*value) : std::nullopt;
  }

 private:
  std::vector<JsonMember> members_;
};

std::optional<Contents> contents_in(std::string_view text) {
  return json_fault(text) ? std::nullopt : std::optional(Contents::parse(text));
}

LockRecord stranger(std::string_view value) {
  LockRecord record;
  record.kind = RecordKind::stranger;
  record.raw = value;
  record.contents = contents_in(value);
  return record;
}

// Reads the members that all versions have. A member that cannot be read keeps its default.
LockRecord read_members(const RecordMembers& members) {
  LockRecord record;
  record.owner = members.string("owner").value_or("");  // empty where it occurs twice
  const auto owner = parse_owner(record.owner);
  record.closed = owner && owner->ticket == closed_ticket;
  record.fence = Fence{members.integer<std::uint64_t>("fence").value_or(0)};
  const auto since_us = members.integer<std::int64_t>("since_us");
  record.since = since_us ? wall_time(*since_us) : std::nullopt;
  const auto ttl_ms = members.integer<std::int64_t>("ttl_ms").value_or(0);
  record.lock_ttl = Milliseconds(ttl_ms > 0 && ttl_ms <= max_ttl.count() ? ttl_ms : 0);
  record.host = members.string("host").value_or("");
  record.pid = members.integer<std::int64_t>("pid").value_or(0);
  record.label = members.string("label").value_or("");
  record.user = members.string("user").value_or("");
  record.program = members.string("program").value_or("");
  record.command = members.string("command").value_or("");
  const auto contents = members.text("contents");
  record.contents = contents ? contents_in(*contents) : std::nullopt;
  return record;
}

// Whether a record of this version has all members that encode_record() writes.
bool is_complete(const RecordMembers& members, const LockRecord& record) {
  return !record.owner.empty() && record_fence(record.raw) == record.fence && record.since &&
         record.lock_ttl.count() > 0 && members.string("host") &&
         members.integer<std::int64_t>("pid") && members.string("label") && record.contents;
}

}  // namespace

std::string owner_text(const Owner& owner) {
  std::string text(owner_text_size, '-');
  auto at = text.begin();
  for (const unsigned byte : owner.id) {
    *at++ = hex_digits[byte >> 4U];
    *at++ = hex_digits[byte & 0xFU];
  }
  ++at;
  for (int shift = 60; shift >= 0; shift -= 4) {
    *at++ = hex_digits[(owner.ticket >> static_cast<unsigned>(shift)) & 0xFU];
  }
  return text;
}

std::optional<Owner> parse_owner(std::string_view text) {
  if (text.size() != owner_text_size || text[id_text_size] != '-') {
    return std::nullopt;
  }
  Owner owner;
  for (std::size_t i = 0; i < owner.id.size(); ++i) {
    const auto high = hex_value(text[2 * i]);
    const auto low = hex_value(text[2 * i + 1]);
    if (!high || !low) {
      return std::nullopt;
    }
    owner.id[i] = static_cast<std::uint8_t>(*high << 4U | *low);
  }
  for (const char digit : text.substr(id_text_size + 1)) {
    const auto value = hex_value(digit);
    if (!value) {
      return std::nullopt;
    }
    owner.ticket = owner.ticket << 4U | *value;
  }
  return owner;
}

std::string encode_record_tail(const RecordTail& tail) {
  std::string text = R"(,"version":)" + std::to_string(record_version);
  text += R"(,"ttl_ms":)" + std::to_string(tail.ttl.count());
  text += R"(,"host":)" + quote_json(as_utf8(tail.host));
  text += R"(,"pid":)" + std::to_string(tail.pid);
  text += R"(,"label":)" + quote_json(as_utf8(tail.label));
  // The command comes last because it may be long, and a waiter's tail is cut.
  for (const auto& [name, value] :
       {std::pair("user", &tail.user), std::pair("program", &tail.program),
        std::pair("command", &tail.command)}) {
    if (!value->empty()) {
      text.append(",\"").append(name).append("\":").append(quote_json(as_utf8(*value)));
    }
  }
  text += R"(,"contents":)" + tail.contents_text + "}";
  return text;
}

std::string encode_record(const Owner& owner, Fence fence, std::int64_t since_us,
                          std::string_view tail) {
  std::string text(record_opening);
  text += owner_text(owner);
  text.append(fence_opening).append(std::to_string(fence.value));
  text.append(R"(,"since_us":)").append(std::to_string(since_us));
  text.append(tail);
  return text;
}

std::optional<Owner> record_owner(std::string_view value_or_head) {
  if (value_or_head.size() < record_owner_end || !value_or_head.starts_with(record_opening)) {
    return std::nullopt;
  }
  return parse_owner(value_or_head.substr(record_opening.size(), owner_text_size));
}

std::optional<Fence> record_fence(std::string_view value_or_head) {
  if (!record_owner(value_or_head)) {
    return std::nullopt;
  }
  const std::string_view rest = value_or_head.substr(record_owner_end);
  const auto end = rest.find(',', fence_opening.size());
  if (!rest.starts_with(fence_opening) || end == std::string_view::npos) {
    return std::nullopt;  // without the comma, the digits may be cut
  }
  const auto digits = rest.substr(fence_opening.size(), end - fence_opening.size());
  const auto value = integer_in<std::uint64_t>(digits);
  return value && *value > 0 ? std::optional(Fence{*value}) : std::nullopt;
}

LockRecord decode_record(std::string_view value) {
  auto parsed = record_owner(value) ? json_members(value, max_members) : std::nullopt;
  if (!parsed) {
    return stranger(value);
  }
  const RecordMembers members(std::move(*parsed));
  const auto version = members.integer<std::int64_t>("version");
  LockRecord record = read_members(members);
  record.raw = value;
  if (version == record_version && is_complete(members, record)) {
    record.kind = RecordKind::ours;
    return record;
  }
  if (version > record_version) {
    record.kind = RecordKind::newer;
    return record;
  }
  return stranger(value);
}

LockWaiter decode_waiter(const StoredWaiter& waiter) {
  LockWaiter shown;
  shown.owner = owner_text(waiter.owner);
  if (waiter.arrived_at)
    shown.since = wall_time(waiter.arrived_at->count());
  // Quotes within strings are escaped, so these texts are found only where the members begin.
  const std::string_view head = waiter.tail_head;
  const auto end = std::min(head.find(R"(,"command":)"), head.find(R"(,"contents":)"));
  if (!head.starts_with(',') || end == std::string_view::npos)
    return shown;
  // `parsed` has views of this string.
  const std::string object = "{" + std::string(head.substr(1, end - 1)) + "}";
  auto parsed = json_members(object, max_members);
  if (!parsed)
    return shown;
  const RecordMembers members(std::move(*parsed));
  shown.host = members.string("host").value_or("");
  shown.pid = members.integer<std::int64_t>("pid").value_or(0);
  shown.label = members.string("label").value_or("");
  shown.user = members.string("user").value_or("");
  shown.program = members.string("program").value_or("");
  return shown;
}

std::string encode_done_mark(std::string_view record, StoreTime ended_at) {
  const std::string_view head = record.substr(0, max_mark_source);
  // Quotes within strings are escaped, so this text is found only where the contents begin.
  const auto end = head.find(R"(,"contents":)");
  const bool is_whole = head.starts_with('{') && end != std::string_view::npos;
  return R"({"ended_us":)" + std::to_string(ended_at.count()) + "," +
         std::string(is_whole ? head.substr(1, end - 1) : "") + "}";
}

std::optional<LastDone> decode_done_mark(const StoredMark& mark) {
  auto parsed = json_members(mark.value, max_members);
  if (!parsed) {
    return std::nullopt;
  }
  const RecordMembers members(std::move(*parsed));
  const auto owner = members.string("owner");
  const auto since_us = members.integer<std::int64_t>("since_us");
  const auto began = since_us ? wall_time(*since_us) : std::nullopt;
  const auto ended = wall_time(members.integer<std::int64_t>("ended_us").value_or(-1));
  if (!owner || !parse_owner(*owner) || !began || !ended) {
    return std::nullopt;
  }
  return LastDone{.name = {},
                  .began = *began,
                  .ended = *ended,
                  .age = std::chrono::floor<Milliseconds>(mark.read_at - StoreTime(*since_us)),
                  .owner = *owner,
                  .fence = Fence{members.integer<std::uint64_t>("fence").value_or(0)},
                  .host = members.string("host").value_or(""),
                  .pid = members.integer<std::int64_t>("pid").value_or(0),
                  .label = members.string("label").value_or(""),
                  .user = members.string("user").value_or(""),
                  .program = members.string("program").value_or("")};
}

std::string closed_record(std::string record) {
  record.replace(record_opening.size() + id_text_size + 1, 16, 16, 'f');
  return record;
}

}  // namespace exclusive_lock
