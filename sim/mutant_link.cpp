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
  void beat(BeatRequest request, Instant deadline, Done<BeatReply> done) override {
    if (woken_.contains({request.owner.id, request.owner.ticket})) {
      done(BeatReply{.outcome = BeatOutcome::granted,
                     .fence = process().world().server.fence(request.key)});
    } else {
      WholeLink::beat(std::move(request), deadline, std::move(done));
    }
  }
  std::set<std::pair<OwnerId, Ticket>> woken_;
};

class PushWakesOnly final : public WholeLink {
  using WholeLink::WholeLink;
  void beat(BeatRequest, Instant, Done<BeatReply>) override {}
};

class BeatsComeLate final : public WholeLink {
  using WholeLink::WholeLink;
  void beat(BeatRequest request, Instant deadline, Done<BeatReply> done) override {
    process().after(2 * heartbeat(request.ttl),
                    [this, request, deadline, done] { WholeLink::beat(request, deadline, done); });
  }
};

class BeatsFindNoGrant final : public WholeLink {
  using WholeLink::WholeLink;
  void beat(BeatRequest request, Instant deadline, Done<BeatReply> done) override {
    WholeLink::beat(std::move(request), deadline, [done](Answer<BeatReply> answer) {
      auto* reply = std::get_if<BeatReply>(&answer);
      if (reply != nullptr && reply->outcome == BeatOutcome::granted) {
        reply->outcome = BeatOutcome::waiting;
        reply->position = 1;
      }
      done(std::move(answer));
    });
  }
};

class BeatsWithoutEnd final : public WholeLink {
  using WholeLink::WholeLink;
  void beat(BeatRequest request, Instant deadline, Done<BeatReply> done) override {
    WholeLink::beat(request, deadline, std::move(done));
    again(request);
  }
  void again(const BeatRequest& request) {
    process().after(10ms, [this, request] {
      if (attempting(request.owner.id) == request.owner.ticket) {
        const Instant deadline = process().now() + process().engine().command_timeout();
        WholeLink::beat(request, deadline, [](const auto&) {});
        again(request);
      }
    });
  }
};

class GivesUpAtTrouble final : public WholeLink {
  using WholeLink::WholeLink;
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    const std::size_t count = requests.size();
    WholeLink::refresh(std::move(requests), deadline, [count, done](const auto& answer) {
      if (std::holds_alternative<StoreFailure>(answer)) {
        done(RefreshReply{.verdicts = std::vector(count, RefreshVerdict::lost),
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
  void beat(BeatRequest request, Instant deadline, Done<BeatReply> done) override {
    const Owner owner = request.owner;
    WholeLink::beat(std::move(request), deadline, noted(owner, std::move(done)));
  }
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    const bool is_told = told_.contains({request.owner.id, request.owner.ticket});
    if (is_told || !is_forgotten(request)) {
      WholeLink::release(std::move(request), deadline, std::move(done));
    } else {
      done(ReleaseReply{ReleaseVerdict::left});
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
                           reply->outcome = AttemptOutcome::busy;
                         }
                         done(std::move(answer));
                       });
  }
};

class ReleasesOnce final : public WholeLink {
  using WholeLink::WholeLink;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    WholeLink::release(std::move(request), deadline, [done](const Answer<ReleaseReply>&) {
      done(ReleaseReply{ReleaseVerdict::released});
    });
  }
};

// Changes the store's time in each reply.
class ChangedTime : public WholeLink {
  using WholeLink::WholeLink;
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    WholeLink::attempt(std::move(request), deadline, changed(std::move(done)));
  }
  void beat(BeatRequest request, Instant deadline, Done<BeatReply> done) override {
    WholeLink::beat(std::move(request), deadline, changed(std::move(done)));
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
    case Mutant::beats_come_late:
      return std::make_shared<BeatsComeLate>(process, std::move(link));
    case Mutant::beats_find_no_grant:
      return std::make_shared<BeatsFindNoGrant>(process, std::move(link));
    case Mutant::beats_without_end:
      return std::make_shared<BeatsWithoutEnd>(process, std::move(link));
    case Mutant::gives_up_at_trouble:
      return std::make_shared<GivesUpAtTrouble>(process, std::move(link));
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
