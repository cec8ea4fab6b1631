#pragma once
// From the replies to the scripts of a verb to its answer (store.hpp).

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "stores/redis/redis_errors.hpp"
#include "stores/redis/script_calls.hpp"
#include "stores/redis/script_runner.hpp"
#include "stores/store.hpp"

namespace exclusive_lock::redis {

// Says which store failed.
inline void name_store(StoreFailure& failure, const std::string& url) {
  failure.message = url + ": " + failure.message;
}

// Both make the answer of the replies to a batch; none: the replies make no sense. ReadFirst: of a
// verb that gives no fence.
template <class Read>
struct ReadFirst {
  Read read;
  auto operator()(std::span<const Reply> replies, const ScriptCall& /*call*/) const {
    return read(replies.front());
  }
};
template <class Read>
ReadFirst(Read) -> ReadFirst<Read>;  // for clang 14
template <class T>
struct ReadFenced {
  std::optional<FencedAnswer<T>> (*read)(const ReplyTexts&);
  std::optional<Answer<T>> operator()(std::span<const Reply> replies,
                                      const ScriptCall& call) const {
    auto fenced = read(replies.front());
    if (!fenced) {
      return std::nullopt;
    }
    if (std::holds_alternative<BadFence>(*fenced)) {
      return bad_fence(call.key(place_of_fence_key));
    }
    return std::get<T>(std::move(*fenced));
  }
};
template <class T>
ReadFenced(std::optional<FencedAnswer<T>> (*)(const ReplyTexts&)) -> ReadFenced<T>;

// One request of a verb: gives the answer to `done`. `url` must outlive it.
template <class T, class Read>
class VerbBatch final : public ScriptBatch {
 public:
  VerbBatch(const std::string& url, Instant deadline, Done<T> done, Read read)
      : ScriptBatch(deadline), url_(url), done_(std::move(done)), read_(std::move(read)) {}

 private:
  void replied(std::span<const Reply> replies) override {
    const auto error = std::ranges::find_if(replies, &Reply::is_error);
    if (error != replies.end()) {
      return answer(server_refused(error->text));
    }
    auto read = read_(replies, call());
    read ? answer(std::move(*read))
         : answer(senseless_answer("the script " + std::string(call().script().name)));
  }
  void failed(StoreFailure failure) override { answer(std::move(failure)); }

  void answer(Answer<T> answer) const {
    if (auto* failure = std::get_if<StoreFailure>(&answer)) {
      name_store(*failure, url_);
    }
    done_(std::move(answer));
  }

  const std::string& url_;
  const Done<T> done_;
  const Read read_;
};

}  // namespace exclusive_lock::redis
