# SPDX-License-Identifier: Apache-2.0

# The codec as it will be after some schemas have had a next version.
set(evolved ${CMAKE_CURRENT_BINARY_DIR}/evolved)
set(evolved_files seatlog_types.h seatlog_codec.h seatlog_codec.c)
list(TRANSFORM evolved_files PREPEND ${evolved}/generated/)
add_custom_command(
    OUTPUT ${evolved_files}
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${evolved}
    COMMAND ${SEATLOG_PYTHON} -B ${CMAKE_CURRENT_SOURCE_DIR}/test_schemas_evolve.py
        ${CMAKE_SOURCE_DIR}/schemas ${evolved}/schemas
    COMMAND ${SEATLOG_PYTHON} -B ${CMAKE_SOURCE_DIR}/schemas/generate.py
        --root ${evolved}/schemas ${evolved}/generated
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/test_schemas_evolve.py ${CMAKE_SOURCE_DIR}/schemas/register.py
        ${SEATLOG_SCHEMAS_GENERATOR} ${SEATLOG_SCHEMAS_FILES}
    COMMENT "Generating C from evolved record schemas"
    VERBATIM)
add_library(seatlog_codec_evolved STATIC EXCLUDE_FROM_ALL ${evolved_files} ${SEATLOG_CODEC_SOURCES})
target_include_directories(seatlog_codec_evolved PUBLIC ${evolved}/generated)
target_link_libraries(seatlog_codec_evolved
    PUBLIC seatlog_arena PRIVATE PkgConfig::SODIUM)
seatlog_unit_test(schemas seatlog_codec_evolved)

add_test(NAME schemas_files
    COMMAND ${SEATLOG_PYTHON} -B ${CMAKE_CURRENT_SOURCE_DIR}/test_schemas.py $<TARGET_FILE:test_codec>)
set_tests_properties(schemas_files PROPERTIES LABELS unit TIMEOUT 300)
