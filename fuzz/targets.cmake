# What the targets consist of; used by fuzz/ (clang, libFuzzer) and tests/fuzz (every build).
set(fuzz_folder "${CMAKE_CURRENT_LIST_DIR}")
set(fuzz_targets
  arguments
  duration
  json
  list
  local_file
  names
  printable
  push
  record
  resp
  script_reply
  store_url
)
