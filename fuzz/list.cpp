// A list of locks, as a hostile server answers it page by page, or one with keys of others.
//
// - The walk ends, or has somewhere to go on; no key is asked for twice, and no side key at all; in
//   a walk over marks, each is that of a lock whose mark was named.
// - It gives no more records or marks than were wanted, and says where there were more; no two have
// the same
//   key, and each was asked for.
// - What it remembers of keys that hold no lock has a bound, and beyond it the walk fails. Below
//   it, it goes on as long as the replies make sense.
// - A failure is typed, short, and fit for a terminal. Nothing is thrown.
// - A key that has a name is that name's key, so no two records share a name that way; whatever key
//   or value there is, the table and the JSON of the list are fit for a terminal.
//
// Input: how many records are wanted, or from 128 on, how many marks; then replies one behind the
// other, each with its kind: a page (cursor, number of keys, keys), a page that is none, an error;
// values likewise. Texts are up to a NUL; '\x01' stands for the prefix.

#include <algorithm>
#include <set>

#include "cli/environment.hpp"
#include "cli/output/json.hpp"
#include "cli/output/record_text.hpp"
#include "core/done_mark.hpp"
#include "core/json_text.hpp"
#include "core/key_codec.hpp"
#include "core/record_codec.hpp"
#include "exclusive_lock/error.hpp"
#include "stores/redis/list_walk.hpp"
#include "stores/redis/redis_errors.hpp"
#include "stores/redis/script_calls.hpp"
#include "targets.hpp"

namespace exclusive_lock::fuzz {
namespace {

using redis::ListOf;
using redis::ListWalk;
using redis::Reply;

const std::string prefix = "el";

Reply text_reply(std::string text) {
  return {.kind = Reply::Kind::string, .text = std::move(text)};
}

Reply array_reply(std::vector<Reply> elements) {
  return {.kind = Reply::Kind::array, .elements = std::move(elements)};
}

std::string with_prefix(const std::string& text) {
  std::string filled;
  for (const char c : text) {
    filled += c == '\x01' ? prefix + ":" : std::string(1, c);
  }
  return filled;
}

// Any reply that is not deep.
Reply odd_from(Input& input) {
  Reply reply{.kind = static_cast<Reply::Kind>(input.choice(5))};
  reply.text = input.text();
  reply.integer = static_cast<std::int64_t>(input.number());
  if (reply.is_array()) {
    for (std::size_t rest = input.choice(4); rest > 0; --rest) {
      reply.elements.push_back(text_reply(input.text()));
    }
  }
  return reply;
}

Reply page_from(Input& input) {
  if (input.choice(8) == 7) {
    return odd_from(input);
  }
  Reply cursor = text_reply(input.text());
  std::vector<Reply> keys;
  for (std::size_t rest = input.byte(); rest > 0 && !input.is_over(); --rest) {
    keys.push_back(text_reply(with_prefix(input.text())));
  }
  return array_reply({std::move(cursor), array_reply(std::move(keys))});
}

// What the inspect script answers: echo, time, what remains, value, how many wait, the mark.
Reply value_from(Input& input) {
  const std::size_t kind = input.choice(8);
  switch (kind) {
    case 7:
      return odd_from(input);
    case 6:
      return {.kind = Reply::Kind::error, .text = "WRONGTYPE " + input.text()};
    default:
      break;
  }
  std::vector<Reply> texts{text_reply("1"), text_reply("1700000000000000")};
  for (int i = 0; i < 3; ++i) {
    texts.push_back(text_reply(input.text()));
  }
  texts.push_back(text_reply(kind == 5 ? input.text() : ""));
  return array_reply(std::move(texts));
}

void check_walk_failure(const StoreFailure& failure) {
  require(failure.code.category() == error_category(), "an error is typed", failure.message);
  require_fit(failure.message, "an error");
  require(failure.message.size() < 4096, "an error is short", failure.message);
}

// Small, so that a few keys are too many.
constexpr std::size_t bytes_without_locks = 1000;

// One walk to its end, to a failure, or to the end of the input.
class Walked {
 public:
  Walked(Input& input, std::size_t most, ListOf what)
      : what_(what), most_(most), walk_(most, bytes_without_locks, what) {
    while (!failed_ && !input.is_over() && walk_.next() != ListWalk::Step::end) {
      failed_ = walk_.next() == ListWalk::Step::scan ? !scan(input) : !inspect(input);
    }
  }

  ListWalk::Found found() {
    const bool is_more = found_ > most_;
    require(failed_ || !is_more || walk_.next() == ListWalk::Step::end, "enough is enough");
    ListWalk::Found reply = walk_.take();
    require(reply.count() == std::min(found_, most_), "all are given that are wanted");
    require((what_ == ListOf::records ? reply.marks.size() : reply.records.size()) == 0,
            "only what is wanted is given");
    require(reply.truncated == is_more, "that there are more is told");
    std::set<std::string> keys;
    for (const StoredRecord& record : reply.records) {
      require(asked_.contains(record.key), "a record was asked for", record.key);
      require(keys.insert(record.key).second, "a record comes once", record.key);
      require(record.waiters.empty(), "a list shows no waiters", record.key);
    }
    for (const StoredMark& mark : reply.marks) {
      require(asked_.contains(mark.key), "a mark was asked for", mark.key);
      require(keys.insert(mark.key).second, "a mark comes once", mark.key);
    }
    return reply;
  }

 private:
  // False: it has ended in a failure.
  bool scan(Input& input) {
    const Reply page = page_from(input);
    const auto failure = walk_.on_page(page);
    if (failure) {
      check_walk_failure(*failure);
      return false;
    }
    require(page.elements.size() == 2 && page.elements[0].text == walk_.cursor(),
            "the walk goes on where the page says", walk_.cursor());
    for (const Reply& key : page.elements[1].elements) {
      named_.insert(key.text);
    }
    return true;
  }

  bool inspect(Input& input) {
    const std::vector<std::string> keys = walk_.take_keys();
    require(!keys.empty() && keys.size() <= 64, "some keys are asked for together");
    std::vector<Reply> values;
    for (const std::string& key : keys) {
      const std::string named = what_ == ListOf::marks ? done_key(key).value_or("") : key;
      require(named_.contains(named), "a key that is asked for was named", key);
      require(asked_.insert(key).second, "a key is asked for once", key);
      require(!is_side_key(key), "no side key is asked for", key);
      values.push_back(value_from(input));
    }
    const auto failure = walk_.on_values(keys, values);
    if (failure) {
      check_walk_failure(*failure);
    }
    const bool make_sense = count(keys, values);
    const bool is_too_long = bytes_ > bytes_without_locks;
    require(!is_too_long || (failure && failure->code == errc::unsuitable_store),
            "what is remembered of other keys has a bound");
    require(is_too_long || make_sense == !failure, "a walk below the bound goes on");
    return !failure;
  }

  // Up to the one that is senseless, or too much. False: there is a senseless one.
  bool count(const std::vector<std::string>& keys, const std::vector<Reply>& values) {
    for (std::size_t i = 0; i < keys.size() && bytes_ <= bytes_without_locks; ++i) {
      const bool is_other = values[i].is_error() && redis::is_wrong_type(values[i].text);
      const auto inspected = redis::read_inspect(values[i], keys[i]);
      if (!is_other && !inspected) {
        return false;
      }
      if (!is_other &&
          (what_ == ListOf::marks ? inspected->mark.has_value() : inspected->record.has_value())) {
        ++found_;
      } else {
        bytes_ += keys[i].size() + ListWalk::bytes_per_key;
      }
    }
    return true;
  }

  const ListOf what_;
  const std::size_t most_;
  ListWalk walk_;
  bool failed_ = false;
  std::size_t found_ = 0;
  std::size_t bytes_ = 0;  // of keys that hold no lock
  std::set<std::string> named_;
  std::set<std::string> asked_;
};

// As LockDirectory::list() does it.
LockRecord shown_in_list(const StoredRecord& stored) {
  const auto name = name_of_key(prefix, stored.key);
  if (name) {
    require(record_key(prefix, *name) == stored.key, "a key is that of its name", stored.key);
  }
  LockRecord record = decode_record(stored.value);
  record.key = stored.key;
  record.name = name ? *name : stored.key;
  record.remaining_ttl = stored.remaining_ttl;
  record.waiting = stored.waiting;
  return record;
}

void check_shown_list(const std::vector<LockRecord>& records) {
  static char* no_variables[] = {nullptr};
  const cli::Terminal plain(-1, cli::Environment(no_variables));
  std::string table =
      cli::list_text(records, cli::WallTime(std::chrono::seconds(1'800'000'000)), plain);
  const auto lines = std::ranges::count(table, '\n');
  require(lines == static_cast<std::ptrdiff_t>(records.size()) + 1, "a lock has one line", table);
  std::ranges::replace(table, '\n', ' ');
  require_fit(table, "a list");
  std::vector<std::string> elements;
  for (const LockRecord& record : records) {
    elements.push_back(cli::to_json(record).text());
  }
  std::string json = cli::json_array(elements);
  require(!json_fault(json), "a list in JSON is JSON", json);
  std::ranges::replace(json, '\n', ' ');
  require_fit(json, "a list in JSON");
}

// As LockDirectory::list_done() does it.
void check_shown_mark(const StoredMark& mark) {
  if (const auto done = decode_done_mark(mark)) {
    const std::string name = name_of_key(prefix, mark.key).value_or(mark.key);
    const std::string json = cli::free_to_json(name, done).text();
    require(!json_fault(json), "a mark in JSON is JSON", json);
    require_fit(json, "a mark in JSON");
  }
}

}  // namespace

void check_list(Bytes bytes) {
  Input input(bytes);
  const std::size_t most = input.byte();
  const bool is_of_marks = most >= 128;
  const auto found =
      Walked(input, most % 128, is_of_marks ? ListOf::marks : ListOf::records).found();
  std::vector<LockRecord> records;
  for (const StoredRecord& stored : found.records) {
    records.push_back(shown_in_list(stored));
  }
  for (const StoredMark& mark : found.marks) {
    check_shown_mark(mark);
  }
  if (!records.empty()) {
    check_shown_list(records);
  }
}

}  // namespace exclusive_lock::fuzz
