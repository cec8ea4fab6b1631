#pragma once
// The disk under a worker's local store, by the files that others make in the worker's folder:
//
//   disk-full        nothing becomes longer (ENOSPC)
//   disk-broken      nothing can be written (EIO)
//   disk-read-only   nothing can be written (EROFS), as when the kernel no longer trusts the disk
//   disk-refused     made by the worker when it was refused a write

#include <filesystem>

namespace exclusive_lock::faults {

// For the rest of this process.
void obey_disk_wishes(const std::filesystem::path& folder);

}  // namespace exclusive_lock::faults
