# One library per folder, made of all its .cpp files but those in EXCEPT. LINKS are other folders' libraries or outside
# targets: the linker then holds the table of folders in docs/architecture.md (who may include whom). NOT_HOT: no row passes
# through it, so that compiling it fast matters more than its speed. ALONE: each file is a translation unit, also where
# CMAKE_UNITY_BUILD joins those of other folders.
function(tipple_library name)
  cmake_parse_arguments(ARG "NOT_HOT;ALONE" "" "EXCEPT;LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  foreach(except ${ARG_EXCEPT})
    list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/${except})
  endforeach()
  if(NOT sources)
    file(WRITE ${CMAKE_BINARY_DIR}/empty_${name}.cpp "")
    set(sources ${CMAKE_BINARY_DIR}/empty_${name}.cpp)
  endif()
  add_library(tipple_${name} STATIC ${sources})
  target_include_directories(tipple_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(tipple_${name} PUBLIC ${ARG_LINKS})
  if(ARG_ALONE)
    set_target_properties(tipple_${name} PROPERTIES UNITY_BUILD OFF)
  endif()
  if(ARG_NOT_HOT)
    target_compile_options(tipple_${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
endfunction()

set(TIPPLE_TIMEOUT_FACTOR 1 CACHE STRING "Sanitizer builds are slower: their tests may take this many times as long")

# tipple_test(path/name_test.cpp LINKS ... [RANKS 1 2 4] [LABELS ...] [TIMEOUT seconds])
# The test target is named after the file; with RANKS it is run under mpirun once per rank count.
function(tipple_test source)
  cmake_parse_arguments(ARG "" "TIMEOUT" "LINKS;RANKS;LABELS;EXTRA_SOURCES" ${ARGN})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source} ${ARG_EXTRA_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gmock GTest::gtest)
  # What is tested is in the libraries; the tests' own code need not be fast, but it should compile soon.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)  # one file as a rule
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * ${TIPPLE_TIMEOUT_FACTOR}")
  if(ARG_RANKS)
    foreach(ranks ${ARG_RANKS})
      add_test(NAME ${name}.ranks_${ranks}
        COMMAND ${MPIEXEC_EXECUTABLE} --allow-run-as-root --oversubscribe -n ${ranks} $<TARGET_FILE:${name}>)
      set_tests_properties(${name}.ranks_${ranks} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}" PROCESSORS 2)
    endforeach()
  else()
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
  endif()
endfunction()
