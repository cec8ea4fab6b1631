// G3: a value that is not ours counts as held, is shown as it is, and no verb but remove() touches
// it.

#include "conformance/check.hpp"
#include "conformance/requester.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

struct Stranger {
  std::string what;
  std::string value;
};

std::string upper(std::string text) {
  for (char& each : text) {
    each = static_cast<char>(each >= 'a' && each <= 'f' ? each - 'a' + 'A' : each);
  }
  return text;
}

// Everything that can be mistaken for a record of `owner` or for nothing.
std::vector<Stranger> strangers(const Owner& owner) {
  const std::string text = owner_text(owner);
  const std::string rest = R"(","fence":5,"since_us":1,"version":1,"ttl_ms":1000,"host":"h",)"
                           R"("pid":1,"label":"","contents":1})";
  const std::string other_version =
      R"({"owner":")" + owner_text(new_owner()) +
      R"(","fence":5,"since_us":1,"version":99,"ttl_ms":1000,"hosts":["h"],"contents":{"a":1}})";
  return {
      {"what the original package writes", "1"},
      {"an empty value", ""},
      {"an empty object", "{}"},
      {"JSON without an owner", R"({"contents":1})"},
      {"an owner of another form", R"({"owner":"me","fence":5,"contents":1})"},
      {"a cut record of ours", R"({"owner":")" + text.substr(0, text.size() - 1)},
      {"an owner without its last digit", R"({"owner":")" + text.substr(0, text.size() - 1) + rest},
      {"an owner without the dash", R"({"owner":")" + text.substr(0, 32) + text.substr(33) + rest},
      {"an owner in upper case", R"({"owner":")" + upper(text) + rest},
      {"a space before the owner", R"({ "owner":")" + text + rest},
      {"another order", R"({"fence":5,"owner":")" + text + R"("})"},
      {"the owner in an array", R"([{"owner":")" + text + rest + "]"},
      {"a record of a newer version", other_version},
      {"not text", std::string("\x00\xff\r\n\x1b[2J", 8)},
      {"something long", std::string(100'000, 'x')}};
}

// A random owner may happen to have no letter in it, and then its upper case is itself.
Owner owner_with_letters() {
  Owner owner = new_owner();
  owner.id[0] = 0xab;
  return owner;
}

void expect_untouched(StoreUnderTest& store, Requester& requester, const std::string& key,
                      const Stranger& stranger, std::optional<Milliseconds> ttl) {
  SCOPED_TRACE(stranger.what);
  const auto record = requester.inspect(key);
  ASSERT_TRUE(record) << "it was deleted";
  EXPECT_EQ(record->value, stranger.value);
  EXPECT_EQ(record->remaining_ttl.has_value(), ttl.has_value());
  if (ttl && record->remaining_ttl) {
    EXPECT_LE(*record->remaining_ttl, *ttl);
  }
  const auto listed = requester.list(store.prefix()).records;
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].value, stranger.value);
}

void keeps_everyone_out(StoreUnderTest& store, std::optional<Milliseconds> ttl) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Owner owner = owner_with_letters();
  for (const Stranger& stranger : strangers(owner)) {
    SCOPED_TRACE(stranger.what);
    store.plant(key, stranger.value, ttl);
    const AttemptReply reply = requester.attempt({.key = key, .owner = owner, .ttl = 4 * long_ttl});
    EXPECT_EQ(reply.outcome, AttemptReplyStatus::busy);
    EXPECT_EQ(reply.remaining_ttl.has_value(), ttl.has_value());
    EXPECT_EQ(requester.attempt({.key = key, .owner = with_ticket(owner, 2)}).outcome,
              AttemptReplyStatus::busy);
    EXPECT_EQ(requester.refresh(key, owner, 4 * long_ttl), RefreshReplyStatus::lost);
    EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::not_owner);
    EXPECT_EQ(requester.release(key, with_ticket(owner, 99)), ReleaseReplyStatus::not_owner);
    EXPECT_FALSE(requester.remove(key, stranger.value + " "));
    expect_untouched(store, requester, key, stranger, ttl);
    EXPECT_TRUE(requester.remove(key, stranger.value)) << "remove() may";
    EXPECT_FALSE(requester.inspect(key));
  }
}

void with_a_ttl(StoreUnderTest& store) { keeps_everyone_out(store, long_ttl); }
void without_a_ttl(StoreUnderTest& store) { keeps_everyone_out(store, std::nullopt); }

void makes_room_when_it_expires(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  store.plant(key, "1", 50ms);
  Owner owner = new_owner();
  EXPECT_TRUE(eventually(store, 10s, [&] {
    ++owner.ticket;
    return requester.attempt({.key = key, .owner = owner}).outcome == AttemptReplyStatus::granted;
  }));
}

}  // namespace

Checks stranger_checks() {
  return {{"StrangersRecordWithATtlKeepsEveryoneOut", with_a_ttl},
          {"StrangersRecordWithoutATtlKeepsEveryoneOut", without_a_ttl},
          {"StrangersRecordMakesRoomWhenItExpires", makes_room_when_it_expires}};
}

}  // namespace exclusive_lock::conformance
