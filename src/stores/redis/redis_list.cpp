#include "stores/redis/redis_list.hpp"

#include <memory>
#include <utility>

#include "stores/redis/list_walk.hpp"
#include "stores/redis/script_calls.hpp"

namespace exclusive_lock::redis {
namespace {

// Keys per SCAN: a hint to the server, which looks at that many in one go.
constexpr std::string_view scan_count = "500";

class Walker : public std::enable_shared_from_this<Walker> {
 public:
  using Found = ListWalk::Found;

  Walker(RedisClient& client, ScriptRunner& scripts, ListRequest request, ListOf what,
         std::function<void(Answer<Found>)> done)
      : client_(client),
        scripts_(scripts),
        request_(std::move(request)),
        pattern_(list_pattern(what, request_.key_prefix)),
        done_(std::move(done)),
        walk_(request_.most, ListWalk::usual_bytes_without_locks, what) {}

  void go_on() {
    switch (walk_.next()) {
      case ListWalk::Step::scan:
        return scan();
      case ListWalk::Step::inspect:
        return inspect();
      case ListWalk::Step::end:
        return done_(walk_.take());
    }
  }

 private:
  class Inspection final : public ScriptBatch {
   public:
    Inspection(std::shared_ptr<Walker> walker, std::vector<std::string> keys)
        : ScriptBatch(walker->request_.deadline),
          walker_(std::move(walker)),
          keys_(std::move(keys)) {
      for (const std::string& key : keys_) {
        add(inspect_call(key, 0));
      }
    }
    void replied(std::span<const Reply> replies) override {
      walker_->end_or_go_on(walker_->walk_.on_values(keys_, replies));
    }
    void failed(StoreFailure failure) override { walker_->done_(std::move(failure)); }

   private:
    const std::shared_ptr<Walker> walker_;
    const std::vector<std::string> keys_;
  };

  void scan() {
    client_.submit(make_operation(
        [self = shared_from_this()](const CommandSink& sink) {
          sink({"SCAN", self->walk_.cursor(), "MATCH", self->pattern_, "COUNT", scan_count});
        },
        request_.deadline,
        [self = shared_from_this()](Outcome outcome) { self->on_scanned(std::move(outcome)); }));
  }

  void on_scanned(Outcome outcome) {
    if (auto* failure = std::get_if<StoreFailure>(&outcome)) {
      return done_(std::move(*failure));
    }
    end_or_go_on(walk_.on_page(std::get<Exchange>(outcome).replies.front()));
  }

  void inspect() {
    scripts_.run(std::make_unique<Inspection>(shared_from_this(), walk_.take_keys()));
  }

  void end_or_go_on(std::optional<StoreFailure> failure) {
    if (failure) {
      return done_(std::move(*failure));
    }
    go_on();
  }

  RedisClient& client_;
  ScriptRunner& scripts_;
  const ListRequest request_;
  const std::string pattern_;
  const std::function<void(Answer<Found>)> done_;
  ListWalk walk_;
};

template <class Reply>
Answer<Reply> part_of(Answer<ListWalk::Found> answer, Reply (*part)(ListWalk::Found)) {
  if (auto* failure = std::get_if<StoreFailure>(&answer)) {
    return std::move(*failure);
  }
  return part(std::get<ListWalk::Found>(std::move(answer)));
}

}  // namespace

void list_records(RedisClient& client, ScriptRunner& scripts, ListRequest request,
                  std::function<void(Answer<ListReply>)> done) {
  const auto records_of = [](ListWalk::Found found) {
    return ListReply{.records = std::move(found.records), .truncated = found.truncated};
  };
  std::make_shared<Walker>(client, scripts, std::move(request), ListOf::records,
                           [done = std::move(done), records_of](Answer<ListWalk::Found> answer) {
                             done(part_of<ListReply>(std::move(answer), records_of));
                           })
      ->go_on();
}

void list_marks(RedisClient& client, ScriptRunner& scripts, ListRequest request,
                std::function<void(Answer<ListMarksReply>)> done) {
  const auto marks_of = [](ListWalk::Found found) {
    return ListMarksReply{.marks = std::move(found.marks), .truncated = found.truncated};
  };
  std::make_shared<Walker>(client, scripts, std::move(request), ListOf::marks,
                           [done = std::move(done), marks_of](Answer<ListWalk::Found> answer) {
                             done(part_of<ListMarksReply>(std::move(answer), marks_of));
                           })
      ->go_on();
}

}  // namespace exclusive_lock::redis
