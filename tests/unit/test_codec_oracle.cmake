# SPDX-License-Identifier: Apache-2.0
seatlog_unit_test(codec_oracle seatlog_codec seatlog_samples PkgConfig::AVRO)
