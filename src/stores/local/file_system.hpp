#pragma once
// Which file systems can hold the embedded store.
//
// It needs two things from the kernel: byte-range locks that end with their process, and one memory
// shared by all processes that map a file. A file system that several machines mount gives them to
// each machine apart, so two machines would each have their own idea of who holds a lock.

#include <cstdint>
#include <optional>
#include <string_view>

namespace exclusive_lock {

// Takes statfs(2)'s f_type. The name of the file system if it must be refused; none: it will do, as
// ext4, xfs, btrfs, tmpfs and overlayfs do. Pure.
std::optional<std::string_view> unsuitable_file_system(std::uint64_t f_type) noexcept;

}  // namespace exclusive_lock
