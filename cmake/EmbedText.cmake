# embed_text(<target> NAMESPACE <ns> HEADER <name>.hpp FILES <file>... [SHARED <file>...])
#
# Puts text files (Lua, SQL) into a header that sources of <target> can include:
#   namespace <ns> { struct Script { std::string_view name, text, sha1; };
#                    inline constexpr Script acquire{...}; }   // from acquire.lua
# One object per file, named like the file without its extension. `sha1` is that of the very bytes
# in `text`, lower-case hex, as EVALSHA wants it. The header is made again when a file changes.
# Lines of Lua that are nothing but a comment are left out: a server that has forgotten a script is
# given its text by all who ask for it then.
#
# A line "-- @include <path>" stands for the lines of that file, whose path is relative to the one
# that has the line. What is included is named under SHARED, and includes nothing itself.
set(EXCLUSIVE_LOCK_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_DIR}/embed_text_script.cmake")

function(embed_text target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "NAMESPACE;HEADER" "FILES;SHARED")
  set(folder "${PROJECT_BINARY_DIR}/generated")
  set(header "${folder}/${arg_HEADER}")
  set(files "")
  foreach(file IN LISTS arg_FILES)
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
    list(APPEND files "${file}")
  endforeach()
  set(shared "")
  foreach(file IN LISTS arg_SHARED)
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
    list(APPEND shared "${file}")
  endforeach()
  # One argument for the list: a semicolon would be split again on the command line.
  string(REPLACE ";" "|" joined "${files}")
  add_custom_command(
    OUTPUT "${header}"
    COMMAND "${CMAKE_COMMAND}" "-DNAMESPACE=${arg_NAMESPACE}" "-DHEADER=${header}"
            "-DFILES=${joined}" -P "${EXCLUSIVE_LOCK_EMBED_SCRIPT}"
    DEPENDS ${files} ${shared} "${EXCLUSIVE_LOCK_EMBED_SCRIPT}"
    COMMENT "Embedding ${arg_HEADER}"
    VERBATIM)
  # A custom command is known in its own folder only, a custom target everywhere.
  string(MAKE_C_IDENTIFIER "embed_${arg_HEADER}" embed)
  add_custom_target(${embed} DEPENDS "${header}")
  add_dependencies(${target} ${embed})
  # For tools that read sources without a build.
  if(NOT TARGET embedded_texts)
    add_custom_target(embedded_texts)
  endif()
  add_dependencies(embedded_texts ${embed})
  target_include_directories(${target} PRIVATE "${folder}")
endfunction()
