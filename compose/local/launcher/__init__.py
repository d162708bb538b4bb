# SPDX-License-Identifier: Apache-2.0
"""The one bring-up: reads pipeline.tsv, makes configuration, starts, awaits and stops what Seatlog consists of on one
machine. `./seatlog` is its command line; the tests and benches import from it. Standard library only.
"""
