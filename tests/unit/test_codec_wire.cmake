seatlog_unit_test(codec_wire seatlog_codec seatlog_samples PkgConfig::SODIUM)
