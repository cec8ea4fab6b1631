# The command starts in half the time when the libraries that it always needs are part of it: finding
# and relocating them is most of what `run NAME -- true` takes (docs/decisions/0021-static-command.md).

option(EXCLUSIVE_LOCK_STATIC_COMMAND
  "Link everything but the C library into the command, as far as static libraries are installed" ON)

# exclusive_lock_link_command(<target>): the library, and with it all that it needs.
function(exclusive_lock_link_command target)
  if(NOT EXCLUSIVE_LOCK_STATIC_COMMAND)
    target_link_libraries(${target} PRIVATE exclusive_lock::exclusive_lock)
    return()
  endif()
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:exclusive_lock_objects>
    "${PROJECT_SOURCE_DIR}/src/cli/static_spdlog.cpp")
  set_source_files_properties("${PROJECT_SOURCE_DIR}/src/cli/static_spdlog.cpp"
    PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/include")
  # What spdlog::spdlog gives, but for its library.
  target_compile_definitions(${target} PRIVATE
    $<FILTER:$<TARGET_PROPERTY:spdlog::spdlog,INTERFACE_COMPILE_DEFINITIONS>,EXCLUDE,SHARED_LIB>)
  foreach(library ssl crypto sqlite3)
    find_library(exclusive_lock_static_${library} lib${library}.a)
    if(exclusive_lock_static_${library})
      target_link_libraries(${target} PRIVATE "${exclusive_lock_static_${library}}")
    else()
      message(STATUS "lib${library}.a is not installed: the command loads the shared library")
      target_link_libraries(${target} PRIVATE ${library})
    endif()
  endforeach()
  target_link_libraries(${target} PRIVATE Threads::Threads ${CMAKE_DL_LIBS} m)
  # At one address: relocating it would copy 140 pages of each process.
  target_link_options(${target} PRIVATE -static-libstdc++ -static-libgcc -no-pie)
endfunction()
