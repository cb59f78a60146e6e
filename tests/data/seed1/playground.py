import sys
import os
from multiprocessing import Pool

from structlog import get_logger

from structlog_config import configure_structured_logging

configure_structured_logging(console_stream=sys.stdout)
logger = get_logger(module_level="playground")

# A worker provided with a logger
def worker(count, local_logger):
    pid = os.getpid()
    for i in range(count):
        local_logger.info("This is logging %s for TEST", str(i), pid=pid)


if __name__ == '__main__':
    log_count = 1000
    proc_count = 1000
    pool = Pool(proc_count)
    inputs = [(log_count, logger)]*proc_count
    pool.starmap(worker, inputs)
