seatlog_unit_test(codec seatlog_codec seatlog_samples Threads::Threads)
