#include "cli/output/json.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>

#include "cli/output/record_text.hpp"
#include "exclusive_lock/error.hpp"
#include "exclusive_lock/printable.hpp"

namespace exclusive_lock::cli {
namespace {

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text += digits[value >> 4U];
    text += digits[value & 0xFU];
  }
  return text;
}

struct CodePoint {
  std::uint32_t value;
  std::size_t size;
};

// The text is UTF-8: Contents guarantees that.
CodePoint code_point_at(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t size = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : lead >= 0xC0U ? 2 : 1;
  constexpr std::array<std::uint32_t, 5> lead_bits{0, 0x7FU, 0x1FU, 0x0FU, 0x07U};
  std::uint32_t value = lead & lead_bits[size];
  for (std::size_t i = 1; i < size && i < text.size(); ++i) {
    value = value << 6U | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  return {.value = value, .size = std::min(size, text.size())};
}

void append_unit(std::string& text, std::uint32_t utf16_unit) {
  std::array<char, 8> escape{};
  std::snprintf(escape.data(), escape.size(), "\\u%04x", utf16_unit & 0xFFFFU);
  text += escape.data();
}

void append_escaped(std::string& text, std::uint32_t code_point) {
  if (code_point < 0x10000U) {
    append_unit(text, code_point);
    return;
  }
  const std::uint32_t rest = code_point - 0x10000U;
  append_unit(text, 0xD800U + (rest >> 10U));
  append_unit(text, 0xDC00U + (rest & 0x3FFU));
}

template <class Value>
Contents or_null(const std::optional<Value>& value) {
  return value ? Contents(*value) : Contents(nullptr);
}

Contents text_or_null(const std::string& text, bool present) {
  return present ? Contents(text) : Contents(nullptr);
}

Contents last_done_or_null(const std::optional<LastDone>& done) {
  return done ? Contents::parse(to_json(*done).text()) : Contents(nullptr);
}

std::string_view word(RecordKind kind) {
  switch (kind) {
    case RecordKind::ours:
      return "ours";
    case RecordKind::newer:
      return "newer";
    case RecordKind::stranger:
      return "stranger";
  }
  return "stranger";
}

}  // namespace

JsonObject& JsonObject::add(std::string_view name, const Contents& value) {
  members_ += members_.empty() ? "" : ",";
  members_ += "\"" + std::string(name) + "\":" + one_line(value.text());
  return *this;
}

JsonObject& JsonObject::add_bytes(std::string_view name, std::string_view bytes) {
  try {
    return add(name, Contents(bytes));
  } catch (const ValidationError&) {
    return add(name, Contents::object({{"hex", Contents(hex(bytes))}}));
  }
}

std::string JsonObject::text() const { return "{" + members_ + "}"; }

JsonObject free_to_json(std::string_view name, const std::optional<LastDone>& last_done) {
  JsonObject object;
  object.add_bytes("name", name).add("held", false);
  object.add("last_done", last_done_or_null(last_done));
  return object;
}

JsonObject to_json(const LastDone& done) {
  JsonObject object;
  object.add("began", utc_text(done.began))
      .add("ended", utc_text(done.ended))
      .add("age_ms", done.age.count())
      .add("owner", done.owner)
      .add("fence", done.fence.value)
      .add_bytes("host", done.host)
      .add("pid", done.pid)
      .add_bytes("label", done.label)
      .add_bytes("user", done.user)
      .add_bytes("program", done.program);
  return object;
}

JsonObject to_json(const LockWaiter& waiter) {
  JsonObject object;
  object.add("owner", waiter.owner)
      .add_bytes("host", waiter.host)
      .add("pid", waiter.pid)
      .add_bytes("label", waiter.label)
      .add_bytes("user", waiter.user)
      .add_bytes("program", waiter.program);
  object.add("since", waiter.since ? Contents(utc_text(*waiter.since)) : Contents(nullptr));
  return object;
}

JsonObject to_json(const LockRecord& record) {
  const bool readable = record.kind == RecordKind::ours;
  JsonObject object;
  object.add_bytes("name", record.name).add_bytes("key", record.key).add("held", true);
  object.add("kind", word(record.kind));
  object.add("owner", text_or_null(record.owner, readable));
  object.add("fence", readable ? Contents(record.fence.value) : Contents(nullptr));
  object.add_bytes("host", record.host)
      .add("pid", readable ? Contents(record.pid) : Contents(nullptr));
  object.add_bytes("label", record.label)
      .add_bytes("user", record.user)
      .add_bytes("program", record.program)
      .add_bytes("command", record.command);
  object.add("since", record.since ? Contents(utc_text(*record.since)) : Contents(nullptr));
  object.add("ttl_ms", readable ? Contents(record.lock_ttl.count()) : Contents(nullptr));
  object.add("remaining_ttl_ms",
             record.remaining_ttl ? Contents(record.remaining_ttl->count()) : Contents(nullptr));
  object.add("closed", record.closed);
  object.add("waiting", record.waiting);
  if (!record.waiters.empty()) {
    std::vector<std::string> waiters;
    for (const LockWaiter& waiter : record.waiters) {
      waiters.push_back(to_json(waiter).text());
    }
    object.add("waiters", Contents::parse(json_array(waiters)));
  }
  object.add("last_done", last_done_or_null(record.last_done));
  object.add("contents", or_null(record.contents));
  if (!record.contents || record.kind != RecordKind::ours) {
    object.add_bytes("raw", record.raw);
  }
  return object;
}

std::string json_array(const std::vector<std::string>& elements) {
  std::string text = "[";
  for (const std::string& element : elements) {
    text += text.size() == 1 ? "\n" : ",\n";
    text += element;
  }
  return text + (elements.empty() ? "]" : "\n]");
}

std::string one_line(std::string_view json_text) {
  std::string line;
  while (!json_text.empty()) {
    const auto [value, size] = code_point_at(json_text);
    const std::string_view bytes = json_text.substr(0, size);
    json_text.remove_prefix(size);
    if (value < 0x20U) {
      line += ' ';  // white space between values: inside a string it would be escaped
    } else if (value < 0x7FU || printable(bytes) == bytes) {
      line += bytes;
    } else {
      append_escaped(line, value);  // a character outside ASCII is inside a string
    }
  }
  return line;
}

}  // namespace exclusive_lock::cli
