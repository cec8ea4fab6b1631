#include "sim/mutant_link.hpp"

#include <set>
#include <utility>

#include "core/heartbeat.hpp"
#include "exclusive_lock/error.hpp"
#include "sim/lock_driver.hpp"
#include "sim/process.hpp"
#include "stores/forwarding_store.hpp"

namespace exclusive_lock::sim {
namespace {

using namespace std::chrono_literals;

// The link as it is; what follows overrides one verb or two, and breaks it.
class WholeLink : public ForwardingStore {
 public:
  WholeLink(Process& process, std::shared_ptr<Store> link)
      : ForwardingStore(std::move(link)), process_(process) {}

 protected:
  [[nodiscard]] Process& process() const { return process_; }
  // What an object waits with.
  [[nodiscard]] std::optional<Ticket> attempting(const OwnerId& id) const {
    const auto object = process_.object(id);
    return object ? object->attempting() : std::nullopt;
  }

 private:
  Process& process_;
};

class SameTicketAgain final : public WholeLink {
  using WholeLink::WholeLink;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    WholeLink::attempt(request, deadline, [this, request, done](const auto& answer) mutable {
      const auto* failure = std::get_if<StoreFailure>(&answer);
      if (failure != nullptr && failure->code != errc::connection_closed &&
          attempting(request.owner.id) == request.owner.ticket) {
        const Milliseconds timeout = process().engine().command_timeout();
        request.not_after = process().now() + timeout;
        attempt(std::move(request), process().now() + timeout, std::move(done));
      } else {
        done(answer);
      }
    });
  }
};

// As though the wake-up were the reply to the heartbeat that it asks for.
class PushBeginsAHold final : public WholeLink {
  using WholeLink::WholeLink;
  void listen(WakeUpListener listener) override {
    listener.wake_up = [this, next = std::move(listener.wake_up)](const WakeUp& wake_up) {
      woken_.insert({wake_up.owner.id, wake_up.owner.ticket});
      next(wake_up);
    };
    WholeLink::listen(std::move(listener));
  }
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override {
    if (woken_.contains({request.owner.id, request.owner.ticket})) {
      done(HeartbeatReply{.outcome = HeartbeatReplyStatus::granted,
                          .fence = process().world().server.fence(request.key)});
    } else {
      WholeLink::heartbeat(std::move(request), deadline, std::move(done));
    }
  }
  std::set<std::pair<OwnerId, Ticket>> woken_;
};

class PushWakesOnly final : public WholeLink {
  using WholeLink::WholeLink;
  void heartbeat(HeartbeatRequest, Instant, Done<HeartbeatReply>) override {}
};

class HeartbeatsComeLate final : public WholeLink {
  using WholeLink::WholeLink;
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override {
    process().after(2 * heartbeat_interval(request.ttl), [this, request, deadline, done] {
      WholeLink::heartbeat(request, deadline, done);
    });
  }
};

class FarWaitersDieEarly final : public WholeLink {
  using WholeLink::WholeLink;
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override {
    if (request.alive_for > confirm_ttl(request.ttl)) {
      request.alive_for -= (heartbeats_alive - 1) * heartbeat_interval(request.ttl);
    }
    WholeLink::heartbeat(std::move(request), deadline, std::move(done));
  }
};

class HeartbeatsFindNoGrant final : public WholeLink {
  using WholeLink::WholeLink;
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override {
    WholeLink::heartbeat(std::move(request), deadline, [done](Answer<HeartbeatReply> answer) {
      auto* reply = std::get_if<HeartbeatReply>(&answer);
      if (reply != nullptr && reply->outcome == HeartbeatReplyStatus::granted) {
        reply->outcome = HeartbeatReplyStatus::waiting;
        reply->position = 1;
      }
      done(std::move(answer));
    });
  }
};

class HeartbeatsWithoutEnd final : public WholeLink {
  using WholeLink::WholeLink;
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override {
    WholeLink::heartbeat(request, deadline, std::move(done));
    again(request);
  }
  void again(const HeartbeatRequest& request) {
    process().after(10ms, [this, request] {
      if (attempting(request.owner.id) == request.owner.ticket) {
        const Instant deadline = process().now() + process().engine().command_timeout();
        WholeLink::heartbeat(request, deadline, [](const auto&) {});
        again(request);
      }
    });
  }
};

class GivesUpAtFailure final : public WholeLink {
  using WholeLink::WholeLink;
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    const std::size_t count = requests.size();
    WholeLink::refresh(std::move(requests), deadline, [count, done](const auto& answer) {
      if (std::holds_alternative<StoreFailure>(answer)) {
        done(RefreshReply{.verdicts = std::vector(count, RefreshReplyStatus::lost),
                          .store_time = std::nullopt});
      } else {
        done(answer);
      }
    });
  }
};

class GivesBackForEver final : public WholeLink {
  using WholeLink::WholeLink;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    WholeLink::release(request, deadline, std::move(done));
    process().after(6h, [this, request] {
      release(request, process().now() + process().engine().command_timeout(), [](const auto&) {});
    });
  }
};

// Knows which tickets were told that they have the lock, and does not send a release of another.
class LeavesWithoutAWord : public WholeLink {
  using WholeLink::WholeLink;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    const Owner owner = request.owner;
    WholeLink::attempt(std::move(request), deadline, noted(owner, std::move(done)));
  }
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override {
    const Owner owner = request.owner;
    WholeLink::heartbeat(std::move(request), deadline, noted(owner, std::move(done)));
  }
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    const bool is_told = told_.contains({request.owner.id, request.owner.ticket});
    if (is_told || !is_forgotten(request)) {
      WholeLink::release(std::move(request), deadline, std::move(done));
    } else {
      done(ReleaseReply{ReleaseReplyStatus::left});
    }
  }
  virtual bool is_forgotten(const ReleaseRequest&) { return true; }
  template <class Reply>
  Done<Reply> noted(const Owner& owner, Done<Reply> done) {
    return [this, owner, done = std::move(done)](const Answer<Reply>& answer) {
      const auto* reply = std::get_if<Reply>(&answer);
      if (reply != nullptr && reply->outcome == decltype(reply->outcome)::granted) {
        told_.insert({owner.id, owner.ticket});
      }
      done(answer);
    };
  }
  std::set<std::pair<OwnerId, Ticket>> told_;
};

class KeepsWhatCrossed final : public LeavesWithoutAWord {
  using LeavesWithoutAWord::LeavesWithoutAWord;
  bool is_forgotten(const ReleaseRequest& request) override {
    return process().world().server.holder(request.key) == request.owner;
  }
};

class KeepsWhatCameLate final : public WholeLink {
  using WholeLink::WholeLink;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    const Owner owner = request.owner;
    WholeLink::attempt(std::move(request), deadline,
                       [this, owner, done](Answer<AttemptReply> answer) {
                         auto* reply = std::get_if<AttemptReply>(&answer);
                         if (reply != nullptr && attempting(owner.id) != owner.ticket) {
                           reply->outcome = AttemptReplyStatus::busy;
                         }
                         done(std::move(answer));
                       });
  }
};

class ReleasesOnce final : public WholeLink {
  using WholeLink::WholeLink;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    WholeLink::release(std::move(request), deadline, [done](const Answer<ReleaseReply>&) {
      done(ReleaseReply{ReleaseReplyStatus::released});
    });
  }
};

// Changes the store's time in each reply.
class ChangedTime : public WholeLink {
  using WholeLink::WholeLink;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    WholeLink::attempt(std::move(request), deadline, changed(std::move(done)));
  }
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override {
    WholeLink::heartbeat(std::move(request), deadline, changed(std::move(done)));
  }
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    WholeLink::refresh(std::move(requests), deadline, changed(std::move(done)));
  }
  template <class Reply>
  Done<Reply> changed(Done<Reply> done) {
    return [this, done = std::move(done)](Answer<Reply> answer) {
      auto* reply = std::get_if<Reply>(&answer);
      if (reply != nullptr && reply->store_time) {
        reply->store_time = change(*reply->store_time);
      }
      done(std::move(answer));
    };
  }
  virtual std::optional<StoreTime> change(StoreTime time) = 0;
};

class StoreTimeIsDropped final : public ChangedTime {
  using ChangedTime::ChangedTime;
  std::optional<StoreTime> change(StoreTime) override { return std::nullopt; }
};

class StoreTimeIsOld final : public ChangedTime {
  using ChangedTime::ChangedTime;
  std::optional<StoreTime> change(StoreTime time) override {
    return std::exchange(last_, time).value_or(time);
  }
  std::optional<StoreTime> last_;
};

}  // namespace

std::shared_ptr<Store> with_bug(Mutant mutant, Process& process, std::shared_ptr<Store> link) {
  switch (mutant) {
    case Mutant::same_ticket_again:
      return std::make_shared<SameTicketAgain>(process, std::move(link));
    case Mutant::push_begins_a_hold:
      return std::make_shared<PushBeginsAHold>(process, std::move(link));
    case Mutant::push_wakes_only:
      return std::make_shared<PushWakesOnly>(process, std::move(link));
    case Mutant::heartbeats_come_late:
      return std::make_shared<HeartbeatsComeLate>(process, std::move(link));
    case Mutant::far_waiters_die_early:
      return std::make_shared<FarWaitersDieEarly>(process, std::move(link));
    case Mutant::heartbeats_find_no_grant:
      return std::make_shared<HeartbeatsFindNoGrant>(process, std::move(link));
    case Mutant::heartbeats_without_end:
      return std::make_shared<HeartbeatsWithoutEnd>(process, std::move(link));
    case Mutant::gives_up_at_failure:
      return std::make_shared<GivesUpAtFailure>(process, std::move(link));
    case Mutant::gives_back_for_ever:
      return std::make_shared<GivesBackForEver>(process, std::move(link));
    case Mutant::leaves_without_a_word:
      return std::make_shared<LeavesWithoutAWord>(process, std::move(link));
    case Mutant::keeps_what_crossed:
      return std::make_shared<KeepsWhatCrossed>(process, std::move(link));
    case Mutant::keeps_what_came_late:
      return std::make_shared<KeepsWhatCameLate>(process, std::move(link));
    case Mutant::releases_once:
      return std::make_shared<ReleasesOnce>(process, std::move(link));
    case Mutant::store_time_is_dropped:
      return std::make_shared<StoreTimeIsDropped>(process, std::move(link));
    case Mutant::store_time_is_old:
      return std::make_shared<StoreTimeIsOld>(process, std::move(link));
    default:
      return link;
  }
}

}  // namespace exclusive_lock::sim
