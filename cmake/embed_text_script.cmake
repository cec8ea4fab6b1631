# Runs at build time, see EmbedText.cmake. Reads NAMESPACE, HEADER and FILES (separated by "|").
cmake_minimum_required(VERSION 3.25)

string(REPLACE "|" ";" FILES "${FILES}")
set(out "#pragma once\n\n// Generated from the files named below; change those.\n\n")
string(APPEND out "#include <string_view>\n\nnamespace ${NAMESPACE} {\n\n")
string(APPEND out "struct Script {\n  std::string_view name;\n  std::string_view text;\n")
string(APPEND out "  std::string_view sha1;\n};\n")

# A semicolon or a bracket would be taken apart by a CMake list, so the text stays one quoted string.
foreach(file IN LISTS FILES)
  file(READ "${file}" text)
  file(SHA1 "${file}" sha1)
  string(SHA1 sha1_of_text "${text}")
  if(NOT sha1 STREQUAL sha1_of_text)
    message(FATAL_ERROR "${file}: not plain text; embedding it would change its SHA-1")
  endif()
  if(text MATCHES "\\)embed\"")
    message(FATAL_ERROR "${file}: contains the end mark of the string it is embedded in")
  endif()
  cmake_path(GET file STEM LAST_ONLY name)
  cmake_path(GET file FILENAME filename)
  string(MAKE_C_IDENTIFIER "${name}" identifier)
  string(APPEND out "\n// ${filename}\ninline constexpr Script ${identifier}{\n"
    "    .name = \"${name}\",\n    .text = R\"embed(${text})embed\",\n    .sha1 = \"${sha1}\"};\n")
endforeach()

string(APPEND out "\n}  // namespace ${NAMESPACE}\n")
file(WRITE "${HEADER}" "${out}")
