# What the targets consist of; used by fuzz/ (clang, libFuzzer) and tests/fuzz (every build).
set(fuzz_folder "${CMAKE_CURRENT_LIST_DIR}")
set(fuzz_targets
  arguments
  duration
  json
  local_file
  names
  printable
  record
  script_reply
  store_url
)
