// Records.
//
// - A record of ours comes back from its text with every field, and by every prefix of it that
//   holds the owner, the owner is known; a record that is cut short is never taken for ours.
// - Any bytes are read: as a record of ours only where owner and fence, as the store reads them,
//   are those that are shown; otherwise as a newer one's or a stranger's.
// - A waiter's process is known by the beginning of its record's tail, as long as that is one that
//   stores keep; from any other bytes nothing is made up.
// - Whatever a record or a waiter holds, what the command shows of it is fit for a terminal, and
// what it prints
//   with --json is one JSON text.
//
// - A mark that a release makes of a record of ours says who held it, since when, and until when;
// of
//   any other bytes nothing is made up, and what is shown of them is fit for a terminal.
//
// Input: the fields (see below), then, behind how many bytes of the record to keep and which one to
// change, what to put there.

#include "core/record_codec.hpp"

#include <algorithm>

#include "cli/environment.hpp"
#include "cli/output/json.hpp"
#include "cli/output/record_text.hpp"
#include "core/done_mark.hpp"
#include "core/json_text.hpp"
#include "core/utf8.hpp"
#include "targets.hpp"

namespace exclusive_lock::fuzz {
namespace {

constexpr std::int64_t max_since_us = 9'000'000'000'000'000;
constexpr std::int64_t max_ttl_ms = 100LL * 365 * 86'400'000;

struct Fields {
  Owner owner;
  Fence fence;
  std::int64_t since_us;
  RecordTail tail;
};

// All of them such as the runtime and a store write them.
Fields fields_from(Input& input) {
  Fields fields{};
  for (std::uint8_t& byte : fields.owner.id) {
    byte = input.byte();
  }
  fields.owner.ticket = input.number();
  fields.fence = Fence{std::max<std::uint64_t>(input.number(), 1)};
  fields.since_us = static_cast<std::int64_t>(input.number() % max_since_us);
  fields.tail.ttl = Milliseconds(1 + static_cast<std::int64_t>(input.number() % max_ttl_ms));
  fields.tail.pid = static_cast<std::int64_t>(input.number());
  fields.tail.host = input.text();
  fields.tail.label = input.text();
  const std::string contents = input.text();
  fields.tail.contents_text = json_fault(contents) ? "1" : Contents::parse(contents).text();
  return fields;
}

void check_shown(const LockRecord& record) {
  const std::string json = cli::to_json(record).text();
  require(!json_fault(json), "a record in JSON is JSON", json);
  require_fit(json, "a record in JSON");
  static char* no_variables[] = {nullptr};
  const cli::Terminal plain(-1, cli::Environment(no_variables));
  const cli::WallTime now{std::chrono::seconds(1'800'000'000)};
  for (std::string text :
       {cli::inspect_text(record, now, plain), cli::list_text({record}, now, plain)}) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    require_fit(text, "a record in words");
  }
}

// Whoever waits with a tail that begins like this, beside a record.
LockWaiter check_waiter(const Owner& owner, std::int64_t arrived_us, std::string tail_head,
                        LockRecord record) {
  const LockWaiter waiter = decode_waiter(
      {.owner = owner, .arrived_at = StoreTime(arrived_us), .tail_head = std::move(tail_head)});
  require(parse_owner(waiter.owner) == owner, "a waiter's owner is read again", waiter.owner);
  record.waiters.assign(2, waiter);
  record.waiting = 3;
  check_shown(record);
  return waiter;
}

// What holds for any bytes.
LockRecord check_any(std::string_view value) {
  LockRecord record = decode_record(value);
  require(record.raw == value, "a record shows what is stored", value);
  const auto owner = record_owner(value);
  if (record.kind != RecordKind::stranger) {
    require(owner && owner_text(*owner) == record.owner, "the owner shown is the one that counts",
            value);
  } else {
    require(record.owner.empty() && record.fence == Fence{}, "of a stranger nothing is known",
            value);
  }
  if (record.kind == RecordKind::ours) {
    require(record_fence(value) == record.fence, "the fence shown is the one that counts", value);
    require(record.contents && record.lock_ttl.count() > 0 && record.since, "ours has everything",
            value);
  }
  if (record.contents) {
    require(!json_fault(record.contents->text()), "contents are JSON", value);
  }
  record.name = value.substr(0, 64);
  record.key = value.substr(0, 128);
  check_shown(record);
  return record;
}

std::optional<LastDone> check_mark(const std::string& value, StoreTime read_at) {
  auto done = decode_done_mark({.key = "key", .value = value, .read_at = read_at});
  if (done) {
    require(parse_owner(done->owner).has_value(), "a mark has an owner", value);
    const std::string json = cli::free_to_json("name", done).text();
    require(!json_fault(json), "a mark in JSON is JSON", json);
    require_fit(json, "a mark in JSON");
    std::string text = cli::last_done_text(*done);
    std::ranges::replace(text, '\n', ' ');
    require_fit(text, "a mark in words");
  }
  return done;
}

void check_done(const Fields& fields, const std::string& value) {
  const StoreTime ended(max_since_us);
  const std::string mark = encode_done_mark(value, ended);
  require(mark.find(R"("contents":)") == std::string::npos, "a mark has no contents", mark);
  const auto done = check_mark(mark, ended);
  if (value.find(R"(,"contents":)") + 12 > max_mark_source) {
    return;  // more than a store looks at
  }
  require(done.has_value(), "our mark is read", mark);
  require(done->owner == owner_text(fields.owner), "the owner of a mark", mark);
  require(done->fence == fields.fence, "the fence of a mark", mark);
  require(done->pid == fields.tail.pid, "the pid of a mark", mark);
  require(done->host == as_utf8(fields.tail.host), "the host of a mark", mark);
  require(done->label == as_utf8(fields.tail.label), "the label of a mark", mark);
  require(done->age >= Milliseconds(0), "what has begun before now has an age", mark);
  require(done->began <= done->ended, "a run ends after it began", mark);
}

void check_ours(const Fields& fields, const std::string& value) {
  const LockRecord record = check_any(value);
  require(record.kind == RecordKind::ours, "our record is ours", value);
  require(record.owner == owner_text(fields.owner), "the owner comes back", value);
  require(parse_owner(record.owner) == fields.owner, "an owner's text is read again", value);
  require(record.fence == fields.fence, "the fence comes back", value);
  require(record.lock_ttl == fields.tail.ttl, "the ttl comes back", value);
  require(record.pid == fields.tail.pid, "the pid comes back", value);
  require(record.host == as_utf8(fields.tail.host), "the host comes back", value);
  require(record.label == as_utf8(fields.tail.label), "the label comes back", value);
  require(record.contents->text() == fields.tail.contents_text, "contents come back", value);
  const auto since =
      std::chrono::duration_cast<std::chrono::microseconds>(record.since->time_since_epoch());
  require(since.count() == fields.since_us, "since comes back", value);
}

void check_waiting(const Fields& fields, const LockRecord& record, std::size_t size) {
  const std::string tail = encode_record_tail(fields.tail);
  const std::string head = tail.substr(0, waiter_tail_head_size);
  const LockWaiter waiter = check_waiter(fields.owner, fields.since_us, head, record);
  const std::size_t end = tail.find(",\"contents\":");
  require(end != std::string::npos, "a tail has contents", tail);
  const bool is_known = end + 12 <= head.size();
  require(waiter.host == (is_known ? as_utf8(fields.tail.host) : ""), "a waiter's host", tail);
  require(waiter.label == (is_known ? as_utf8(fields.tail.label) : ""), "a waiter's label", tail);
  require(waiter.pid == (is_known ? fields.tail.pid : 0), "a waiter's pid", tail);
  const LockWaiter cut =
      check_waiter(fields.owner, -1, head.substr(0, size % (head.size() + 1)), record);
  require(cut.host.empty() || cut.host == waiter.host, "a host that is cut is not shown", tail);
  require(cut.label.empty() || cut.label == waiter.label, "a label that is cut is not shown", tail);
}

void check_cut(const Owner& owner, const std::string& value, std::size_t size) {
  const std::string cut = value.substr(0, size);
  require(check_any(cut).kind == RecordKind::stranger, "a record that is cut is not ours", cut);
  require(
      record_owner(cut) == (cut.size() < record_owner_end ? std::nullopt : std::optional(owner)),
      "the owner is known by the beginning", cut);
  const auto fence = record_fence(cut);
  require(!fence || fence == record_fence(value), "a fence that is cut is none", cut);
}

}  // namespace

void check_record(Bytes bytes) {
  const std::string any(bytes.begin(), bytes.end());
  const LockRecord record = check_any(any);
  check_mark(any, StoreTime(0));
  Input input(bytes);
  const Fields fields = fields_from(input);
  check_waiter(fields.owner, fields.tail.pid, any, record);
  check_waiter(fields.owner, fields.tail.pid, "," + any, record);
  std::string value =
      encode_record(fields.owner, fields.fence, fields.since_us, encode_record_tail(fields.tail));
  check_ours(fields, value);
  check_done(fields, value);
  const std::size_t kept = input.byte() * 256U + input.byte();
  check_cut(fields.owner, value, kept % value.size());
  check_waiting(fields, record, kept);
  const std::size_t changed = (input.byte() * 256U + input.byte()) % value.size();
  value.replace(changed, 1, input.rest());
  check_any(value);
  check_mark(encode_done_mark(value, StoreTime(fields.since_us)), StoreTime(0));
}

}  // namespace exclusive_lock::fuzz
