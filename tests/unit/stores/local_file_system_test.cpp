// The file systems on which the embedded store is refused (docs/failure_modes.md, 50).

#include "stores/local/file_system.hpp"

#include <gtest/gtest.h>
#include <linux/magic.h>

namespace exclusive_lock {
namespace {

TEST(LocalFileSystem, LocalOnesWillDo) {
  for (const std::uint64_t type :
       {std::uint64_t{EXT4_SUPER_MAGIC}, std::uint64_t{XFS_SUPER_MAGIC},
        std::uint64_t{BTRFS_SUPER_MAGIC}, std::uint64_t{TMPFS_MAGIC},
        std::uint64_t{OVERLAYFS_SUPER_MAGIC}, std::uint64_t{F2FS_SUPER_MAGIC}, std::uint64_t{0}}) {
    EXPECT_FALSE(unsuitable_file_system(type)) << std::hex << type;
  }
}

TEST(LocalFileSystem, NetworkOnesAreRefusedByName) {
  EXPECT_EQ(unsuitable_file_system(NFS_SUPER_MAGIC), "NFS");
  EXPECT_EQ(unsuitable_file_system(SMB_SUPER_MAGIC), "SMB");
  EXPECT_EQ(unsuitable_file_system(CIFS_SUPER_MAGIC), "CIFS");
  EXPECT_EQ(unsuitable_file_system(SMB2_SUPER_MAGIC), "SMB");
  EXPECT_EQ(unsuitable_file_system(V9FS_MAGIC), "9p");
  EXPECT_EQ(unsuitable_file_system(CEPH_SUPER_MAGIC), "Ceph");
  EXPECT_EQ(unsuitable_file_system(AFS_FS_MAGIC), "AFS");
  EXPECT_EQ(unsuitable_file_system(AFS_SUPER_MAGIC), "AFS");
  EXPECT_EQ(unsuitable_file_system(CODA_SUPER_MAGIC), "Coda");
  EXPECT_EQ(unsuitable_file_system(OCFS2_SUPER_MAGIC), "OCFS2");
  EXPECT_EQ(unsuitable_file_system(FUSE_SUPER_MAGIC), "FUSE");
  EXPECT_EQ(unsuitable_file_system(0x0BD00BD0), "Lustre");
}

// CIFS's number has its highest bit set, and f_type is a signed long.
TEST(LocalFileSystem, SignedTypeIsRecognised) {
  const long f_type = static_cast<std::int32_t>(CIFS_SUPER_MAGIC);
  ASSERT_LT(f_type, 0);
  EXPECT_EQ(unsuitable_file_system(static_cast<std::uint64_t>(f_type)), "CIFS");
}

}  // namespace
}  // namespace exclusive_lock
