seatlog_bench(codec seatlog_runtime)
