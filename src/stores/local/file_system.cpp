#include "stores/local/file_system.hpp"

#include <algorithm>
#include <array>

namespace exclusive_lock {
namespace {

struct Refused {
  std::uint32_t f_type;  // the kernel's magic numbers have 32 bits
  std::string_view name;
};

// Sources: statfs(2) and linux/magic.h; for file systems outside the kernel their own headers. FUSE
// is refused as a whole: its type does not distinguish sshfs from a disk, and locks and shared
// mappings depend on the program behind it.
constexpr std::array refused{
    Refused{0x00006969, "NFS"},
    Refused{0x0000517B, "SMB"},
    Refused{0xFF534D42, "CIFS"},
    Refused{0xFE534D42, "SMB"},
    Refused{0x01021997, "9p"},
    Refused{0x00C36400, "Ceph"},
    Refused{0x0BD00BD0, "Lustre"},
    Refused{0x5346414F, "AFS"},
    Refused{0x6B414653, "AFS"},
    Refused{0x73757245, "Coda"},
    Refused{0x0000564C, "NCP"},
    Refused{0x65735546, "FUSE"},
    Refused{0x01161970, "GFS2"},
    Refused{0x7461636F, "OCFS2"},
    Refused{0x47504653, "GPFS"},
    Refused{0x19830326, "BeeGFS"},
    Refused{0xAAD7AAEA, "PanFS"},
    Refused{0x20030528, "OrangeFS"},
    Refused{0x61636673, "ACFS"},
    Refused{0x786F4256, "VirtualBox shared folder"},
    Refused{0xBACBACBC, "VMware folder"},
    Refused{0x7C7C6673, "Parallels folder"},
};

}  // namespace

std::optional<std::string_view> unsuitable_file_system(std::uint64_t f_type) noexcept {
  // f_type is signed on some machines, so a large number may come with its sign spread.
  const auto magic = static_cast<std::uint32_t>(f_type);
  const auto* found = std::find_if(refused.begin(), refused.end(),
                                   [magic](const Refused& each) { return each.f_type == magic; });
  return found == refused.end() ? std::nullopt : std::optional(found->name);
}

}  // namespace exclusive_lock
