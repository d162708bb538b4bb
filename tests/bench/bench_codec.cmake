seatlog_bench(codec seatlog_codec)
