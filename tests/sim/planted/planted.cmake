# SPDX-License-Identifier: Apache-2.0
#
# A program a patch, by plant.py: the touched sources are patched in a copy, compiled with the flags of the build, and
# linked with all that the sound program is made of.
set(planted ${CMAKE_CURRENT_SOURCE_DIR}/planted)
set(planted_out ${CMAKE_CURRENT_BINARY_DIR}/planted)
set(planted_bin ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/planted)
set(plant ${SEATLOG_PYTHON} -B ${planted}/plant.py)
set(plant_sources ${planted}/plant.py ${planted}/unified.py)
file(GLOB planted_patches CONFIGURE_DEPENDS ${planted}/*.patch)

# The sound program. A release compiles the core as one unit, of which no part could be exchanged: here it is compiled
# file by file, once for all bugs.
add_executable(seatlog-sim-sound EXCLUDE_FROM_ALL main.c hunt.c)
get_target_property(core_is_one_unit reservation_core UNITY_BUILD)
if(core_is_one_unit)
    get_target_property(core_sources reservation_core SOURCES)
    get_target_property(core_options reservation_core COMPILE_OPTIONS)
    list(TRANSFORM core_sources PREPEND ${CMAKE_SOURCE_DIR}/reservation/)
    add_library(reservation_core_apart STATIC EXCLUDE_FROM_ALL ${core_sources})
    target_compile_options(reservation_core_apart PRIVATE ${core_options})
    target_link_libraries(reservation_core_apart PUBLIC seatlog_types PRIVATE seatlog_text)
    target_link_libraries(seatlog-sim-sound PRIVATE sim reservation_core_apart)
else()
    target_link_libraries(seatlog-sim-sound PRIVATE sim reservation_core)
endif()

# All patches apply: looked at by every build, as nothing is compiled for it.
add_custom_command(OUTPUT ${planted_out}/applied
    COMMAND ${plant} check --stamp ${planted_out}/applied --depfile ${planted_out}/applied.d
    DEPENDS ${planted_patches} ${plant_sources}
    DEPFILE ${planted_out}/applied.d
    COMMENT "Looking whether the patches of planted bugs apply"
    VERBATIM)
add_custom_target(planted_apply ALL DEPENDS ${planted_out}/applied)

# What the sound program is made of. Written again only if it has changed, so that a new run of CMake rebuilds nothing.
add_custom_command(OUTPUT ${planted_out}/sound.json
    COMMAND ${plant} program --build ${CMAKE_BINARY_DIR} --ninja ${CMAKE_MAKE_PROGRAM}
            --program $<TARGET_FILE:seatlog-sim-sound> --out ${planted_out}/sound.json
    DEPENDS ${CMAKE_BINARY_DIR}/compile_commands.json ${plant_sources}
    COMMENT "Writing down what seatlog-sim is made of"
    VERBATIM)

foreach(patch IN LISTS planted_patches)
    get_filename_component(name ${patch} NAME_WE)
    set(objects ${planted_out}/${name}/objects.json)
    set(program ${planted_bin}/seatlog-sim-${name})
    add_custom_command(OUTPUT ${objects}
        COMMAND ${plant} compile --patch ${patch} --program ${planted_out}/sound.json
                --out ${objects} --depfile ${planted_out}/${name}/objects.d
        DEPENDS ${patch} ${planted_out}/sound.json ${plant_sources}
        DEPFILE ${planted_out}/${name}/objects.d
        COMMENT "Planting ${name}"
        VERBATIM)
    add_custom_command(OUTPUT ${program}
        COMMAND ${plant} link --program ${planted_out}/sound.json --objects ${objects} --out ${program}
        DEPENDS ${objects} seatlog-sim-sound
        COMMENT "Linking planted/seatlog-sim-${name}"
        VERBATIM)
    list(APPEND planted_programs ${program})
endforeach()

add_custom_command(OUTPUT ${planted_bin}/bugs.tsv
    COMMAND ${plant} list --out ${planted_bin}/bugs.tsv ${planted_patches}
    DEPENDS ${planted_patches} ${plant_sources}
    COMMENT "Listing the planted bugs"
    VERBATIM)

add_test(NAME plant COMMAND ${SEATLOG_PYTHON} -B ${planted}/test_plant.py)
set_tests_properties(plant PROPERTIES LABELS unit TIMEOUT 60)

# Sanitized builds have them only when the suite that starts them runs.
if(CMAKE_BUILD_TYPE STREQUAL Release)
    set(all ALL)
else()
    add_test(NAME sim_planted_build
        COMMAND ${CMAKE_COMMAND} --build ${CMAKE_BINARY_DIR} --target planted)
    set_tests_properties(sim_planted_build PROPERTIES LABELS sim TIMEOUT 1200
        FIXTURES_SETUP planted_programs)
    set_tests_properties(sim_planted PROPERTIES FIXTURES_REQUIRED planted_programs)
endif()
add_custom_target(planted ${all} DEPENDS ${planted_bin}/bugs.tsv ${planted_programs})
add_dependencies(planted seatlog-sim-sound)
