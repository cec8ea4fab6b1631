// The one default place of a user: it follows from the password database, whatever the environment.

#include "stores/local/default_place.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "exclusive_lock/error.hpp"
#include "stores/local/local_error.hpp"

namespace exclusive_lock {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class DefaultPlace : public testing::Test {
 protected:
  DefaultPlace() {
    std::string name = "/tmp/exclusive-lock-unit-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    home_ = name;
  }
  ~DefaultPlace() override { fs::remove_all(home_); }

  [[nodiscard]] static std::string refusal_of(const UserAccount& account) {
    try {
      static_cast<void>(default_place(account));
    } catch (const LocalError& error) {
      EXPECT_EQ(error.failure().code, errc::unsuitable_store);
      return error.what();
    }
    return "";
  }

  fs::path home_;
  // A user who is not root, and owns what this test makes.
  const uid_t owner_ = ::geteuid() == 0 ? 12345 : ::geteuid();
};

TEST_F(DefaultPlace, OfAUserIsBelowTheHomeDirectory) {
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(home_.c_str(), owner_, static_cast<gid_t>(-1)), 0);
  }
  const StorePlace place =
      default_place({.id = owner_, .name = "ada", .home = home_.string(), .own_group = 7});
  EXPECT_EQ(place.path, home_ / ".local/state/exclusive-lock");
  EXPECT_EQ(place.private_to, owner_);
  EXPECT_EQ(place.own_group, 7U);
}

TEST_F(DefaultPlace, OfRootIsThePlaceThatIsRecommendedForSeveralUsers) {
  const StorePlace place = default_place({.id = 0, .name = "root", .home = "/root"});
  EXPECT_EQ(place.path, "/var/lib/exclusive-lock");
}

TEST_F(DefaultPlace, HomeThatWillNotDoIsAnErrorThatSaysWhyAndWhatToDo) {
  std::ofstream(home_ / "file") << "x";
  const auto refused = [this](const std::string& home, uid_t user) {
    return refusal_of({.id = user, .name = "daemon", .home = home, .own_group = {}});
  };
  EXPECT_THAT(refused("/nonexistent", owner_), HasSubstr("/nonexistent does not exist"));
  EXPECT_THAT(refused("/", owner_), HasSubstr("no directory of its own"));
  EXPECT_THAT(refused("", owner_), HasSubstr("no directory of its own"));
  EXPECT_THAT(refused("relative", owner_), HasSubstr("no directory of its own"));
  EXPECT_THAT(refused((home_ / "file").string(), owner_), HasSubstr("is not a directory"));
  EXPECT_THAT(refused(home_.string(), 54321), HasSubstr("belongs to uid"));
  for (const std::string& text : {refused("/nonexistent", owner_), refused("/", owner_)}) {
    EXPECT_THAT(text, HasSubstr("daemon (uid " + std::to_string(owner_) + ")"));
    EXPECT_THAT(text, HasSubstr("local:///dir"));
  }
}

TEST(UserAccount, IsThatOfThePasswordDatabaseWhateverTheEnvironment) {
  const UserAccount before = account_of(0);
  ASSERT_EQ(::setenv("HOME", "/tmp", 1), 0);
  ASSERT_EQ(::setenv("XDG_RUNTIME_DIR", "/tmp", 1), 0);
  EXPECT_EQ(before.name, "root");
  EXPECT_EQ(account_of(0).home, before.home);
}

TEST(UserAccount, HasAGroupOfItsOwnWhereThatIsNamedAfterItAndHasNoOtherMembers) {
  const auto is_own = [](std::string name, std::vector<std::string> members) {
    std::vector<char*> pointers;
    for (std::string& member : members) {
      pointers.push_back(member.data());
    }
    pointers.push_back(nullptr);
    struct group group {};
    group.gr_name = name.data();
    group.gr_mem = pointers.data();
    return is_own_group(group, "ada");
  };
  EXPECT_TRUE(is_own("ada", {}));
  EXPECT_TRUE(is_own("ada", {"ada"}));
  EXPECT_FALSE(is_own("ada", {"ada", "eve"}));
  EXPECT_FALSE(is_own("ada", {"eve", "ada"}));
  EXPECT_FALSE(is_own("users", {}));
  EXPECT_FALSE(is_own("users", {"ada"}));
}

TEST(UserAccount, ThatIsNotInThePasswordDatabaseIsAnError) {
  try {
    static_cast<void>(account_of(3'999'999'999U));
    FAIL() << "found";
  } catch (const LocalError& error) {
    EXPECT_EQ(error.failure().code, errc::unsuitable_store);
    EXPECT_THAT(error.what(), HasSubstr("3999999999"));
    EXPECT_THAT(error.what(), HasSubstr("local:///dir"));
  }
}

}  // namespace
}  // namespace exclusive_lock
