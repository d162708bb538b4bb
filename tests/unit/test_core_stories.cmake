# SPDX-License-Identifier: Apache-2.0
#
# core_story: golden traces of the core in prose, for all tests of the core.
add_library(core_story STATIC core_story.c core_story_parse.c core_story_render.c)
target_link_libraries(core_story PUBLIC reservation_core seatlog_codec PkgConfig::CMOCKA)

seatlog_unit_test(core_stories core_story)
