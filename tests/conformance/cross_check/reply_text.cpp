#include "conformance/cross_check/reply_text.hpp"

#include <algorithm>
#include <optional>
#include <sstream>
#include <variant>

#include "conformance/cross_check/side.hpp"
#include "conformance/requester.hpp"
#include "core/record_codec.hpp"

namespace exclusive_lock::conformance {
namespace {

std::string ttl_text(const std::optional<Milliseconds>& ttl) {
  return ttl ? std::to_string(ttl->count()) + "ms" : "none";
}
std::string time_text(const std::optional<StoreTime>& time) {
  return time ? std::to_string((*time - standing_clock_begins_at).count()) + "us" : "none";
}

std::string record_text(const StoredRecord& record) {
  std::string text = record.key + " " + record.value +
                     " remaining=" + ttl_text(record.remaining_ttl) +
                     " waiting=" + std::to_string(record.waiting);
  for (const StoredWaiter& waiter : record.waiters) {
    text += "\n      " + owner_text(waiter.owner) + " arrived=" + time_text(waiter.arrived_at) +
            " " + waiter.tail_head;
  }
  return text;
}

std::string mark_text(const StoredMark& mark) {
  return mark.key + " mark " + mark.value + " at=" + time_text(mark.read_at);
}

template <class Reply, class Say>
std::string answer_text(const Answer<Reply>& answer, const Say& say) {
  const auto* failure = std::get_if<StoreFailure>(&answer);
  std::ostringstream out;
  if (failure != nullptr) {
    out << "failure: " << failure->code.message();
  } else {
    say(out, std::get<Reply>(answer));
  }
  return out.str();
}

}  // namespace

std::string text_of(const Answer<AttemptReply>& answer) {
  return answer_text(answer, [](auto& out, const AttemptReply& reply) {
    out << reply.outcome << " fence=" << reply.fence
        << " remaining=" << ttl_text(reply.remaining_ttl) << " position=" << reply.position
        << " arrived=" << time_text(reply.arrived_at) << " at=" << time_text(reply.store_time);
  });
}

std::string text_of(const Answer<HeartbeatReply>& answer) {
  return answer_text(answer, [](auto& out, const HeartbeatReply& reply) {
    out << reply.outcome << " fence=" << reply.fence << " position=" << reply.position;
    if (reply.outcome == HeartbeatReplyStatus::waiting) {
      out << " remaining=" << ttl_text(reply.remaining_ttl);
    }
    out << " at=" << time_text(reply.store_time);
  });
}

std::string text_of(const Answer<RefreshReply>& answer) {
  return answer_text(answer, [](auto& out, const RefreshReply& reply) {
    for (const RefreshReplyStatus verdict : reply.verdicts) {
      out << verdict << " ";
    }
    out << "at=" << time_text(reply.store_time);
  });
}

std::string text_of(const Answer<ReleaseReply>& answer) {
  return answer_text(answer, [](auto& out, const ReleaseReply& reply) {
    out << reply.verdict << (reply.mark_failure ? ", without a mark" : "");
  });
}

std::string text_of(const Answer<InspectReply>& answer) {
  return answer_text(answer, [](auto& out, const InspectReply& reply) {
    out << (reply.record ? record_text(*reply.record) : "nobody")
        << (reply.mark ? "\n      " + mark_text(*reply.mark) : "");
  });
}

std::string text_of(const Answer<ListReply>& answer, std::size_t most) {
  return answer_text(answer, [most](auto& out, const ListReply& reply) {
    std::vector<StoredRecord> records = reply.records;
    std::ranges::sort(records, {}, &StoredRecord::key);
    out << records.size() << " of at most " << most << (reply.truncated ? ", and more" : "");
    for (const StoredRecord& record : records) {
      out << (reply.truncated ? "" : "\n      " + record_text(record));
    }
  });
}

std::string text_of(const Answer<ListMarksReply>& answer, std::size_t most) {
  return answer_text(answer, [most](auto& out, const ListMarksReply& reply) {
    std::vector<StoredMark> marks = reply.marks;
    std::ranges::sort(marks, {}, &StoredMark::key);
    out << marks.size() << " of at most " << most << (reply.truncated ? ", and more" : "");
    for (const StoredMark& mark : marks) {
      out << (reply.truncated ? "" : "\n      " + mark_text(mark));
    }
  });
}

std::string text_of(const Answer<ForgetReply>& answer) {
  return answer_text(answer, [](auto& out, const ForgetReply& reply) {
    out << (reply.forgotten ? "forgotten" : "nothing to forget");
  });
}

std::string text_of(const Answer<RemoveReply>& answer) {
  return answer_text(answer, [](auto& out, const RemoveReply& reply) {
    out << (reply.removed ? "removed" : "different");
  });
}

std::string text_of(const WakeUp& wake_up) { return owner_text(wake_up.owner); }

std::string kept_line(const std::string& what, const std::string& value,
                      std::optional<Milliseconds> remaining_ttl) {
  return "  " + what + " remaining=" + ttl_text(remaining_ttl) + " " + value + "\n";
}

}  // namespace exclusive_lock::conformance
