// The directory of the embedded store: where it is, who may own it, and its files (FAULTS 48, 53).

#include "stores/local/directory.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "exclusive_lock/error.hpp"
#include "stores/local/local_error.hpp"

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
  const uid_t us_ = ::geteuid();
};

TEST_F(LocalDirectory, DefaultPlaceIsTheRuntimeDirectory) {
  const StorePlace place = default_place(folder_.c_str(), us_);
  EXPECT_EQ(place.path, folder_ / "exclusive-lock");
  EXPECT_EQ(place.private_to, us_);
}

TEST_F(LocalDirectory, DefaultPlaceWithoutARuntimeDirectoryIsBelowVarTmp) {
  const fs::path fallback = "/var/tmp/exclusive-lock-" + std::to_string(us_);
  const fs::path link = folder_ / "link";
  fs::create_directory_symlink(folder_, link);
  std::ofstream(folder_ / "file") << "x";
  for (const std::string& runtime :
       {std::string(), std::string("relative"), (folder_ / "missing").string(),
        (folder_ / "file").string(), link.string()}) {
    const StorePlace place = default_place(runtime.c_str(), us_);
    EXPECT_EQ(place.path, fallback) << runtime;
    EXPECT_EQ(place.private_to, us_) << runtime;
  }
  EXPECT_EQ(default_place(nullptr, us_).path, fallback);
  EXPECT_EQ(default_place(folder_.c_str(), us_ + 1).path,
            "/var/tmp/exclusive-lock-" + std::to_string(us_ + 1))
      << "somebody else's, as sudo leaves it in the environment";
}

TEST_F(LocalDirectory, MissingOneIsMadeForUsAlone) {
  const mode_t umask_before = ::umask(0);
  const StoreDirectory directory({.path = folder_ / "new", .private_to = us_});
  ::umask(umask_before);
  EXPECT_EQ(mode_of(folder_ / "new"), 0700U);
  EXPECT_EQ(directory.path(), fs::canonical(folder_ / "new").string());
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
    EXPECT_EQ(mode_of(folder_ / name), 0600U) << mask;
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
    std::ofstream(folder_ / name) << "x";
  }
  fs::create_directory(folder_ / "locks.new-0123456789abcdef");
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (entry.path().filename() != fresh) {
      fs::last_write_time(entry.path(), long_ago);
    }
  }
  directory.sweep_unnamed();
  EXPECT_FALSE(fs::exists(folder_ / old));
  EXPECT_FALSE(fs::exists(folder_ / (old + "-wal")));
  EXPECT_TRUE(fs::exists(folder_ / fresh));
  EXPECT_TRUE(fs::exists(folder_ / "locks.new-report.txt"));
  EXPECT_TRUE(fs::exists(folder_ / "locks.new-0123456789abcdef0"));
  EXPECT_TRUE(fs::exists(folder_ / "locks.new-0123456789abcdef"));
  EXPECT_TRUE(fs::exists(folder_ / "new-0123456789abcdef"));
}

TEST_F(LocalDirectory, PlantedLinksAndPipesAreNotOpened) {
  const StoreDirectory directory({.path = folder_, .private_to = us_});
  std::ofstream(folder_ / "target") << "x";
  fs::create_symlink(folder_ / "target", folder_ / "link");
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  for (const char* name : {"link", "pipe"}) {
    EXPECT_THROW(static_cast<void>(directory.find(name)), LocalError) << name;
    EXPECT_THROW(static_cast<void>(directory.open(name)), LocalError) << name;
  }
  EXPECT_FALSE(directory.find("missing"));
  EXPECT_FALSE(directory.open("missing").is_open());
}

}  // namespace
}  // namespace exclusive_lock
