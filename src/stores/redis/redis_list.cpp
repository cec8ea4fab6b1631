#include "stores/redis/redis_list.hpp"

#include <algorithm>
#include <memory>
#include <unordered_set>
#include <utility>

#include "core/key_codec.hpp"
#include "stores/redis/redis_errors.hpp"

namespace exclusive_lock::redis {
namespace {

// Keys per SCAN: a hint to the server, which looks at that many in one go.
constexpr std::string_view scan_count = "500";
// Values asked for together: each may have 1 MiB.
constexpr std::size_t values_together = 64;

class Walk : public std::enable_shared_from_this<Walk> {
 public:
  Walk(RedisFront& front, ScriptRunner& scripts, ListRequest request,
       std::function<void(Answer<ListReply>)> done)
      : front_(front), scripts_(scripts), request_(std::move(request)), done_(std::move(done)) {}

  void scan() {
    front_.submit({.commands =
                       [self = shared_from_this()](const CommandSink& sink) {
                         sink({"SCAN", self->cursor_, "MATCH",
                               prefix_pattern(self->request_.key_prefix), "COUNT", scan_count});
                       },
                   .deadline = request_.deadline,
                   .done = [self = shared_from_this()](
                               Outcome outcome) { self->on_scanned(std::move(outcome)); }});
  }

 private:
  void on_scanned(Outcome outcome) {
    if (auto* failure = std::get_if<StoreFailure>(&outcome)) {
      return done_(std::move(*failure));
    }
    const Reply& page = std::get<Exchange>(outcome).replies.front();
    if (page.is_error()) {
      return done_(server_refused(page.text));
    }
    if (!take_page(page)) {
      return done_(senseless_answer("SCAN"));
    }
    next();
  }

  bool take_page(const Reply& page) {
    if (!page.is_array() || page.elements.size() != 2 || !page.elements[0].is_string() ||
        !page.elements[1].is_array()) {
      return false;
    }
    cursor_ = page.elements[0].text;
    for (const Reply& key : page.elements[1].elements) {
      if (!key.is_string()) {
        return false;
      }
      // SCAN may name a key more than once.
      if (!is_side_key(key.text) && seen_.insert(key.text).second) {
        keys_.push_back(key.text);
      }
    }
    return true;
  }

  void next() {
    if (reply_.records.size() > request_.most) {
      reply_.records.resize(request_.most);
      reply_.truncated = true;
      return done_(std::move(reply_));
    }
    if (!keys_.empty()) {
      return fetch();
    }
    if (cursor_ == "0") {
      return done_(std::move(reply_));
    }
    scan();
  }

  void fetch() {
    const std::size_t count = std::min(keys_.size(), values_together);
    std::vector<std::string> asked(std::make_move_iterator(keys_.end() - static_cast<long>(count)),
                                   std::make_move_iterator(keys_.end()));
    keys_.resize(keys_.size() - count);
    std::vector<ScriptCall> calls;
    calls.reserve(asked.size());
    for (const std::string& key : asked) {
      calls.push_back(inspect_call(key, 0));
    }
    scripts_.run(std::move(calls), request_.deadline,
                 [self = shared_from_this(), asked = std::move(asked)](
                     ScriptRunner::Replies replies) { self->on_fetched(asked, replies); });
  }

  void on_fetched(const std::vector<std::string>& asked, ScriptRunner::Replies& replies) {
    if (auto* failure = std::get_if<StoreFailure>(&replies)) {
      return done_(std::move(*failure));
    }
    const auto& values = std::get<std::vector<Reply>>(replies);
    for (std::size_t i = 0; i < asked.size(); ++i) {
      if (values[i].is_error() && is_wrong_type(values[i].text)) {
        continue;  // not a record
      }
      if (values[i].is_error()) {
        return done_(server_refused(values[i].text));
      }
      auto found = read_inspect(values[i], asked[i]);
      if (!found) {
        return done_(senseless_answer("the inspect script"));
      }
      if (found->record) {  // else it went meanwhile
        reply_.records.push_back(std::move(*found->record));
      }
    }
    next();
  }

  RedisFront& front_;
  ScriptRunner& scripts_;
  const ListRequest request_;
  const std::function<void(Answer<ListReply>)> done_;
  std::string cursor_ = "0";
  std::unordered_set<std::string> seen_;
  std::vector<std::string> keys_;  // of this page, not yet fetched
  ListReply reply_;
};

}  // namespace

void list_records(RedisFront& front, ScriptRunner& scripts, ListRequest request,
                  std::function<void(Answer<ListReply>)> done) {
  std::make_shared<Walk>(front, scripts, std::move(request), std::move(done))->scan();
}

std::string prefix_pattern(std::string_view prefix) {
  std::string pattern;
  for (const char c : prefix) {
    if (std::string_view("*?[]\\").find(c) != std::string_view::npos) {
      pattern += '\\';
    }
    pattern += c;
  }
  return pattern + "*";
}

}  // namespace exclusive_lock::redis
