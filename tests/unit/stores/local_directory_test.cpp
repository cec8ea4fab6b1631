// The directory of the embedded store: its path, its owner, and its files (docs/failure_modes.md,
// 48 and 53).

#include "stores/local/directory.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "exclusive_lock/error.hpp"
#include "stores/local/local_error.hpp"
#include "stores/local/store_folder.hpp"

namespace exclusive_lock {
namespace {

namespace fs = std::filesystem;

// In /tmp, which belongs to root and keeps entries safe, wherever TMPDIR is.
class LocalDirectory : public testing::Test {
 protected:
  LocalDirectory() {
    std::string name = "/tmp/exclusive-lock-unit-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    store_ = folder_ / store_folder_name;
  }
  ~LocalDirectory() override { fs::remove_all(folder_); }

  [[nodiscard]] static errc refusal_of(const StorePlace& place) {
    try {
      const StoreDirectory directory(place);
    } catch (const LocalError& error) {
      EXPECT_FALSE(error.failure().message.empty());
      return static_cast<errc>(error.failure().code.value());
    }
    return errc{};
  }
  [[nodiscard]] static mode_t mode_of(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
  }

  fs::path folder_;
  fs::path store_;  // where the files are
  const uid_t us_ = ::geteuid();
};

TEST_F(LocalDirectory, MissingOneIsMadeForUsAlone) {
  const mode_t umask_before = ::umask(0);
  const StoreDirectory directory({.path = folder_ / "new", .private_to = us_});
  ::umask(umask_before);
  EXPECT_EQ(mode_of(folder_ / "new"), 0700U);
  EXPECT_EQ(directory.path(), fs::canonical(folder_ / "new").string());
  EXPECT_EQ(mode_of(folder_ / "new" / store_folder_name), 0700U);
  EXPECT_EQ(directory.folder(), directory.path() + "/exclusive-lock.d");
  EXPECT_TRUE(directory.is_at_its_path());
}

TEST_F(LocalDirectory, FolderOfASharedOneIsForItsGroupToo) {
  ASSERT_EQ(::chmod(folder_.c_str(), 02770), 0);
  const mode_t umask_before = ::umask(077);
  EXPECT_EQ(refusal_of({.path = folder_, .private_to = std::nullopt}), errc{});
  ::umask(umask_before);
  EXPECT_EQ(mode_of(folder_ / store_folder_name), 02770U);
}

// A umask that denies the owner everything. As a user without root's rights, on this thread only.
TEST_F(LocalDirectory, FolderThatCannotBeOpenedAsItIsMadeIsAnErrorOfItsOwn) {
  constexpr uid_t nobody = 65534;
  const uid_t user = us_ == 0 ? nobody : us_;
  ASSERT_EQ(::chown(folder_.c_str(), user, static_cast<gid_t>(-1)), 0);
  const mode_t umask_before = ::umask(0777);
  ::setfsuid(user);
  const errc refusal = refusal_of({.path = folder_, .private_to = std::nullopt});
  ::setfsuid(us_);
  ::umask(umask_before);
  EXPECT_EQ(refusal, errc::permission_denied);
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(LocalDirectory, LinkInPlaceOfTheFolderIsRefused) {
  fs::create_directory(folder_ / "real");
  ASSERT_EQ(::chmod((folder_ / "real").c_str(), 0700), 0);
  fs::create_directory_symlink(folder_ / "real", folder_ / store_folder_name);
  EXPECT_NE(refusal_of({.path = folder_, .private_to = std::nullopt}), errc{});
  EXPECT_TRUE(fs::is_empty(folder_ / "real"));
}

TEST_F(LocalDirectory, ThatWasMovedIsNotAtItsPath) {
  const StoreDirectory directory({.path = folder_ / "new", .private_to = us_});
  fs::rename(folder_ / "new", folder_ / "old");
  EXPECT_FALSE(directory.is_at_its_path());
  fs::create_directories(folder_ / "new" / store_folder_name);
  EXPECT_FALSE(directory.is_at_its_path());
}

TEST_F(LocalDirectory, OnlyTheLastComponentIsMade) {
  EXPECT_EQ(refusal_of({.path = folder_ / "a" / "b", .private_to = std::nullopt}),
            errc::store_unavailable);
  EXPECT_FALSE(fs::exists(folder_ / "a"));
}

TEST_F(LocalDirectory, FileInItsPlaceIsRefused) {
  std::ofstream(folder_ / "file") << "x";
  EXPECT_EQ(refusal_of({.path = folder_ / "file", .private_to = std::nullopt}),
            errc::store_unavailable);
}

TEST_F(LocalDirectory, PrivatePlaceOfSomebodyElseIsRefused) {
  EXPECT_EQ(refusal_of({.path = folder_, .private_to = us_ + 1}), errc::permission_denied);
}

TEST_F(LocalDirectory, PrivatePlaceThatIsOpenToOthersIsRefused) {
  for (const mode_t mode : {0750U, 0701U, 0720U}) {
    ASSERT_EQ(::chmod(folder_.c_str(), mode), 0);
    EXPECT_EQ(refusal_of({.path = folder_, .private_to = us_}), errc::permission_denied) << mode;
  }
}

TEST_F(LocalDirectory, PlantedLinkIsRefusedWhereThePlaceMustBeOurs) {
  fs::create_directory(folder_ / "real");
  ASSERT_EQ(::chmod((folder_ / "real").c_str(), 0700), 0);
  fs::create_directory_symlink(folder_ / "real", folder_ / "link");
  EXPECT_EQ(refusal_of({.path = folder_ / "link", .private_to = us_}), errc::unsuitable_store);
  EXPECT_EQ(refusal_of({.path = folder_ / "link", .private_to = std::nullopt}), errc{});
}

// Its owner could put another directory in the store's place.
TEST_F(LocalDirectory, PrivatePlaceBelowADirectoryOfSomebodyElseIsRefused) {
  const uid_t user = us_ == 0 ? 0 : us_ + 1;
  fs::create_directories(folder_ / "stranger" / "between");
  if (us_ == 0) {
    ASSERT_EQ(::chown((folder_ / "stranger").c_str(), 12345, static_cast<gid_t>(-1)), 0);
  }
  for (const fs::path& parent : {folder_ / "stranger", folder_ / "stranger" / "between"}) {
    EXPECT_EQ(refusal_of({.path = parent / "ours", .private_to = user}), errc::unsuitable_store)
        << parent;
    EXPECT_FALSE(fs::exists(parent / "ours"));
  }
}

TEST_F(LocalDirectory, LinkOnTheWayOfAPrivatePlaceIsFollowedToWhereOthersCannotRename) {
  fs::create_directories(folder_ / "open" / "inner");
  fs::create_directory(folder_ / "closed");
  ASSERT_EQ(::chmod((folder_ / "open").c_str(), 0777), 0);
  fs::create_directory_symlink(folder_ / "open" / "inner", folder_ / "to_open");
  fs::create_directory_symlink(folder_ / "closed", folder_ / "to_closed");
  EXPECT_EQ(refusal_of({.path = folder_ / "to_open" / "ours", .private_to = us_}),
            errc::unsuitable_store);
  EXPECT_EQ(refusal_of({.path = folder_ / "to_closed" / "ours", .private_to = us_}), errc{});
}

TEST_F(LocalDirectory, MissingPartsOfAPrivatePlaceAreMadeForUsAlone) {
  const mode_t umask_before = ::umask(0);
  EXPECT_EQ(refusal_of({.path = folder_ / ".local" / "state" / "ours", .private_to = us_}), errc{});
  ::umask(umask_before);
  for (const char* each : {".local", ".local/state", ".local/state/ours"}) {
    EXPECT_EQ(mode_of(folder_ / each), 0700U) << each;
  }
}

TEST_F(LocalDirectory, ParentThatTheUsersOwnGroupMayWriteIsAsGoodAsPrivate) {
  ASSERT_EQ(::chmod(folder_.c_str(), 0775), 0);
  const StorePlace place{.path = folder_ / "ours", .private_to = us_};
  EXPECT_EQ(refusal_of(place), errc::unsuitable_store);
  struct stat status {};
  ASSERT_EQ(::stat(folder_.c_str(), &status), 0);
  EXPECT_EQ(refusal_of({.path = place.path, .private_to = us_, .own_group = status.st_gid}),
            errc{});
}

// In /tmp others may make the name before us, and exchange what they made at any time: for a link
// to some private directory of ours, say.
TEST_F(LocalDirectory, LinkThatIsSwappedInDuringTheOpeningIsNeverFollowed) {
  if (us_ != 0) {
    GTEST_SKIP() << "only root can be two users";
  }
  ASSERT_EQ(::chmod(folder_.c_str(), 01777), 0);
  fs::create_directory(folder_ / "private");
  ASSERT_EQ(::chmod((folder_ / "private").c_str(), 0700), 0);
  fs::create_directory_symlink(folder_ / "private", folder_ / "link");
  fs::create_directory(folder_ / "place");
  ASSERT_EQ(::chown((folder_ / "place").c_str(), 12345, static_cast<gid_t>(-1)), 0);
  ASSERT_EQ(::chmod((folder_ / "place").c_str(), 0700), 0);
  std::atomic<bool> is_over = false;
  std::thread swapping([&] {
    while (!is_over) {
      ::renameat2(AT_FDCWD, (folder_ / "place").c_str(), AT_FDCWD, (folder_ / "link").c_str(),
                  RENAME_EXCHANGE);
    }
  });
  for (int i = 0; i < 3000; ++i) {
    EXPECT_NE(refusal_of({.path = folder_ / "place", .private_to = us_}), errc{});
  }
  is_over = true;
  swapping.join();
  EXPECT_TRUE(fs::is_empty(folder_ / "private"));
}

TEST_F(LocalDirectory, PrivatePlaceWhereOthersCanRenameItIsRefused) {
  ASSERT_EQ(::chmod(folder_.c_str(), 0777), 0);
  EXPECT_EQ(refusal_of({.path = folder_ / "ours", .private_to = us_}), errc::unsuitable_store);
  EXPECT_FALSE(fs::exists(folder_ / "ours"));
  ASSERT_EQ(::chmod(folder_.c_str(), 01777), 0);
  EXPECT_EQ(refusal_of({.path = folder_ / "ours", .private_to = us_}), errc{});
}

TEST_F(LocalDirectory, WorldWritableOneIsRefused) {
  ASSERT_EQ(::chmod(folder_.c_str(), 01777), 0);
  EXPECT_EQ(refusal_of({.path = folder_, .private_to = std::nullopt}), errc::unsuitable_store);
}

TEST_F(LocalDirectory, UnsuitableFileSystemIsRefusedByName) {
  const auto nfs_everywhere = [](std::uint64_t) { return std::optional<std::string_view>("NFS"); };
  try {
    const StoreDirectory directory({.path = folder_, .private_to = us_}, nfs_everywhere);
    FAIL() << "not refused";
  } catch (const LocalError& error) {
    EXPECT_EQ(error.failure().code, errc::unsuitable_store);
    EXPECT_NE(error.failure().message.find("NFS"), std::string::npos) << error.what();
  }
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST(LocalFileMode, FollowsASharedDirectoryAndNothingElse) {
  EXPECT_EQ(file_mode_in(0700), 0600U);
  EXPECT_EQ(file_mode_in(0755), 0600U) << "who may only look cannot take part";
  EXPECT_EQ(file_mode_in(0770), 0600U) << "without setgid the files have another group";
  EXPECT_EQ(file_mode_in(02770), 0660U);
  EXPECT_EQ(file_mode_in(02775), 0660U);
  EXPECT_EQ(file_mode_in(02750), 0600U);
}

TEST_F(LocalDirectory, FilesHaveTheirModeWhateverTheUmask) {
  const StoreDirectory directory({.path = folder_, .private_to = us_});
  for (const mode_t mask : {0U, 0777U}) {
    const mode_t umask_before = ::umask(mask);
    const std::string name = directory.make_unnamed();
    ::umask(umask_before);
    EXPECT_EQ(mode_of(store_ / name), 0600U) << mask;
  }
}

TEST_F(LocalDirectory, PublishingGivesANameOnce) {
  const StoreDirectory directory({.path = folder_, .private_to = us_});
  const std::string first = directory.make_unnamed();
  const std::string second = directory.make_unnamed();
  EXPECT_NE(first, second);
  EXPECT_TRUE(directory.publish(first, "file"));
  const auto published = directory.find("file");
  ASSERT_TRUE(published);
  EXPECT_FALSE(directory.publish(second, "file"));
  EXPECT_EQ(directory.find("file"), published);
  EXPECT_FALSE(directory.find(first));
  EXPECT_FALSE(directory.find(second));
}

TEST_F(LocalDirectory, SweepingTakesOnlyOldFilesOfOurOwn) {
  const StoreDirectory directory({.path = folder_, .private_to = us_});
  const std::string fresh = directory.make_unnamed();
  const std::string old = directory.make_unnamed();
  for (const std::string& name :
       {old + "-wal", std::string("locks.new-report.txt"),
        std::string("locks.new-0123456789abcdef0"), std::string("new-0123456789abcdef")}) {
    std::ofstream(store_ / name) << "x";
  }
  fs::create_directory(store_ / "locks.new-0123456789abcdef");
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (const auto& entry : fs::directory_iterator(store_)) {
    if (entry.path().filename() != fresh) {
      fs::last_write_time(entry.path(), long_ago);
    }
  }
  directory.sweep_unnamed();
  EXPECT_FALSE(fs::exists(store_ / old));
  EXPECT_FALSE(fs::exists(store_ / (old + "-wal")));
  EXPECT_TRUE(fs::exists(store_ / fresh));
  EXPECT_TRUE(fs::exists(store_ / "locks.new-report.txt"));
  EXPECT_TRUE(fs::exists(store_ / "locks.new-0123456789abcdef0"));
  EXPECT_TRUE(fs::exists(store_ / "locks.new-0123456789abcdef"));
  EXPECT_TRUE(fs::exists(store_ / "new-0123456789abcdef"));
}

TEST_F(LocalDirectory, OnlySocketsAreLookedAtAsSuch) {
  const StoreDirectory directory({.path = folder_, .private_to = std::nullopt});
  const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  directory.bind_socket(socket, "waiter-1");
  std::ofstream(store_ / "waiter-2") << "x";
  fs::create_symlink("waiter-1", store_ / "waiter-3");
  EXPECT_TRUE(directory.look_at_socket("waiter-1").is_open());
  for (const char* other : {"waiter-2", "waiter-3", "waiter-4"}) {
    EXPECT_FALSE(directory.look_at_socket(other).is_open()) << other;
  }
}

TEST_F(LocalDirectory, PlantedLinksAndPipesAreNotOpened) {
  const StoreDirectory directory({.path = folder_, .private_to = us_});
  std::ofstream(store_ / "target") << "x";
  fs::create_symlink(store_ / "target", store_ / "link");
  ASSERT_EQ(::mkfifo((store_ / "pipe").c_str(), 0600), 0);
  for (const char* name : {"link", "pipe"}) {
    EXPECT_THROW(static_cast<void>(directory.find(name)), LocalError) << name;
    EXPECT_THROW(static_cast<void>(directory.open(name)), LocalError) << name;
  }
  EXPECT_FALSE(directory.find("missing"));
  EXPECT_FALSE(directory.open("missing").is_open());
}

}  // namespace
}  // namespace exclusive_lock
