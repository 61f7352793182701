# The tests that compare with h5py and with Python's csv: Python with h5py and pyarrow is a dependency of the build, not an option.
foreach(test hdf5_h5py_test hdf5_view_test csv_convert_differential_test parquet_source_test hdf5_source_test row_extract_test byte_source_python_test)
  if(TARGET ${test})
    target_compile_definitions(${test} PRIVATE
      TIPPLE_PYTHON="${PROJECT_SOURCE_DIR}/build/env/bin/python"
      TIPPLE_TESTS_FOLDER="${CMAKE_CURRENT_SOURCE_DIR}"
      TIPPLE_DOCS_FOLDER="${PROJECT_SOURCE_DIR}/docs")
  endif()
endforeach()
